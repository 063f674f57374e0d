"""Procedural music: songs in four stems and chamber duets, from a seed.

Nothing here is a recording: harmony, melody, drum patterns, instruments and rooms are
computed with numpy and scipy. The same seed gives the same samples. It serves the mini
challenges and, as music without end, training.

>>> from haaqinet_eval.synthesis.music import make_song
>>> stems = make_song(seed=1, style="folk", duration=1.0)
>>> sorted(stems), stems["vocals"].shape
(['bass', 'drums', 'other', 'vocals'], (44100, 2))
"""

from .chamber import INSTRUMENTS, make_chamber
from .levels import loudness
from .song import STEMS, make_song
from .styles import STYLES

__all__ = ["INSTRUMENTS", "STEMS", "STYLES", "loudness", "make_chamber", "make_song"]
