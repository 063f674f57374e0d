"""An accepted submission as the evaluate loop reads it: straight from the zip, checked again."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import PurePath

import numpy as np

from ..cadenza.challenge import EnhancedFormat
from ..errors import Unscorable
from ..io.names import nfc
from .archive import Archive, Member, open_archive, read_member
from .checks import decode_checked, side_car_factor
from .decoding import Decoder
from .expected import REMIX, STEM, Expectation, ExpectedFiles
from .findings import CODES, Fault
from .flac import FlacHeader, header_faults, most_frames, parse_header
from .manifest import match


class Submission:
    """A submission that is open for scoring; a context manager, not for several threads at once.

    Args:
        path: a zip or a folder.
        challenge: what is expected; only to find the files' common folder.

    Raises:
        InputError: where there is nothing at `path`.
    """

    def __init__(self, path: str | PurePath, challenge: ExpectedFiles) -> None:
        self.path = path
        self._archive: Archive = open_archive(path)
        self._prefix = match(self._archive.members, challenge).prefix
        self._decoder = Decoder()

    def __enter__(self) -> Submission:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the archive and end the decoder."""
        self._decoder.close()
        self._archive.close()

    def read_enhanced(
        self, name: str | PurePath, wanted: EnhancedFormat, reference_seconds: float
    ) -> np.ndarray:
        """What `cadenza.enhanced.read_enhanced` does for a file: [T, C] float32, full scale 1.

        Args:
            name: relative to `enhanced_signals`.
            wanted: the challenge's format.
            reference_seconds: duration of the reference (s).

        Raises:
            Unscorable: with a code of `findings.CODES`.
        """
        member = self._member(name)
        with _named_faults(member):
            return self._read(member, wanted, reference_seconds)

    def check_format(self, name: str | PurePath, wanted: EnhancedFormat) -> None:
        """Refuse a file for its header; cheap, since nothing is decoded.

        Raises:
            Unscorable: with a code of `findings.CODES`.
        """
        member = self._member(name)
        with _named_faults(member), closing(self._archive.open(member)) as stream:
            _header(stream.read, _expectation(wanted))

    def _member(self, name: str | PurePath) -> Member:
        name = nfc(PurePath(name).as_posix())
        member = self._archive.members.get(self._prefix + name)
        if member is None:
            raise Unscorable("missing_file", f"{name}: is missing")
        return member

    def _read(self, member: Member, wanted: EnhancedFormat, seconds: float) -> np.ndarray:
        expectation = _expectation(wanted, seconds)
        data = read_member(self._archive, member)
        header = _header(io.BytesIO(data).read, expectation)
        if header.frames > most_frames(expectation):
            raise Fault("wrong_length", f"{header.frames} samples")
        pcm = decode_checked(data, header, self._decoder)
        samples = (pcm.samples / 2.0 ** (header.bits - 1)).astype(np.float32)
        car = self._archive.members.get(member.name.removesuffix(".flac") + ".txt")
        if wanted.side_car and car is not None:
            samples *= side_car_factor(self._archive, car)
        return samples


@contextmanager
def _named_faults(member: Member) -> Iterator[None]:
    """Let a fault name the file it is about; not where the submission lies, since rows are public."""
    try:
        yield
    except Fault as fault:
        raise Unscorable(fault.code, f"{member.name}: {fault.message}") from None


def _expectation(wanted: EnhancedFormat, seconds: float | None = None) -> Expectation:
    kind = STEM if wanted.channels == 1 else REMIX
    return Expectation("", "", kind, wanted.sample_rate, wanted.channels, seconds)


def _header(read: Callable[[int], bytes], expectation: Expectation) -> FlacHeader:
    header = parse_header(read)
    for fault in header_faults(header, expectation):
        if CODES[fault.code][0] == "error":
            raise fault
    return header
