"""The files that a challenge asks of a team, as its adapter lists them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

SCALE, REMIX, STEM = "scale", "remix", "stem"


@dataclass(frozen=True)
class SubmissionFile:
    """One file of a pair that a submission has, or may have."""

    path: Path  # below `enhanced_signals`
    kind: str  # `REMIX`, `STEM`, or `SCALE`: a side-car with a factor
    ear: str = ""  # empty for both
    stem: str = ""  # empty for a remix
    sample_rate: int = 0  # Hz; 0 for what is no audio
    channels: int = 0
    required: bool = True
    twin: Path | None = None  # the other ear's file, where each ear has its own
    timed: bool = True  # whether it is as long as the song, see `Challenge.seconds`


def one_remix(path: Path, sample_rate: int, channels: int) -> list[SubmissionFile]:
    """The only file of a pair, a remix; `path` is below `enhanced_signals`, the rate in Hz."""
    return [SubmissionFile(path, REMIX, sample_rate=sample_rate, channels=channels)]


def header_seconds(path: Path) -> float | None:
    """Duration (s) of an audio file from its header, None where it cannot be read."""
    import soundfile

    try:
        info = soundfile.info(path)
    except soundfile.LibsndfileError:
        return None
    return info.frames / info.samplerate
