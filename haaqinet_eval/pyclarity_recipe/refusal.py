"""How a stand-in ends a recipe that is not ours."""

from __future__ import annotations


class Refusal(SystemExit):
    """Leaves a recipe from within; Hydra passes it on, where it would dress up an exception."""

    def __init__(self, message: str) -> None:
        super().__init__(2)
        self.message = message
