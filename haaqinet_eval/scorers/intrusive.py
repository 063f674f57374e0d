"""What HAAQI, HASQI and HASPI have in common as scorers."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from ..errors import Unscorable
from ..haaqi.cochlea import RATE
from ..haaqi.prepare import is_finite
from ..haaqi.prepared import Prepared
from ..trials import Result, SharedReference, Stimulus


class IntrusiveScorer:
    """Compares one ear's signal with its reference.

    `Stimulus.reference` is a signal [T], a `SharedReference`, which is heard once however many systems
    are scored against it, or what `hear` gave; then its own audiogram, level and equalisation count.
    """

    name: ClassVar[str]
    version: ClassVar[str]
    index: ClassVar[str]  # its name in messages
    reference: ClassVar[type[Prepared]]  # its prepared references
    sample_rate = RATE
    needs = frozenset({"reference"})
    limits = (0.0, 1.0)

    def hear(self, stimulus: Stimulus) -> Prepared:
        """The stimulus's reference, prepared for many scores.

        Raises:
            Unscorable: needs_reference, bad_level, bad_samples for whole numbers, or the codes of the
                index's `Reference`.
        """
        reference = stimulus.reference
        if isinstance(reference, SharedReference):
            seed = None if isinstance(reference.noise, np.random.RandomState) else reference.noise
            return reference.heard(self.name, lambda signal: self._hear(stimulus, signal, seed))
        return self._hear(stimulus, reference, None)

    def __call__(self, stimulus: Stimulus) -> Result:
        """Score one ear; for its parts see the index's `Reference.score`.

        Raises:
            Unscorable: as `hear`, or the codes of `Reference.score`.
        """
        if stimulus.reference is not None:
            self._check_samples("processed signal", stimulus.processed)
        heard: Any = self.hear(stimulus)
        return heard.score(stimulus.processed, stimulus.sample_rate, stimulus.rng)

    def _hear(self, stimulus: Stimulus, reference: Any, seed: int | None) -> Prepared:
        if isinstance(reference, self.reference):
            return reference
        if reference is None:
            told = f"{self.index} compares with a reference, and the stimulus has none"
            raise Unscorable("needs_reference", told)
        if isinstance(reference, Prepared):
            told = f"the reference was prepared for another index; {self.index} takes the signal itself"
            raise Unscorable("needs_reference", told)
        self._check_samples("reference", reference)
        if not is_finite(stimulus.level1):
            raise Unscorable("bad_level", f"level1 {stimulus.level1!r} dB SPL is not a finite number")
        return self._prepare(
            reference, stimulus.reference_sample_rate or stimulus.sample_rate, stimulus, seed
        )

    def _prepare(self, signal: Any, sample_rate: float, stimulus: Stimulus, seed: int | None) -> Prepared:
        ear = stimulus.audiogram, stimulus.equalisation, stimulus.level1
        any_length = getattr(stimulus.reference, "any_length", False)
        return self.reference(signal, sample_rate, *ear, seed, any_length=any_length)

    def _check_samples(self, name: str, signal: np.ndarray) -> None:
        """Whole numbers would be taken as they are, some 90 dB too loud."""
        dtype = np.asarray(signal).dtype
        if not np.issubdtype(dtype, np.floating):
            told = f"{name}: {dtype} samples; {self.index} takes floats of full scale 1"
            raise Unscorable("bad_samples", told)
