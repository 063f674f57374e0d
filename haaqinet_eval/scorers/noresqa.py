"""NORESQA: how much better or worse than other, unrelated clips an output is, on HAAQI's scale."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import cast

import numpy as np

from ..audio import SUFFIXES, audio_below, read_audio, resample, rms
from ..audiogram import Audiogram
from ..errors import InputError, Unscorable
from ..nalr import NalR
from ..trials import Result, Stimulus
from .checks import bad_audiogram, validate_signal

try:
    import torch

    from ..inference.scoring import SAMPLE_RATE, describe_clip, levels_of
    from ..model import WEIGHTS as HAAQINET
    from ..model import band_losses, load_model, model_version, sha256
    from ..model.noresqa import ReferenceBank, clip_features, load_noresqa, signed_difference
    from ..model.running import isolated, with_threads
except ModuleNotFoundError as error:
    raise InputError(
        f"scorer noresqa needs {error.name}: install haaqinet-eval[net] (pip install 'haaqinet-eval[net]')"
    ) from None

WEIGHTS = Path(__file__).parents[1] / "weights" / "noresqa.safetensors"
CPU = torch.device("cpu")
NFIR = 140  # order of the NAL-R filter at 24 kHz, as HAAQI's
LONGEST = 30.0  # s of a clip of the user's that are heard


class NoresqaScorer:
    """Score of one ear by comparison with references that need not be the same music; see `model.noresqa`.

    Args:
        weights: a file of recipes/noresqa/bank.py; None for the one that is shipped.
        non_matching: a folder of clean music that is compared with instead of the shipped references: as it
            is, at the output's level after amplification, with the listener's NAL-R gains.
        threads: CPU threads for an ear.

    Raises:
        InputError: for a file, or a folder without audio that can be read.
    """

    name = "noresqa"
    needs: frozenset[str] = frozenset()
    limits = (0.0, 1.0)
    sample_rate = float(SAMPLE_RATE)

    def __init__(
        self,
        weights: str | Path | None = None,
        non_matching: str | Path | None = None,
        threads: int = 1,
    ) -> None:
        path = Path(weights or WEIGHTS)
        with with_threads(threads):
            self.model, self.net = load_noresqa(path), load_model(HAAQINET)
        if (found := model_version(HAAQINET, self.net)) != self.model.haaqinet:
            raise InputError(f"weights {path}: made for HAAQI-Net {self.model.haaqinet}, here is {found}")
        self.version = f"{self.name}-{sha256(path)[:12]}"
        self.threads, self.clips = threads, _read_clips(Path(non_matching)) if non_matching else []
        if self.clips:
            self.version += f"/{len(self.clips)} clips of {Path(non_matching or '').name}"
        self._own_bank = lru_cache(maxsize=8)(self._make_bank)

    def __call__(self, stimulus: Stimulus) -> Result:
        """Score one ear.

        Returns:
            the mean of what the references say, and an interval from how much they differ.

        Raises:
            Unscorable: as of `haaqinet`.
        """
        with torch.inference_mode(), isolated(CPU, self.threads):
            features, losses = self._heard(stimulus)
            bank = None
            if self.clips:
                level = 20 * float(np.log10(rms(stimulus.processed))) + float(stimulus.level1)
                bank = self._own_bank(stimulus.audiogram, round(level))
            value, interval = self.model.score(features, losses, float(stimulus.level1), bank)
        return Result(value, interval=interval)

    def compare(self, first: Stimulus, second: Stimulus) -> tuple[float, float]:
        """Probability that the first of two outputs for one ear is the better one, and expected difference.

        They need not be the same music; no reference is asked.

        Raises:
            Unscorable: as of `haaqinet`.
        """
        with torch.inference_mode(), isolated(CPU, self.threads):
            both = [self._heard(stimulus)[0][None] for stimulus in (first, second)]
            probability = self.model.head(*both)[0].sigmoid().item()
            return probability, signed_difference(self.model.head, *both).item()

    def _heard(self, stimulus: Stimulus) -> tuple[torch.Tensor, torch.Tensor]:
        """Features [F] and hearing loss [32] of a stimulus."""
        signal = validate_signal(stimulus, stimulus.processed).astype(np.float32, copy=False)
        signal = resample(signal, stimulus.sample_rate, SAMPLE_RATE)
        try:
            levels = levels_of(stimulus.audiogram)
            losses = torch.from_numpy(band_losses(stimulus.audiogram)).float()
        except (AttributeError, TypeError, InputError) as error:
            raise bad_audiogram(stimulus, error) from None
        return self._features(signal * np.float32(10 ** (stimulus.level1 / 20)), levels), losses

    def _features(self, signal: np.ndarray, levels: np.ndarray) -> torch.Tensor:
        """Of a signal [T] at 24 kHz whose RMS of 1 is 0 dB SPL."""
        whole, _ = describe_clip(np.ascontiguousarray(signal, dtype=np.float32), levels)
        return clip_features(cast(Iterable, self.net.clips), torch.from_numpy(whole)[None])[0]

    def _make_bank(self, audiogram: Audiogram, loudness: int) -> ReferenceBank:
        """The user's clips for an ear, amplified and then at a level in dB SPL; a clean clip scores 1."""
        nalr, levels = NalR(NFIR, SAMPLE_RATE), levels_of(audiogram)
        heard = [nalr.amplify(audiogram, clip) for clip in self.clips]
        scaled = [x * 10 ** (loudness / 20) / rms(x) for x in heard]
        features = torch.stack([self._features(x, levels) for x in scaled])
        count = len(features)
        losses = torch.from_numpy(band_losses(audiogram)).float().expand(count, -1)
        return ReferenceBank(features, torch.ones(count), losses, torch.zeros(count))


def _read_clips(folder: Path) -> list[np.ndarray]:
    """The first channel of the clips of a folder, [T] at 24 kHz each, 30 s at most.

    Raises:
        InputError: no such folder, no audio in it, or a file that cannot be read or is silent.
    """
    paths = audio_below(folder)
    if not paths:
        what = "holds no audio" if folder.is_dir() else "no such folder"
        raise InputError(f"non_matching {folder}: {what} ({', '.join(sorted(SUFFIXES))})")
    clips = []
    for path in paths:
        try:
            audio = read_audio(path)
        except Unscorable as error:
            raise InputError(f"non_matching: {error.message}") from None
        samples = audio.samples[: round(LONGEST * audio.sample_rate)]
        clip = resample(samples[:, 0], audio.sample_rate, SAMPLE_RATE)
        if len(clip) < SAMPLE_RATE // 2 or not rms(clip):
            raise InputError(f"non_matching {path}: is silent or shorter than 0.5 s")
        clips.append(clip)
    return clips
