"""Score audio files from the command line: `haaqinet score`.

Level convention. `level1` is the level (dB SPL) that an RMS of 1 (0 dB FS) means.
Where a reference is given, it is the challenges' own: the reference's RMS is
65 dB SPL, ear by ear. Without one, nothing in a file says how loud it is played;
the default, 85, puts music mastered to an RMS of -20 dB FS at 65 dB SPL before
amplification.
"""

from ..deprecated import old_names
from .options import EarSetup, ScoreOptions
from .output import CsvRows, JsonRows, TextRows, Writer
from .places import audio_files
from .scoring import FileScorer, Row

__getattr__ = old_names(__name__)

__all__ = [
    "CsvRows",
    "EarSetup",
    "FileScorer",
    "JsonRows",
    "Row",
    "ScoreOptions",
    "TextRows",
    "Writer",
    "audio_files",
]
