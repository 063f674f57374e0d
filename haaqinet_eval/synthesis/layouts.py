"""Music collections in their own layouts: FMA-small, MTG-Jamendo, MUSDB18-HQ and Cadenza's data.

Each loader lists clips with a split. Official splits are kept where they are; what they lack is
divided by artist. An artist or track that is in several splits stays in the strictest of them only.
"""

from __future__ import annotations

import csv
import io
import zlib
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..io.files import read_text
from ..io.jsonfile import read_json
from .clips import SPLITS, Clip, check_disjoint, read_index
from .options import chosen, several

_OFFICIAL = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("valid", "validation", "dev"), "validation"),
    **dict.fromkeys(("test", "eval", "evaluation"), "test"),
}
# of FMA-small: shorter than 2 s or empty, whatever its metadata say (FMA's wiki, "excerpts shorter than 30s")
_FMA_BROKEN = {98565, 98567, 98569, 99134, 108925, 133297}
_JAMENDO_AUDIO = ("audio", "raw_30s/audio", "audio-low", "raw_30s/audio-low")


def _split(name: str, where: str) -> str:
    if name not in _OFFICIAL:
        raise InputError(f"{where}: split {name!r} is none of {', '.join(_OFFICIAL)}")
    return _OFFICIAL[name]


def divide_by_artist(clips: Iterable[Clip]) -> list[Clip]:
    """Fill the splits that are missing with artists of `train`: one of ten each.

    The split of an artist depends on the name alone.
    """
    clips = list(clips)
    missing = {8: "validation", 9: "test"}
    missing = {k: split for k, split in missing.items() if not any(c.split == split for c in clips)}

    def split(clip: Clip) -> str:
        place = zlib.crc32(clip.artist.encode()) % 10
        return missing.get(place, clip.split) if clip.split == "train" else clip.split

    return [replace(clip, split=split(clip)) for clip in clips]


def keep_apart(clips: Iterable[Clip]) -> list[Clip]:
    """Leave out what the strictest split has already: test before validation before train."""
    clips, kept = list(clips), []
    taken: dict[str, set] = {"artist": set(), "source": set(), "path": set()}
    for split in reversed(SPLITS):
        own = [
            clip
            for clip in clips
            if clip.split == split and not any(getattr(clip, what) in names for what, names in taken.items())
        ]
        for what, names in taken.items():
            names.update(getattr(clip, what) for clip in own)
        kept += own
    return kept


def _finish(clips: list[Clip], root: Path) -> list[Clip]:
    if not clips:
        raise InputError(f"{root}: no clips")
    missing = [clip.path for clip in clips if not clip.path.is_file()]
    if missing:
        raise InputError(f"{missing[0]}: no such file; {len(missing)} of {len(clips)} clips are missing")
    clips = keep_apart(divide_by_artist(clips))
    check_disjoint(clips)
    return clips


def _seconds(path: Path) -> float:
    import soundfile

    try:
        return float(soundfile.info(path).duration)
    except soundfile.LibsndfileError as error:
        raise InputError(f"{path}: cannot be read: {error}") from None


def _artist_and_title(name: str, where: object) -> tuple[str, str]:
    artist, dash, title = name.partition(" - ")
    if not dash:
        raise InputError(f"{where}: {name!r} is not 'Artist - Title'")
    return artist, title


def _lines(path: Path, delimiter: str) -> list[list[str]]:
    try:
        return list(csv.reader(io.StringIO(read_text(path), newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise InputError(f"{path}: not a table of text: {error}") from None


def read_fma(root: str | Path) -> list[Clip]:
    """FMA-small: `fma_small/000/000002.mp3` and `fma_metadata/tracks.csv` (Defferrard et al. 2017).

    Raises:
        InputError: for missing files or columns, or values that are none.
    """
    root = Path(root)
    table = root / "fma_metadata" / "tracks.csv"
    lines = _lines(table, ",")
    if len(lines) < 4:
        raise InputError(f"{table}: {len(lines)} lines; three of headings and the tracks are needed")
    groups, names, _, *rows = lines
    columns = {pair: n for n, pair in enumerate(zip(groups, names, strict=False))}

    def value(row: list[str], group: str, name: str) -> str:
        try:
            return row[columns[group, name]]
        except KeyError:
            raise InputError(f"{table}: column {group}/{name} is missing") from None
        except IndexError:
            raise InputError(f"{table}: track {row[0]!r} has {len(row)} fields") from None

    def clip(row: list[str]) -> Clip:
        if not row[0].isdecimal():
            raise InputError(f"{table}: track id {row[0]!r} is no number")
        number = f"{int(row[0]):06d}"
        return Clip(
            path=root / "fma_small" / number[:3] / f"{number}.mp3",
            genre=value(row, "track", "genre_top"),
            title=value(row, "track", "title"),
            artist=f"{value(row, 'artist', 'name')} ({value(row, 'artist', 'id')})",
            source=f"fma/{number}",
            split=_split(value(row, "set", "split"), f"{table}, track {number}"),
            licence=value(row, "track", "license"),
            seconds=30.0,
        )

    small = [clip(row) for row in rows if row and value(row, "set", "subset") == "small"]
    return _finish([c for c in small if int(c.path.stem) not in _FMA_BROKEN], root)


def read_jamendo(root: str | Path) -> list[Clip]:
    """MTG-Jamendo: its repository with the tracks in `audio/`, or `raw_30s/audio/`, `-low` too.

    Splits are those of `data/splits/split-0/autotagging-*.tsv` (Bogdanov et al. 2019). All tracks are 508 GB,
    so a part will do: those that are not there are left out.

    Raises:
        InputError: for missing tables, no audio at all, or a damaged line.
    """
    root = Path(root)
    folder = next((root / name for name in _JAMENDO_AUDIO if (root / name).is_dir()), None)
    if folder is None:
        raise InputError(f"{root}: none of the folders {', '.join(_JAMENDO_AUDIO)} is there")
    suffix = ".low.mp3" if folder.name.endswith("-low") else ".mp3"
    clips = []
    for split in SPLITS:
        table = root / "data/splits/split-0" / f"autotagging-{split}.tsv"
        for line, row in enumerate(_lines(table, "\t")[1:], 2):
            clips.append(_jamendo_clip(row, split, folder, suffix, f"{table}, line {line}"))
    return _finish([clip for clip in clips if clip.path.is_file()], root)


def _jamendo_clip(row: list[str], split: str, folder: Path, suffix: str, where: str) -> Clip:
    try:
        track, artist, _, path, seconds, *tags = row
        genres = [tag.removeprefix("genre---") for tag in tags if tag.startswith("genre---")]
        return Clip(
            path=(folder / path).with_suffix(suffix),
            genre=genres[0] if genres else "unknown",
            title=track,
            artist=artist,
            source=f"jamendo/{track}",
            split=split,
            licence="Creative Commons, see audio_licenses.txt",
            seconds=float(seconds),
        )
    except ValueError:
        raise InputError(f"{where}: is not TRACK_ID, ARTIST_ID, ALBUM_ID, PATH, DURATION, TAGS") from None


def read_musdb(root: str | Path) -> list[Clip]:
    """MUSDB18-HQ: `train/Artist - Title/mixture.wav` and `test/…`, the stems beside (Rafii et al. 2019).

    Raises:
        InputError: for missing folders or mixtures, or a folder of another name.
    """
    root, clips = Path(root), []
    for split in ("train", "test"):
        if not (root / split).is_dir():
            raise InputError(f"{root / split}: no such folder")
        folders = sorted(path for path in (root / split).iterdir() if path.is_dir())
        clips += [_mixture(folder, folder.name, split) for folder in folders]
    return _finish(clips, root)


def _mixture(folder: Path, name: str, split: str, genre: str = "unknown", licence: str = "") -> Clip:
    """The mixture of a track called "Artist - Title"."""
    path = folder / "mixture.wav"
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    artist, title = _artist_and_title(name, folder)
    licence = licence or "see the collection's own list"
    return Clip(path, genre, title, artist, f"musdb18/{name}", split, licence, _seconds(path))


def read_cadenza(root: str | Path) -> list[Clip]:
    """Music of a Cadenza challenge's root: mixtures at the microphones, MUSDB18-HQ, or CAD2's ensembles.

    Raises:
        InputError: for missing or damaged metadata, or missing audio.
    """
    root = Path(root)
    for pattern, reader in (
        ("at_mic_music.*.json", _at_mic),
        ("musdb18.*.json", _cad1),
        ("music.*.json", _cad2),
    ):
        files = [p for p in sorted((root / "metadata").glob(pattern)) if ".segments." not in p.name]
        if files:
            return _finish([clip for file in files for clip in _records(file, reader, root)], root)
    raise InputError(f"{root / 'metadata'}: has no at_mic_music, musdb18 or music file of a challenge")


def _records(file: Path, reader: Callable[[Path, Path], list[Clip]], root: Path) -> list[Clip]:
    try:
        return reader(file, root)
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise InputError(f"{file}: a record is not as the challenge has it: {error!r}") from None


def _musdb_records(file: Path) -> list[dict[str, Any]]:
    return read_json(file, list) if file.is_file() else []


def _at_mic(file: Path, root: Path) -> list[Clip]:
    official = file.name.split(".")[1]
    known = {r["Track Name"]: r for r in _musdb_records(file.with_name(f"musdb18.{official}.json"))}
    clips = []
    for record in read_json(file, dict).values():
        name = record.get("Original Track Name") or record["Track Name"].rpartition("-hlp_")[0]
        about = known.get(name, {})
        split = _split(record.get("Split", official), f"{file}, {name}")
        more = about.get("Genre", "unknown"), about.get("License", "")
        clips.append(_mixture(root / "audio/at_mic_music" / record["Path"], name, split, *more))
    return clips


def _cad1(file: Path, root: Path) -> list[Clip]:
    clips = []
    for record in read_json(file, list):
        name, official = record["Track Name"], record["Split"]
        folder = root / "audio/musdb18hq" / ("test" if official == "test" else "train") / name
        split = _split(official, f"{file}, {name}")
        clips.append(_mixture(folder, name, split, record.get("Genre", "unknown"), record.get("License", "")))
    return clips


def _cad2(file: Path, root: Path) -> list[Clip]:
    """CAD2 names no artists: a piece stands for one."""
    split, clips = _split(file.name.split(".")[1], str(file)), []
    for name, parts in read_json(file, dict).items():
        path = root / "audio" / parts["mixture"]["track"]
        if not path.is_file():
            raise InputError(f"{path}: no such file")
        source = f"cad2/{parts['source_1'].get('source_dataset', '')}/{name}"
        licence = "see the challenge's data"
        clips.append(Clip(path, "ensemble", name, name, source, split, licence, _seconds(path)))
    return clips


LAYOUTS: dict[str, Callable[[str | Path], list[Clip]]] = {
    "fma": read_fma,
    "jamendo": read_jamendo,
    "musdb": read_musdb,
    "cadenza": read_cadenza,
}


def read_clips(
    layout: str,
    root: str | Path,
    indices: Iterable[str] = ("index.csv",),
    skip: Iterable[str] = (),
    without: Iterable[str] = (),
) -> list[Clip]:
    """Clips of a folder in a layout; no track, artist, source or file is in two splits.

    Args:
        layout: "index" (see `sources.read_index`), or of `LAYOUTS`.
        indices: for "index", the tables to read.
        skip: folders; clips below one of this name are left out.
        without: splits whose clips are left out, so that networks can be tested on their artists.

    Raises:
        InputError: for an unknown layout or split, what the loader finds, or splits that share something.
    """
    without = chosen(without, "data.without", SPLITS)
    if layout == "index":
        clips = [clip for index in several(indices) for clip in read_index(root, index)]
        check_disjoint(clips)
    elif layout in LAYOUTS:
        clips = LAYOUTS[layout](root)
    else:
        raise InputError(f"layout {layout!r} is unknown; known: index, {', '.join(LAYOUTS)}")
    skipped = set(several(skip))
    return [clip for clip in clips if clip.split not in without and not skipped & set(clip.path.parts)]
