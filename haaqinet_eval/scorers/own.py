"""Scorers with weights of one's own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..registry import scorer_record
from . import Scorer, load_scorer


class Loader:
    """`load_scorer` with other weights for some scorers; loads each scorer once, anew in another process.

    Args:
        weights: file by scorer.
        load: what loads a scorer.
        options: further ones by scorer.
    """

    def __init__(
        self,
        weights: Mapping[str, str] | None = None,
        load: Callable[..., Scorer] = load_scorer,
        options: Mapping[str, dict[str, Any]] | None = None,
    ) -> None:
        self.weights, self._load, self.options = dict(weights or {}), load, dict(options or {})
        self._loaded: dict[str, Scorer] = {}

    @classmethod
    def from_option(
        cls,
        names: Iterable[str],
        given: str | Path | Mapping[str, str | Path] | None,
        what: str,
        load: Callable[..., Scorer] = load_scorer,
    ) -> Loader:
        """From an option.

        Args:
            names: the scorers that there are.
            given: a file, of the first of them that takes weights; files by scorer; or None.
            what: the option's name, for messages.
            load: what loads a scorer.

        Raises:
            InputError: for a file that no scorer takes, or that is not there.
        """
        if given is None:
            return cls(load=load)
        takers = [name for name in names if scorer_record(name).takes_weights]
        if isinstance(given, str | Path):
            given = {takers[0] if takers else "": given}
        if not isinstance(given, Mapping):
            raise InputError(f"{what} is {given!r}; a file, or {{scorer: file}}, is needed")
        for name, file in given.items():
            if name not in takers:
                refused = (
                    f"{name!r} is no scorer that takes weights" if name else "no scorer here takes weights"
                )
                raise InputError(f"{what}: {refused}; known: {', '.join(takers) or 'none'}")
            if not (isinstance(file, str | Path) and Path(file).expanduser().is_file()):
                raise InputError(f"{what}: {file}: no such file")
        return cls({name: str(Path(file).expanduser().absolute()) for name, file in given.items()}, load)

    def __call__(self, name: str, **options: Any) -> Scorer:
        """The scorer of a name; options as of `load_scorer`, and then it is not kept."""
        own = {"weights": self.weights[name]} if name in self.weights else {}
        own |= self.options.get(name, {})
        if options:
            return self._load(name, **own, **options)
        if name not in self._loaded:
            self._loaded[name] = self._load(name, **own)
        return self._loaded[name]

    def __reduce__(self) -> tuple:
        return type(self), (self.weights, self._load, self.options)
