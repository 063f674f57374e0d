"""The one idea: a trial is one listener's ear hearing one system's rendering of one scene.

`Trial` says which; `Stimulus` holds what a scorer needs to score it; `Result` is
what a scorer answers. The row that records it is `scores.Score`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .audiogram import EARS, Audiogram
from .errors import InputError

if TYPE_CHECKING:
    import numpy as np

DEFAULT_LEVEL1 = 65.0  # dB SPL of RMS 1, HAAQI's own default


@dataclass(frozen=True, order=True)
class Trial:
    """Which ear heard which rendering of which scene: the key of a score.

    HAAQI is monaural, so the ear belongs to the key; means over ears are taken
    when the table is read, never when it is written.
    """

    challenge: str  # "cad_icassp_2024", …
    system: str  # who rendered it; for training data, the processing condition
    scene: str  # the scene id; for CAD1 task 1, which has no scenes, the song
    song: str  # the music behind the scene
    listener: str  # listener id; for training data, the hearing-loss pattern
    ear: str  # "left" or "right"
    stem: str = ""  # CAD1 task 1 judges each stem; empty where the remix is judged

    def __post_init__(self) -> None:
        if self.ear not in EARS:
            raise InputError(f"trial {self.scene}, {self.listener}: ear {self.ear!r}")


@dataclass(frozen=True, eq=False)
class Stimulus:
    """What one ear hears, and what a scorer may know besides."""

    processed: np.ndarray  # [T] float: the system's output for this ear, full scale 1
    sample_rate: float  # Hz, of `processed`
    audiogram: Audiogram
    level1: float = DEFAULT_LEVEL1  # dB SPL that an RMS of 1 means
    reference: object = None  # [T] float, or a prepared `haaqi.Reference`; None when unknown
    reference_sample_rate: float | None = None  # Hz; None means `sample_rate`
    equalisation: int = 1  # 1: HAAQI gives the reference NAL-R; 2: it has its amplification
    mixture: np.ndarray | Callable[[], np.ndarray] | None = (
        None  # [T] at `sample_rate` (or what makes it): the input of the system at this ear; as the
        # reference, amplified for the listener where `equalisation` is 2 and not where it is 1
    )
    gains: Mapping[str, float] | None = None  # dB by stem, what the target asks for; -60: not at all
    rng: np.random.RandomState | int | None = None  # HAAQI's threshold noise; None: a fixed seed


@dataclass(frozen=True)
class Result:
    """A scorer's answer."""

    value: float  # in the scorer's limits; [0, 1] for HAAQI and HAAQI-Net
    parts: Mapping[str, float] = field(default_factory=dict)  # named components
    frames: np.ndarray | None = None  # [L] frame scores, where the scorer has them
    frame_times: np.ndarray | None = None  # [L] seconds, middle of each frame
    interval: tuple[float, float] | None = (
        None  # holds the true score in 9 of 10 cases, if the scorer predicts one
    )
    unfamiliar: bool = False  # the sound is unlike what a predicting scorer was trained on
