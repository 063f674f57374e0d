"""Predicts HAAQI from the output, the mixture it was made from, and the gains that were asked for."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from ..audio import resample
from ..errors import InputError, Unscorable
from ..nalr import NalR
from ..trials import Result, Stimulus
from .checks import bad_audiogram, validate_signal

try:
    import torch

    from ..mixture_aware.ear import RATE, auditory_features, delay_of, shifted
    from ..mixture_aware.model import target_version
    from ..mixture_aware.predictor import KnownScene, load_target
    from ..model.running import isolated, with_threads
except ModuleNotFoundError as error:
    raise InputError(
        f"scorer haaqinet_target needs {error.name}: install haaqinet-eval[net] "
        "(pip install 'haaqinet-eval[net]')"
    ) from None

WEIGHTS = Path(__file__).parents[1] / "weights" / "haaqinet_target.safetensors"
NFIR = 140  # order of the NAL-R filter at 24 kHz, as HAAQI's
CPU = torch.device("cpu")
LONGER = 0.1  # share by which an output may be longer or shorter than its mixture


class TargetScorer:
    """Score of one ear that knows what the target is made of, though no clean stem; see `mixture_aware`.

    Args:
        weights: a model, see `mixture_aware.model`; None for the one that is shipped.
        threads: CPU threads for an ear.
    """

    name = "haaqinet_target"
    needs = frozenset({"mixture", "gains"})
    limits = (0.0, 1.0)
    sample_rate = float(RATE)

    def __init__(self, weights: str | Path | None = None, threads: int = 1) -> None:
        path = Path(weights or WEIGHTS)
        with with_threads(threads):
            self.model, self.net = load_target(path)
        self.version, self.threads = target_version(path), threads
        self._last: tuple[np.ndarray, tuple, KnownScene] | None = None  # the latest, for its other systems

    def __call__(self, stimulus: Stimulus) -> Result:
        """Score one ear.

        Returns:
            the score and the interval that holds the true one in 9 of 10 cases.

        Raises:
            Unscorable: `needs_mixture`, `needs_gains`, `bad_gains`, `length_mismatch`; for output and
                mixture, those of `haaqinet`; `bad_audiogram`.
        """
        signal = self._at_rate(stimulus, validate_signal(stimulus, stimulus.processed))
        gains = _checked_gains(stimulus)
        with isolated(CPU, self.threads):
            scene = self._scene(stimulus, gains)
            mixture = scene.mixture.signal
            if abs(len(signal) - len(mixture)) > LONGER * len(mixture) + 0.05 * RATE:
                seconds = f"{len(signal) / RATE:.2f} s; the mixture has {len(mixture) / RATE:.2f} s"
                raise Unscorable("length_mismatch", f"processed signal: {seconds}")
            output = shifted(signal, delay_of(signal, mixture), len(mixture))
            features = scene.features(auditory_features(output, stimulus.audiogram, stimulus.level1))
            value, interval = self.model(features, scene.unprocessed if self.model.base else None)
        return Result(value, interval=interval)

    def _at_rate(self, stimulus: Stimulus, signal: np.ndarray) -> np.ndarray:
        return resample(signal.astype(np.float32, copy=False), stimulus.sample_rate, RATE)

    def _scene(self, stimulus: Stimulus, gains: dict[str, float]) -> KnownScene:
        """What is known of the stimulus besides the output; the latest is kept."""
        given = stimulus.mixture
        if given is None:
            raise Unscorable("needs_mixture", "the scorer needs the mixture, and the stimulus has none")
        samples = given() if callable(given) else given
        ear = (stimulus.audiogram, stimulus.level1)
        about = (stimulus.sample_rate, *ear, stimulus.amplified, tuple(gains.items()))
        if self._last is None or self._last[0] is not samples or self._last[1] != about:
            signal = self._at_rate(stimulus, validate_signal(stimulus, samples, "mixture"))
            try:
                if not stimulus.amplified:
                    signal = NalR(NFIR, RATE).amplify(stimulus.audiogram, signal)
                scene = KnownScene(self.net, auditory_features(signal, *ear), *ear, gains)
            except (AttributeError, TypeError, InputError) as error:
                raise bad_audiogram(stimulus, error) from None
            self._last = samples, about, scene
        return self._last[2]


def _checked_gains(stimulus: Stimulus) -> dict[str, float]:
    gains = stimulus.gains
    if not gains:
        raise Unscorable("needs_gains", "the scorer needs the target's gains, and the stimulus has none")
    numbers = {name: isinstance(g, int | float | np.number) and math.isfinite(g) for name, g in gains.items()}
    wrong = [name for name, fine in numbers.items() if not fine]
    if wrong:
        raise Unscorable("bad_gains", f"gains of {', '.join(map(str, wrong))} are not finite numbers (dB)")
    return {name: float(g) for name, g in gains.items()}
