"""One audio file through the network of `joint`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..audio import read_audio
from ..audiogram import Listener
from ..errors import InputError, Unscorable
from ..io.files import whole
from ..io.names import counted
from .joint import Joint

FORMATS = {".wav": "WAV", ".flac": "FLAC"}
SHORTEST = 0.01  # s: about a frame of the network
FULL = 1 - 2.0**-23  # the largest sample of 24 bits


@dataclass(frozen=True)
class Written:
    """What was written."""

    path: Path
    seconds: float
    sample_rate: int  # Hz
    turned_down: float  # dB, of the whole file, so that no sample clips; 0 where none would


def enhance_file(path: str | Path, out: str | Path, listener: Listener, system: Joint) -> Written:
    """Write what a listener is to hear of a file: stereo, 24 bits, at the file's sample rate, as long as it.

    Of a mono file both ears hear the same channel. Where a sample would exceed full scale, the whole file
    is turned down until its highest peak is full scale.

    Raises:
        InputError: for a file that cannot be read, is shorter than 10 ms or has more than two channels, a
            rate that the system does not know, or an output that is no WAV or FLAC or cannot be written.
    """
    import soundfile

    path, out = Path(path), Path(out)
    if out.suffix.lower() not in FORMATS:
        raise InputError(f"--out {out}: is neither .wav nor .flac")
    try:
        audio = read_audio(path)
    except Unscorable as error:
        raise InputError(error.message) from None
    if audio.channels > 2:
        raise InputError(f"{path}: has {audio.channels} channels, not one or two")
    if audio.seconds < SHORTEST:
        raise InputError(f"{path}: has {counted(len(audio.samples), 'sample')}; {SHORTEST} s are needed")
    if out.exists() and out.samefile(path):
        raise InputError(f"--out {out}: is the file that is read")
    both = np.repeat(audio.samples, 2, 1) if audio.channels == 1 else audio.samples
    try:
        signal = system.process(both, audio.sample_rate, listener)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    peak = float(np.abs(signal).max())
    loud = peak > FULL
    with whole(out) as part:
        kept = signal * (FULL / peak) if loud else signal
        soundfile.write(part, kept, audio.sample_rate, format=FORMATS[out.suffix.lower()], subtype="PCM_24")
    turned_down = 20 * np.log10(peak / FULL) if loud else 0.0
    return Written(out, audio.seconds, audio.sample_rate, turned_down)
