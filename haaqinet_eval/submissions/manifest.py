"""Which of the expected files a submission has, and what the others are."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from ..registry import challenge_records
from .archive import Member
from .expected import SCALE, ExpectedFiles
from .findings import Finding, finding

_JUNK = {".ds_store", "thumbs.db", "desktop.ini"}
_AUDIO = {".flac", ".wav", ".mp3", ".ogg", ".oga", ".m4a", ".aac", ".aif", ".aiff", ".opus", ".wma"}


@dataclass(frozen=True)
class Match:
    """A submission laid beside what is expected of it."""

    found: Mapping[str, Member]  # by expected name
    prefix: str  # folders above the expected names, with a '/' at its end, or empty
    findings: list[Finding] = field(default_factory=list)


def match(members: Mapping[str, Member], expected: ExpectedFiles) -> Match:
    """Find the expected files among members; every other member and every gap gets a finding."""
    findings = []
    kept = {}
    for name, member in members.items():
        if _is_junk(name):
            findings.append(finding("junk_file", name, f"{name}: written by an operating system, ignored"))
        else:
            kept[name] = member
    prefix = find_prefix(kept, expected)
    if prefix:
        findings.append(finding("top_directory", prefix, f"{prefix} is left out of the names"))
    found = {wanted: kept[prefix + wanted] for wanted in expected.files if prefix + wanted in kept}
    near = _Near(expected)
    explained = set()
    for name in kept:
        own = name.removeprefix(prefix)
        if own not in found or not name.startswith(prefix):
            target, code, message = near.explain(own)
            if target in found:
                code, message = "extra_file", f"{prefix}{target} is there as well"
            explained.add(target)
            findings.append(finding(code, name, f"{name}: {message}"))
    if not found and explained <= {""}:
        names = [name for name, item in expected.files.items() if item.required]
        message = f"none of the {len(names)} expected files of {expected.name} is there"
        example = next(iter(names), "")
        findings.append(
            finding("wrong_challenge", "", f"{message}, such as {example}{_guess(kept, expected)}")
        )
    else:
        findings += missing(expected, found, explained)
    return Match(found, prefix, findings)


def _guess(names: Iterable[str], expected: ExpectedFiles) -> str:
    """Which challenge most of the names look like, to end a message; empty where it is this one, or none."""
    votes: Counter[str] = Counter()
    total = 0
    for name in names:
        total += 1
        if name.lower().endswith(".csv"):
            votes["one of tables of predictions (clip1, clip2)"] += 1
        for record in challenge_records().values():
            if record.looks and re.search(record.looks, name):
                votes[record.name] += 1
    best, count = max(votes.items(), key=lambda vote: vote[1], default=("", 0))
    return f"; this looks like a submission to {best}" if 2 * count > total and best != expected.name else ""


def _is_junk(name: str) -> bool:
    parts = name.split("/")
    return "__MACOSX" in parts or parts[-1].lower() in _JUNK or parts[-1].startswith("._")


def _fold(name: str) -> str:
    """A name without case and without its format."""
    return str(PurePosixPath(name).with_suffix("")).casefold() if PurePosixPath(name).name else ""


def find_prefix(members: Mapping[str, Member], expected: ExpectedFiles) -> str:
    """The folders above the expected names that fit most members; formats and case do not matter here."""
    wanted = {_fold(name) for name in expected.files}
    depths = sorted({name.count("/") for name in expected.files})
    votes: Counter[str] = Counter()
    for name in members:
        parts = name.split("/")
        for depth in depths:
            tail = parts[-depth - 1 :]
            if len(tail) == depth + 1 and _fold("/".join(tail)) in wanted:
                votes[name[: len(name) - len("/".join(tail))]] += 1
    return min(votes, key=lambda prefix: (-votes[prefix], len(prefix), prefix), default="")


class _Near:
    """Says what a member is that is not expected."""

    def __init__(self, expected: ExpectedFiles) -> None:
        self._expected = expected
        self._by_case = {name.casefold(): name for name in expected.files}
        self._by_base = {name.rpartition("/")[2]: name for name in expected.files}
        self._scenes = {item.scene for item in expected.files.values()}
        self._pairs = {(item.scene, item.listener) for item in expected.files.values()}

    def explain(self, name: str) -> tuple[str, str, str]:
        """The expected name that is meant, or "", a reason code and a message."""
        path = PurePosixPath(name)
        flac = str(path.with_suffix(".flac"))
        if name.casefold() in self._by_case:
            target = self._by_case[name.casefold()]
            return target, "wrong_case", f"should be {target}"
        if path.suffix.lower() == ".txt" and flac in self._expected.files:
            return "", "side_car_not_allowed", "a factor beside this file is not part of the challenge"
        audio = path.suffix.lower() in _AUDIO
        if audio and flac.casefold() in self._by_case:
            target = self._by_case[flac.casefold()]
            return target, "wrong_format", f"should be {target}"
        if path.name in self._by_base:
            target = self._by_base[path.name]
            return target, "wrong_folder", f"should be {target}"
        if not audio:
            return "", "stray_file", "is not used"
        return "", *self._by_ids(name)

    def _by_ids(self, name: str) -> tuple[str, str]:
        ids = self._expected.identify(name)
        if ids is None:
            return "extra_file", f"no file of {self._expected.name} has such a name"
        scene, listener, rest = ids
        if scene not in self._scenes:
            return "unknown_scene", f"there is no scene {scene!r}"
        if listener not in self._expected.listeners:
            return "unknown_listener", f"there is no listener {listener!r}"
        if (scene, listener) not in self._pairs:
            return "pair_not_in_challenge", f"listener {listener} does not hear {scene}"
        return "wrong_suffix", f"scene and listener are right, {rest!r} is not"


def missing(expected: ExpectedFiles, found: Mapping[str, Member], explained: set[str]) -> Iterator[Finding]:
    """Files that are not there and that no other name stands for; whole listeners first."""
    all_of, none_of = Counter(), Counter()
    for name, item in expected.files.items():
        if item.required:
            all_of[item.listener] += 1
            if name not in found and name not in explained:
                none_of[item.listener] += 1
                yield finding("missing_file", name, f"{name}: is missing")
        elif item.kind != SCALE and name not in found and name not in explained:
            yield finding("remix_missing", name, f"{name}: is missing; it is not scored")
    for listener, count in all_of.items():
        if none_of[listener] == count and len(all_of) > 1:
            yield finding(
                "listener_missing",
                "",
                f"listener {listener}: all files are missing ({count})",
            )
