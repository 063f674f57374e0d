"""All that is wrong with a submission, at once."""

from __future__ import annotations

import hashlib
import logging
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from ..cadenza.enhanced import SIDE_CAR_LIMITS
from ..errors import Unscorable
from ..io.containers.flac import DECODABLE_BITS
from ..io.containers.flac_end import data_after_end
from ..io.progress import track
from .archive import Archive, Member, open_archive, read_member
from .decoding import Decoder, Pcm
from .expected import SCALE, STEM, Expectation, ExpectedFiles
from .findings import Fault, Finding, finding, in_order
from .flac import FlacHeader, header_faults, most_frames, parse_header
from .flac_frames import last_frame, shortened
from .limits import COMPARED_FILES, SIDE_CAR_BYTES
from .manifest import Match, match
from .signal_checks import signal_faults

NOT_DECODED = "not_decoded"  # code of the note that the audio is still to be checked
MANY = 100  # files from which on progress is told where there is no terminal
_LOG = logging.getLogger(__name__)


def validate(
    path: str | Path,
    challenge: ExpectedFiles,
    deep: bool = True,
    decoder: Decoder | None = None,
    console: Console | None = None,
) -> list[Finding]:
    """Check a submission, a zip or a folder, and report all findings.

    Args:
        path: the zip or folder.
        challenge: what is expected, see `challenges.expected_files`.
        deep: decode every file, and compare some with the challenge's own audio. If not, only
            names, the archive and the headers of the files are checked, and a note says so.
        decoder: to decode with; None for one of its own.
        console: for progress; None for none.

    Returns:
        Findings, errors first, always in the same order.

    Raises:
        InputError: where there is nothing at `path`; a faulty submission never raises.
    """
    with closing(open_archive(path)) as archive:
        findings = list(archive.findings)
        if not archive.members:
            return in_order(findings)
        matched = match(archive.members, challenge)
        checks = _Checks(archive, challenge, matched)
        with nullcontext(decoder) if decoder or not deep else Decoder() as used:
            checks.run(used if deep else None, console)
        fast = [] if deep else [finding(NOT_DECODED, "", "names and headers were checked, no audio decoded")]
        return in_order(findings + matched.findings + checks.findings + fast)


@dataclass(eq=False)
class _Checks:
    """Checks of the files that are there."""

    archive: Archive
    challenge: ExpectedFiles
    matched: Match
    findings: list[Finding] = field(default_factory=list)
    digests: dict[str, bytes] = field(default_factory=dict)  # of the audio, by expected name
    swaps: dict[str, float] = field(default_factory=dict)  # `ear_evidence` of files for one ear
    mixtures: list[str] = field(default_factory=list)  # files that seem to be the mixture
    compared: set[str] = field(default_factory=set)  # files to compare with all that the challenge has

    def run(self, decoder: Decoder | None, console: Console | None) -> None:
        """All checks, file by file and then across files."""
        if decoder and self.challenge.sounds:
            self.compared = self._sample()
        found = self.matched.found.items()
        shown = console is not None and (console.is_terminal or len(found) >= MANY)
        for name, member in track(found, "checking files", console) if shown else found:
            wanted = self.challenge.files[name]
            try:
                if wanted.kind == SCALE:
                    side_car_factor(self.archive, member)
                else:
                    self._check_flac(name, member, wanted, decoder)
            except Fault as fault:
                self._report(fault, member)
        self.findings += same_audio(self.digests, self.challenge)
        self.findings += self._missing_side_cars()
        self.findings += self._swapped()
        self.findings += self._more_mixtures()

    def _sample(self) -> set[str]:
        """Names of the files to compare: the first by the digests of their names, with the other ears'."""
        files = self.challenge.files
        names = [name for name in self.matched.found if files[name].required]
        names.sort(key=lambda name: hashlib.md5(name.encode(), usedforsecurity=False).digest())
        chosen: set[str] = set()
        for name in names:
            if len(chosen) >= COMPARED_FILES:
                break
            chosen |= {name, files[name].twin} & self.matched.found.keys()
        return chosen

    def _report(self, fault: Fault, member: Member) -> None:
        self.findings.append(finding(fault.code, member.name, f"{member.name}: {fault.message}"))

    def _check_flac(self, name: str, member: Member, wanted: Expectation, decoder: Decoder | None) -> None:
        with closing(self.archive.open(member)) as stream:
            header = parse_header(stream.read)
        faults = list(header_faults(header, wanted))
        if header.audio_start >= member.size:
            faults = [fault for fault in faults if fault.code != "unknown_length"]
            faults.append(Fault("no_audio", "the file ends with its header"))
        for fault in faults:
            self._report(fault, member)
        if any(header.md5):
            self.digests[name] = header.md5
        if (
            decoder is None
            or not 0 < header.frames <= most_frames(wanted)
            or header.bits not in DECODABLE_BITS
        ):
            return
        data = read_member(self.archive, member)
        pcm = decode_checked(data, header, decoder)
        self.digests[name] = pcm.md5
        if not pcm.samples.any():
            del self.digests[name]  # silence is like any other silence, and has its own finding
        for fault in signal_faults(pcm.samples, header.bits, header.sample_rate, wanted.kind):
            self._report(fault, member)
        if header.sample_rate == wanted.sample_rate and header.channels == wanted.channels:
            self._against_the_challenge(name, member, pcm, header)

    def _against_the_challenge(self, name: str, member: Member, pcm: Pcm, header: FlacHeader) -> None:
        """The whole comparison for those that were chosen, and for some that seem to be the mixture."""
        alike = self._seems_the_mixture(name, pcm, header)
        if alike:
            self.mixtures.append(name)
        if name in self.compared or (alike and len(self.mixtures) <= COMPARED_FILES):
            self._compare(name, member, pcm, header)

    def _seems_the_mixture(self, name: str, pcm: Pcm, header: FlacHeader) -> bool:
        from .compare import is_excerpt

        if self.challenge.excerpt is None or not self.challenge.files[name].required:
            return False
        try:
            return is_excerpt(pcm.samples, header.sample_rate, self.challenge.excerpt(name))
        except Unscorable:
            return False  # the files that are wholly compared tell that it cannot be read

    def _compare(self, name: str, member: Member, pcm: Pcm, header: FlacHeader) -> None:
        from .compare import compare, ear_evidence

        try:
            sounds = self.challenge.sounds(name)
        except Unscorable as error:
            _LOG.warning("%s: not compared: %s", name, error.message)  # which names places of this computer
            self._report(Fault("not_compared", f"the challenge's own audio: {error.code}"), member)
            return
        samples = pcm.samples / 2.0 ** (header.bits - 1)
        for fault in compare(samples, header.sample_rate, sounds):
            self._report(fault, member)
        if sounds.ears:
            self.swaps[name] = ear_evidence(samples, header.sample_rate, sounds)

    def _swapped(self) -> Iterator[Finding]:
        """Pairs of files for one ear each, of which both fit the other ear."""
        from .compare import SWAP_MARGIN

        for name, evidence in self.swaps.items():
            twin = self.challenge.files[name].twin
            if name < twin and min(evidence, self.swaps.get(twin, 0.0)) > SWAP_MARGIN:
                yield finding("swapped_ears", name, f"{name}: fits the other ear, and {twin} fits this one")

    def _more_mixtures(self) -> Iterator[Finding]:
        """Where whole comparisons found the mixture, the further files that seem to be it, counted."""
        further = [name for name in self.mixtures[COMPARED_FILES:] if name not in self.compared]
        if further and any(item.code == "copy_of_mixture" for item in self.findings):
            message = (
                f"{len(further)} more files are the same as the unprocessed mixture in its loudest second"
            )
            yield finding("copy_of_mixture", "", f"{message}; first {further[0]}")

    def _missing_side_cars(self) -> Iterator[Finding]:
        """Where some stems have a side-car, those that have none."""
        found = self.matched.found
        cars = {name for name in found if self.challenge.files[name].kind == SCALE}
        for name in found if cars else ():
            if self.challenge.files[name].kind == STEM and f"{name.removesuffix('.flac')}.txt" not in cars:
                yield finding("side_car_missing", name, f"{name}: has no .txt; its factor is 1")


def decode_checked(data: bytes, header: FlacHeader, decoder: Decoder) -> Pcm:
    """Decode a whole file and verify its length, its MD5 and its end.

    Raises:
        Fault: `corrupt_audio`, `bad_md5`, `trailing_data` or `decoder_stopped`.
    """
    pcm = decoder.decode(data, header.frames, header.channels, header.bits)
    if len(pcm.samples) != header.frames:
        raise Fault("corrupt_audio", f"{len(pcm.samples)} of {header.frames} samples can be decoded")
    if any(header.md5) and pcm.md5 != header.md5:
        raise Fault("bad_md5", f"MD5 of the samples is {pcm.md5.hex()}, the header has {header.md5.hex()}")
    rest = data_after_end(data, header.audio_start, header.max_frame_bytes)
    if rest:
        raise Fault("trailing_data", rest)
    last = last_frame(data, header)
    with suppress(Fault):
        spare = decoder.decode(shortened(data, header, last), last.block, header.channels, header.bits)
        if len(spare.samples) == last.block:
            rest = "the last byte is no part of the last frame"
    if rest:
        raise Fault("trailing_data", rest)
    return pcm


def side_car_factor(archive: Archive, member: Member) -> float:
    """The factor in a side-car: one number with a decimal point, read strictly.

    Raises:
        Fault: `bad_side_car`, and what reading raises.
    """
    if member.size > SIDE_CAR_BYTES:
        raise Fault("bad_side_car", f"{member.size} bytes; {SIDE_CAR_BYTES} are allowed")
    data = read_member(archive, member)
    low, high = SIDE_CAR_LIMITS
    try:
        text = data.decode("ascii").strip()
        factor = float(text)
    except ValueError:
        raise Fault("bad_side_car", f"{data!r} is not one number") from None
    if "_" in text or not low <= factor <= high:
        raise Fault("bad_side_car", f"{text} is outside [{low:g}, {high:g}]")
    return factor


def same_audio(digests: dict[str, bytes], challenge: ExpectedFiles) -> Iterator[Finding]:
    """Scenes whose listeners all have the same audio, and audio that several scenes share."""
    slots: dict[tuple[str, str], set[bytes]] = defaultdict(set)
    counts: dict[tuple[str, str], int] = defaultdict(int)
    scenes: dict[bytes, dict[str, str]] = defaultdict(dict)
    for name, digest in digests.items():
        item = challenge.files[name]
        slot = item.scene, name.replace(item.listener, "")
        slots[slot].add(digest)
        counts[slot] += 1
        scenes[digest].setdefault(item.scene, name)
    several = [slot for slot, count in counts.items() if count > 1]
    same = [slot for slot in several if len(slots[slot]) == 1]
    if same:
        message = (
            f"{len(same)} of {len(several)} scenes: all listeners have the same audio; first {same[0][0]}"
        )
        yield finding("not_personalised", "", message)
    for names in scenes.values():
        first, *others = names.values()
        for name in others:
            yield finding("repeated_audio", name, f"{name}: the same audio as {first}")
