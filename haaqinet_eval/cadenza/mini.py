"""Mini challenges: small, complete data sets in the official layouts, made on the spot.

No challenge data can be shipped, so these are procedural: music from `synthesis.music`, made-up
listeners, a spherical head. They show that a recipe runs and how systems compare on the same
ground; scores on them say nothing about the official sets.

Which files, in which layout: see `mini.py` of each challenge's package. `make_mini` is deterministic and
keeps what it made.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path

from ..errors import InputError, Stopped
from ..io.files import cannot_write, sha256
from ..registry import ChallengeRecord, PredictionRecord, challenge_records, prediction_records

MINI_VERSION = "2"  # raise it whenever the files would come out differently
MANIFEST = "manifest.json"
MEASURABLE = "cad1_task2"  # whose head may be a measured one

_README = """A mini challenge for {challenge}, version {version}, written by haaqinet_eval.

The music is procedural, the listeners are made up, the head is {head}: nothing here is official
Cadenza data. The layout and the names of the files follow the challenge's.
"""


def cache_folder() -> Path:
    """Where made files are kept: $HAAQINET_CACHE, or haaqinet below $XDG_CACHE_HOME or ~/.cache."""
    own = os.environ.get("HAAQINET_CACHE")
    if own:
        return Path(own)
    shared = os.environ.get("XDG_CACHE_HOME")
    return (Path(shared) if shared else Path.home() / ".cache") / "haaqinet"


def _record(challenge: str) -> ChallengeRecord | PredictionRecord:
    known = {**challenge_records(), **prediction_records()}
    records = {name: record for name, record in known.items() if record.mini}
    if challenge not in records:
        raise InputError(f"challenge {challenge!r} has no mini challenge; known: {', '.join(records)}")
    return records[challenge]


def _head(challenge: str, head: str | Path | None) -> tuple[dict[str, Path], str]:
    """What the challenge's writer is told of a head, and the digest of its file."""
    if head is None:
        return {}, ""
    if challenge != MEASURABLE:
        raise InputError(f"head {head}: only {MEASURABLE} hears through one that can be measured")
    if not Path(head).is_file():
        raise InputError(f"head {head}: no such file")
    return {"head": Path(head)}, sha256(Path(head))


def _list_files(root: Path) -> dict[str, dict]:
    files = sorted(p for p in root.rglob("*") if p.is_file() and p.name != MANIFEST)
    return {
        p.relative_to(root).as_posix(): {
            "bytes": p.stat().st_size,
            "sha256": sha256(p),
        }
        for p in files
    }


def _read_manifest(root: Path) -> dict | None:
    try:
        manifest = json.loads((root / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return manifest if isinstance(manifest, dict) and "haaqinet_mini" in manifest else None


def is_complete(challenge: str, root: Path, head: str = "") -> bool:
    """Whether a folder holds this mini challenge, this version, all files with their sizes.

    Args:
        head: digest of the measured head's file; empty for a sphere.
    """
    manifest = _read_manifest(root)
    if not manifest or (manifest["challenge"], manifest["haaqinet_mini"]) != (challenge, MINI_VERSION):
        return False
    if manifest.get("head", "") != head:
        return False
    for name, entry in manifest["files"].items():
        path = root / name
        if not path.is_file() or path.stat().st_size != entry["bytes"]:
            return False
    return True


def make_mini(
    challenge: str,
    root: str | Path | None = None,
    *,
    force: bool = False,
    head: str | Path | None = None,
) -> Path:
    """Write a mini challenge unless it is there already; returns its root, for `path.root`.

    It is written to a temporary folder beside the goal and renamed when complete, so a
    killed run leaves nothing half done. A half-deleted or older one is made anew.

    Args:
        challenge: one that has a mini challenge, see `registry.challenges`.
        root: the folder; default: `cache_folder()/mini/<version>/<challenge>`.
        force: make it anew in any case.
        head: of cad1_task2: a SOFA file of a measured head in place of the sphere. It is in the manifest.

    Raises:
        InputError: for an unknown challenge, a head that cannot be read or that it has no use for, a folder
            with another mini challenge or with files that are not a mini challenge's (they would be lost), or
            one that cannot be written.
        Stopped: the disk is full.
    """
    record = _record(challenge)
    given_head, digest = _head(challenge, head)
    name = f"{challenge}-{digest[:8]}" if digest else challenge
    root = Path(root) if root is not None else cache_folder() / "mini" / MINI_VERSION / name
    given, root = root, root.expanduser().absolute()
    held = (_read_manifest(root) or {}).get("challenge", challenge)
    if held != challenge:
        raise InputError(f"{given}: holds the mini challenge {held}; give another folder")
    if not force and is_complete(challenge, root, digest):
        return root
    if root.exists() and (not root.is_dir() or (any(root.iterdir()) and _read_manifest(root) is None)):
        raise InputError(f"{root}: holds files that are not a mini challenge; give an empty or a new folder")
    import soundfile

    from .mini_write import write_json  # numpy and scipy only when something is made

    try:
        root.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{root.name}.", dir=root.parent))
    except OSError as error:
        raise cannot_write(given, error) from None
    try:
        made = work / "new"
        made.mkdir()
        (made / "README.txt").write_text(
            _README.format(
                challenge=challenge, version=MINI_VERSION, head="that of a file" if digest else "a sphere"
            ),
            encoding="utf-8",
        )
        record.find("mini")(made, **given_head)
        about = {
            "challenge": challenge,
            "haaqinet_mini": MINI_VERSION,
            **({"head": digest} if digest else {}),
        }
        manifest = {**about, "files": _list_files(made)}
        write_json(made / MANIFEST, manifest)
        if not force and is_complete(challenge, root, digest):  # another process was faster
            return root
        if root.exists():
            root.rename(work / "old")
        made.rename(root)
    except OSError as error:
        raise cannot_write(given, error) from None
    except soundfile.LibsndfileError as error:
        raise Stopped(f"{given}: cannot be written: {error}") from None
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return root
