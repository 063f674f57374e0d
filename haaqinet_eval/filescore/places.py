"""Which files are scored, and which reference belongs to each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..audio import SUFFIXES, audio_below
from ..errors import InputError, Unscorable
from ..io.location import is_url


@dataclass(frozen=True)
class Place:
    """A file to score."""

    path: str  # as the user gave it: a path or a URL
    name: Path  # what it is called below the folder that was given; the file's own name without one


def audio_files(given: Iterable[str], listing: Path | None = None) -> list[Place]:
    """The files that a user names: files, URLs, folders (all audio below them), and a list.

    Args:
        listing: a text file with a path or URL a line; relative ones count from where you stand.

    Raises:
        InputError: for a list that cannot be read, a folder without audio, or nothing at all.
    """
    named = [*given, *(() if listing is None else _lines(listing))]
    if not named:
        raise InputError("name the files to score, or give --list")
    return [place for text in named for place in _places(text)]


def _lines(listing: Path) -> list[str]:
    try:
        lines = listing.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, ValueError) as error:
        raise InputError(f"--list {listing}: {getattr(error, 'strerror', None) or error}") from None
    return [line.strip() for line in lines if line.strip()]


def _places(text: str) -> Iterator[Place]:
    if is_url(text) or not Path(text).is_dir():
        yield Place(text, Path(text.rpartition("/")[2]))
        return
    folder = Path(text)
    found = audio_below(folder)
    if not found:
        raise InputError(f"{text}: a folder without audio files ({', '.join(sorted(SUFFIXES))})")
    for path in found:
        yield Place(str(path), path.relative_to(folder))


def reference_for(place: Place, reference: str | Path) -> str:
    """The reference of a file: the one for all, or that of its name in a folder, of any audio format.

    Raises:
        Unscorable: `missing_file` for a folder without one, or with several.
    """
    if is_url(reference) or not Path(reference).is_dir():
        return str(reference)
    for name in dict.fromkeys((place.name, Path(place.name.name))):  # as below its folder, or on top
        twin = Path(reference) / name
        if twin.is_file():
            return str(twin)
        found = [path for path in _siblings(twin) if path.suffix.lower() in SUFFIXES]
        if len(found) > 1:
            names = ", ".join(path.name for path in found)
            raise Unscorable("missing_file", f"{place.path}: several references in {twin.parent}: {names}")
        if found:
            return str(found[0])
    raise Unscorable("missing_file", f"{place.path}: no reference named {place.name.stem}.* in {reference}")


def _siblings(twin: Path) -> list[Path]:
    """Files of the same name but for the ending."""
    if not twin.parent.is_dir():
        return []
    return sorted(path for path in twin.parent.iterdir() if path.stem == twin.stem and path.is_file())
