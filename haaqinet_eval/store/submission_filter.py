"""Which submissions a ranking is among."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import InputError

SAID = {None: "not said", True: "yes", False: "no"}


@dataclass(frozen=True)
class SubmissionFilter:
    """Some of a challenge's submissions; an empty field leaves all in.

    The others are as if they had never come: they take no rank, no comparison is made with
    them, and of a system that has several submissions one of those that are left is taken.

    Raises:
        InputError: for another word than "yes", "no" and "not said".
    """

    causal: str = ""  # "yes", "no" or "not said"
    augmented: str = ""  # the same: trained on additional data
    since: str = ""  # day of receipt, ISO 8601 in UTC, included
    until: str = ""  # included

    def __post_init__(self) -> None:
        for name in ("causal", "augmented"):
            if getattr(self, name) not in ("", *SAID.values()):
                raise InputError(f"{name} is {getattr(self, name)!r}; it is {', '.join(SAID.values())}")

    def includes(self, causal: bool | None, augmented: bool | None, received: str) -> bool:
        """Whether a submission is among them.

        >>> some = SubmissionFilter(causal="yes", until="2024-03-01")
        >>> some.includes(True, None, "2024-03-01T23:59:59+00:00")
        True
        """
        day = received[:10]
        return (
            self.causal in ("", SAID[causal])
            and self.augmented in ("", SAID[augmented])
            and self.since <= day
            and (not self.until or day <= self.until)
        )
