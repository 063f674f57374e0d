"""The one idea: a trial is one listener's ear hearing one system's rendering of one scene.

`Trial` says which; `Stimulus` holds what a scorer needs to score it; `Result` is
what a scorer answers. The row that records it is `scores.Score`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any
from warnings import warn

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
class SharedReference:
    """A reference that is made when a scorer asks for it; each scorer hears it once for all systems.

    `np.asarray` gives the signal.
    """

    make: Callable[[], np.ndarray]  # [T] float; raises Unscorable where there is none
    noise: np.random.RandomState | int | None = None  # of scorers that add some: a stream, or a seed
    kept: MutableMapping[tuple, Any] | None = None  # what scorers made of references; None: nothing is kept
    key: tuple = ()  # of this one among those in `kept`
    any_length: bool = False  # whether the longer signal is cut to the shorter, however much is lost

    def heard(self, scorer: str, hear: Callable[[np.ndarray], Any]) -> Any:
        """What a scorer of this name makes of the signal with `hear`, now or earlier."""
        kept = {} if self.kept is None else self.kept
        key = (scorer, *self.key)
        if key in kept:
            return kept[key]
        found = kept[key] = hear(self.make())
        return found

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        signal = self.make()
        return signal.astype(dtype or signal.dtype, copy=bool(copy))


@dataclass(frozen=True, eq=False)
class Stimulus:
    """What one ear hears, and what a scorer may know besides.

    Earlier versions had `equalisation` (2 where the reference is amplified, else 1) and `rng` (the noise
    of a reference); both are still taken, with a warning.
    """

    processed: np.ndarray  # [T] float: the system's output for this ear, full scale 1
    sample_rate: float  # Hz, of `processed`
    audiogram: Audiogram
    level1: float = DEFAULT_LEVEL1  # dB SPL that an RMS of 1 means
    reference: Any = None  # [T] float, a `SharedReference`, or one that a scorer prepared; None: unknown
    reference_sample_rate: float | None = None  # Hz; None means `sample_rate`
    amplified: bool = False  # whether reference and mixture have the listener's amplification already
    mixture: np.ndarray | Callable[[], np.ndarray] | None = (
        None  # [T] at `sample_rate` (or what makes it): the input of the system at this ear
    )
    gains: Mapping[str, float] | None = None  # dB by stem, what the target asks for; -60: not at all

    @property
    def equalisation(self) -> int:
        """`amplified` as the Kates indices count: 1, they give the reference NAL-R; 2, it has its own."""
        return 2 if self.amplified else 1

    @property
    def rng(self) -> np.random.RandomState | int | None:
        """The noise of the reference, see `SharedReference`."""
        return getattr(self.reference, "noise", None)


_make_stimulus = Stimulus.__init__


def _take_earlier_options(self: Stimulus, *given: Any, **options: Any) -> None:
    """`Stimulus.__init__` that takes HAAQI's `equalisation` and `rng`, too."""
    earlier = {name: options.pop(name) for name in ("equalisation", "rng") if name in options}
    if earlier:
        told = "equalisation and rng of Stimulus are now amplified and SharedReference.noise"
        warn(told, DeprecationWarning, stacklevel=2)
        options.setdefault("amplified", earlier.get("equalisation") == 2)
    _make_stimulus(self, *given, **options)
    if type(self.amplified) is int:  # an equalisation, by its place
        object.__setattr__(self, "amplified", self.amplified == 2)
    if earlier.get("rng") is not None:
        shared = SharedReference(partial(_itself, self.reference), earlier["rng"])
        object.__setattr__(self, "reference", shared)


def _itself(signal: Any) -> Any:
    return signal


Stimulus.__init__ = _take_earlier_options  # type: ignore[method-assign]


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
