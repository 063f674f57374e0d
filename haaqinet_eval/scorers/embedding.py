"""Embedding similarity: how alike output and reference are to a network that was made for something else."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch

from ..audio import resample
from ..embeddings import cosine, load_embedding
from ..errors import InputError
from ..model.running import isolated
from ..trials import Stimulus
from .checks import bad_audiogram
from .neighbours import Neighbour

CPU = torch.device("cpu")


class EmbeddingScorer(Neighbour):
    """Cosine similarity in HAAQI-Net's own embedding, which hears with the listener's ear.

    Args:
        weights: the back end's file, see `embeddings`; None for what is shipped or installed.
        threads: CPU threads for an ear.
        ear: whether back ends that know no ear get both signals after a simulation of the listener's
            hearing loss (pyclarity's MSBG).

    Raises:
        InputError: for an ear where the back end has one, or without pyclarity.
    """

    name = "embedding_similarity"
    library = "haaqinet-eval"
    back_end: ClassVar[str] = "haaqinet"

    def __init__(self, weights: str | Path | None = None, threads: int = 1, ear: bool = False) -> None:
        self.weights, self.threads, self.ear = weights, threads, ear
        if ear and self.back_end == "haaqinet":
            raise InputError(f"scorer {self.name}: ear=True: HAAQI-Net hears with the listener's ear anyway")
        if ear and find_spec("clarity") is None:
            raise InputError(
                f"scorer {self.name}: ear=True needs clarity: pip install 'haaqinet-eval[recipes]'"
            )
        super().__init__()

    def load(self) -> str:
        """Load the back end."""
        self.embedding = load_embedding(self.back_end, self.weights)
        return f"{self.embedding.version}{'+msbg' * self.ear}/1"

    def compare(
        self, stimulus: Stimulus, reference: np.ndarray, processed: np.ndarray
    ) -> tuple[float, dict[str, float]]:
        """The mean cosine over time."""
        both = [self._heard(stimulus, x) if self.ear else x for x in (processed, reference)]
        pair = [torch.from_numpy(np.ascontiguousarray(x, dtype=np.float32))[None] for x in both]
        with torch.inference_mode(), isolated(CPU, self.threads):
            try:
                one, two = (self.embedding(x, stimulus.audiogram, stimulus.level1) for x in pair)
            except (AttributeError, TypeError, InputError) as error:
                raise bad_audiogram(stimulus, error) from None
            return float(cosine(one, two)[0]), {}

    def _heard(self, stimulus: Stimulus, signal: np.ndarray) -> np.ndarray:
        """What the hearing loss leaves of a signal [T] at `sample_rate`."""
        from ..lyrics.hearing import RATE, simulate_loss

        signal = np.asarray(resample(signal, self.sample_rate, RATE), dtype=np.float64)
        left = simulate_loss(signal, RATE, stimulus.audiogram, stimulus.level1)
        return resample(left, RATE, self.sample_rate)


class MusicnnScorer(EmbeddingScorer):
    """The same in musicnn's, which knows no ear."""

    name = "embedding_musicnn"
    back_end = "musicnn"


class VggishScorer(EmbeddingScorer):
    """The same in VGGish's, which knows no ear."""

    name = "embedding_vggish"
    back_end = "vggish"


class QuantisedVggishScorer(EmbeddingScorer):
    """The same in VGGish's principal components of 8 bits, as torchvggish gives them by default."""

    name = "embedding_vggish_quantised"
    back_end = "vggish_quantised"
