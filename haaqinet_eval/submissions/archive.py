"""A submission as a zip or as a folder, through one small interface.

Members are read where they are; nothing is ever extracted, and no name from an archive
becomes a path. What is wrong with the archive itself is in `findings`.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ..errors import InputError
from ..io.names import nfc
from .findings import Fault, Finding, finding
from .limits import MAX_DEPTH, MAX_MEMBER_BYTES, MAX_MEMBERS, MAX_RATIO, MAX_TOTAL_BYTES, RATIO_FREE_BYTES
from .names import check_member_name
from .streams import FileStream, Stream, ZipStream
from .untrusted_files import open_file
from .zip_directory import (
    DEFLATED,
    STORED,
    Entry,
    data_start,
    is_encrypted,
    read_end,
    read_entries,
)

_ARCHIVES = (".zip", ".7z", ".rar", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".gz", ".xz", ".zst")


@dataclass(frozen=True)
class Member:
    """A file that may be read."""

    name: str  # with '/' between folders, Unicode form C
    size: int  # bytes, as stated
    key: object  # what its archive finds it by


class Archive(Protocol):
    """A zip or a folder; a context manager."""

    path: Path
    members: dict[str, Member]  # by name
    findings: list[Finding]

    def open(self, member: Member) -> Stream:
        """Begin to read a member. Raises `Fault`."""
        ...

    def close(self) -> None:
        """Give back what it holds."""
        ...


def open_archive(path: str | Path) -> Archive:
    """Open a zip or a folder and list it.

    Raises:
        InputError: where there is no such file or folder, or it may not be read.
    """
    path = Path(path)
    try:
        return FolderArchive(path) if path.is_dir() else ZipArchive(path)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None


def read_member(archive: Archive, member: Member, limit: int = MAX_MEMBER_BYTES) -> bytes:
    """All bytes of a member. Raises `Fault`, `too_large` if there are more than `limit`."""
    if member.size > limit:
        raise Fault("too_large", f"{member.name}: {member.size} bytes; {limit} are allowed")
    with closing(archive.open(member)) as stream:
        return stream.read(member.size)


def collect(named: Iterable[tuple[str, Member]]) -> tuple[dict[str, Member], list[Finding]]:
    """Members by name, and findings on names that collide; the first of several is kept.

    Args:
        named: each member with its name before it was normalised.
    """
    members: dict[str, Member] = {}
    folded: dict[str, str] = {}
    raw_of: dict[str, str] = {}
    findings = []
    for raw, member in named:
        name, fold = member.name, member.name.casefold()
        if name in members:
            code = "duplicate_name" if raw == raw_of[name] else "unicode_collision"
            findings.append(finding(code, raw, f"{raw}: the name is there more than once"))
            continue
        if fold in folded:
            findings.append(
                finding("case_collision", name, f"{name}: differs from {folded[fold]} in case only")
            )
        folded.setdefault(fold, name)
        raw_of[name] = raw
        members[name] = member
    if sum(member.size for member in members.values()) > MAX_TOTAL_BYTES:
        findings.append(finding("too_large", "", f"all members have more than {MAX_TOTAL_BYTES} bytes"))
    return members, findings


class ZipArchive:
    """A zip; see `Archive`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.members: dict[str, Member] = {}
        self.findings: list[Finding] = []
        self._fd = open_file(path)
        status = os.fstat(self._fd)
        if not stat.S_ISREG(status.st_mode):
            self.close()
            raise InputError(f"{path}: neither a file nor a folder")
        try:
            self._list(status.st_size)
        except Fault as fault:
            self.findings.append(finding(fault.code, "", fault.message))

    def __enter__(self) -> ZipArchive:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def open(self, member: Member) -> ZipStream:
        """Begin to read a member."""
        start, entry = member.key
        return ZipStream(self._fd, start, entry)

    def close(self) -> None:
        """Close the zip."""
        os.close(self._fd)

    def _list(self, length: int) -> None:
        end = read_end(self._fd, length)
        entries, usable = [], []
        try:
            for entry in read_entries(self._fd, end):
                if isinstance(entry, Fault):
                    self._report(entry)
                elif self._is_usable(entry, entries):
                    usable.append(entry)
        finally:  # a damaged directory still says what it said until there
            first = min((entry.offset for entry in entries), default=0) + end.shift
            if first or end.trailing:
                message = f"{first} bytes before and {end.trailing} after the zip"
                self.findings.append(finding("junk_around_zip", "", message))
            self._report_overlaps(entries, end.offset - end.shift)
            named = [(e.name, Member(nfc(e.name), e.size, key)) for e, key in self._located(usable, end)]
            self.members, findings = collect(named)
            self.findings += findings
        if not entries:
            raise Fault("empty_archive", "the zip has no members")

    def _report(self, fault: Fault, name: str = "") -> None:
        self.findings.append(finding(fault.code, name, fault.message))

    def _is_usable(self, entry: Entry, entries: list[Entry]) -> bool:
        """Add an entry to those that take room; whether it is a file that may be read."""
        entries.append(entry)
        faults = list(entry_faults(entry))
        for fault in faults:
            self._report(fault, entry.name)
        return not faults and not entry.is_folder

    def _located(self, entries: list[Entry], end: object) -> Iterable[tuple[Entry, tuple[int, Entry]]]:
        for entry in entries:
            try:
                yield entry, (data_start(self._fd, entry, end.shift, end.offset), entry)
            except Fault as fault:
                self._report(fault, entry.name)

    def _report_overlaps(self, entries: list[Entry], limit: int) -> None:
        """Members may not share bytes, by what the central directory states (CVE-2024-0450)."""
        ranked = sorted(entries, key=lambda entry: entry.offset)
        stops = [entry.offset + 30 + len(entry.raw_name) + entry.compressed for entry in ranked]
        for i, stop in enumerate(stops):
            following = ranked[i + 1].offset if i + 1 < len(ranked) else limit
            if stop > following:
                name = ranked[i].name
                message = f"{name}: its data reach {stop - following} bytes into what follows"
                self.findings.append(finding("overlapping_entries", name, message))


def entry_faults(entry: Entry) -> Iterable[Fault]:
    """What is wrong with one entry by itself; only the first fault of its name, where that has one."""
    name = entry.name
    try:
        check_member_name(name)
    except Fault as fault:
        yield fault
        return
    if entry.mode == stat.S_IFLNK:
        yield Fault("symlink", f"{name}: a symbolic link")
    elif entry.mode not in (0, stat.S_IFREG, stat.S_IFDIR):
        yield Fault("special_file", f"{name}: file type {entry.mode:o}")
    if is_encrypted(entry):
        yield Fault("encrypted", f"{name}: is encrypted")
    elif entry.method not in (STORED, DEFLATED):
        yield Fault("unsupported_method", f"{name}: compression method {entry.method}; use store or deflate")
    elif entry.is_folder and entry.size:
        yield Fault("lying_size", f"{name}: a folder with {entry.size} bytes")
    elif entry.method == STORED and entry.size != entry.compressed:
        yield Fault("lying_size", f"{name}: {entry.compressed} bytes stored, {entry.size} stated")
    elif entry.size > RATIO_FREE_BYTES and entry.size > MAX_RATIO * entry.compressed:
        ratio = entry.size / max(entry.compressed, 1)
        yield Fault(
            "compression_ratio", f"{name}: {entry.size} bytes, {ratio:.0f} times its {entry.compressed}"
        )
    yield from size_faults(name, entry.size)


def size_faults(name: str, size: int) -> Iterable[Fault]:
    """What is wrong with a member for its kind and size."""
    if name.lower().endswith(_ARCHIVES):
        yield Fault("nested_archive", f"{name}: an archive within the archive")
    if size > MAX_MEMBER_BYTES:
        yield Fault("too_large", f"{name}: {size} bytes; {MAX_MEMBER_BYTES} are allowed")


class FolderArchive:
    """A folder; see `Archive`. Symbolic links are not followed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.findings: list[Finding] = []
        self._found = 0
        self.members, findings = collect(self._walk("", 0))
        self.findings += findings
        if not self._found:
            self.findings.append(finding("empty_archive", "", "the folder has no files"))

    def __enter__(self) -> FolderArchive:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def open(self, member: Member) -> FileStream:
        """Begin to read a file. Raises `Fault`: `corrupt_member`."""
        try:
            fd = open_file(self.path / member.key, follow=False)
            return FileStream(fd, member.name, member.size)
        except OSError as error:
            raise Fault("corrupt_member", f"{member.name}: cannot be opened: {error.strerror}") from None

    def close(self) -> None:
        """Nothing is held."""

    def _walk(self, below: str, depth: int) -> Iterable[tuple[str, Member]]:
        for item in sorted(os.scandir(self.path / below), key=lambda item: item.name):
            if self._found > MAX_MEMBERS:
                return
            name = below + item.name
            if item.is_dir(follow_symlinks=False) and depth <= MAX_DEPTH:
                yield from self._walk(f"{name}/", depth + 1)
                continue
            self._found += 1
            if self._found > MAX_MEMBERS:
                message = f"more than {MAX_MEMBERS} files"
                self.findings.append(finding("too_many_members", "", message))
                return
            status = item.stat(follow_symlinks=False)
            faults = list(self._faults(name, status))
            self.findings += [finding(fault.code, name, fault.message) for fault in faults]
            if not faults:
                yield name, Member(nfc(name), status.st_size, name)

    @staticmethod
    def _faults(name: str, status: os.stat_result) -> Iterable[Fault]:
        try:
            check_member_name(name)
        except Fault as fault:
            yield fault
            return
        if stat.S_ISLNK(status.st_mode):
            yield Fault("symlink", f"{name}: a symbolic link")
        elif not stat.S_ISREG(status.st_mode) and not stat.S_ISDIR(status.st_mode):
            yield Fault("special_file", f"{name}: neither a file nor a folder")
        yield from size_faults(name, status.st_size)
