"""What a system made for one listener, to be looked at and listened to by people.

Nothing of the challenge's data is needed, since the names of the files tell all: a stereo
`<scene>_<listener>_….flac`, or `<listener>_<song>_<ear>_<stem>.flac` for each ear. Members
are read as they are for scoring: straight from the zip, checked, and decoded in a child process.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import numpy as np

from ..audio import Audio
from ..audiogram import EARS
from ..cadenza.folders import ENHANCED, find_systems
from ..errors import InputError
from ..io.containers.flac import DECODABLE_BITS
from ..io.names import counted, nfc
from .archive import Archive, Member, open_archive, read_member
from .checks import decode_checked, side_car_factor
from .decoding import Decoder
from .findings import Fault
from .flac import parse_header
from .limits import MAX_SECONDS


def place_of(origin: str, path: str, system: str) -> Path:
    """Zip or folder with the signals of a submission.

    Args:
        origin: "submitted", or "imported" from a run of a recipe, whose signals lie beside its results.
        path: what the store knows: the zip, or the results file.

    Raises:
        InputError: for scores that were made elsewhere, and where the signals are gone.
    """
    if origin == "submitted" and path:
        return Path(path)
    if origin != "imported" or not path:
        raise InputError("its scores were made elsewhere, without audio")
    return find_systems(Path(path).parent, system)[system] / ENHANCED


def hear(place: Path, scene: str, listener: str, stem: str = "") -> Audio:
    """Read what a system made of a scene for a listener.

    Args:
        place: see `place_of`.
        scene: for CAD1 task 1, the song.
        stem: for CAD1 task 1, which of its stems.

    Raises:
        InputError: where a file is missing or damaged; the message names it without its folders.
    """
    try:
        with closing(open_archive(place)) as archive, Decoder() as decoder:
            if not stem:
                member = _member(archive, f"{scene}_{listener}_", "remix.flac")
                return _decode(archive, member, decoder, 2)
            names = [f"{listener}_{scene}_{ear}_{stem}.flac" for ear in EARS]
            ears = [_decode(archive, _member(archive, name), decoder, 1) for name in names]
    except Fault as fault:
        raise InputError(f"the signal cannot be read: {fault.message}") from None
    length = min(len(ear.samples) for ear in ears)
    return Audio(np.hstack([ear.samples[:length] for ear in ears]), ears[0].sample_rate)


def _member(archive: Archive, start: str, end: str = "") -> Member:
    """The one member with this name, in whatever folder.

    With `end`, the usual end of a name, any FLAC that starts so: CAD1 task 2 ends with the song.
    """
    start, name = nfc(start), nfc(start + end)
    members = [(path.rpartition("/")[2], member) for path, member in archive.members.items()]
    found = [member for own, member in members if own == name]
    if end and not found:
        found = [member for own, member in members if own.startswith(start) and own.endswith(".flac")]
    if len(found) != 1:
        how = "is there more than once" if found else "is missing"
        raise InputError(f"{name} {how}")
    return found[0]


def _decode(archive: Archive, member: Member, decoder: Decoder, channels: int) -> Audio:
    with closing(archive.open(member)) as stream:
        header = parse_header(stream.read)
    if header.bits not in DECODABLE_BITS or header.channels != channels:
        raise Fault("wrong_channels", f"{counted(header.channels, 'channel')} of {header.bits} bits")
    if not 0 < header.frames <= MAX_SECONDS * header.sample_rate:
        raise Fault("wrong_length", f"{header.frames} samples at {header.sample_rate} Hz")
    pcm = decode_checked(read_member(archive, member), header, decoder)
    samples = (pcm.samples / 2.0 ** (header.bits - 1)).astype(np.float32)
    car = archive.members.get(member.name.removesuffix(".flac") + ".txt")
    if car is not None:
        samples *= side_car_factor(archive, car)
    return Audio(samples, header.sample_rate)
