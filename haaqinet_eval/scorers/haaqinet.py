"""HAAQI-Net: predicts HAAQI from the processed signal alone."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..audio import resample, rms
from ..errors import InputError, Unscorable
from ..io.names import plain_number
from ..trials import Result, Stimulus

try:
    import torch

    from .. import model
    from ..model.running import alone, with_threads
except ModuleNotFoundError as error:
    raise InputError(
        f"scorer haaqinet needs {error.name}: install haaqinet-eval[net] (pip install 'haaqinet-eval[net]')"
    ) from None

WEIGHTS = model.WEIGHTS
SHORTEST = 0.5  # s
AT_ONCE = 600.0  # s of music that an accelerator gets in one call
SILENCE_DB_SPL = -20.0  # a level that no ear hears
LOUDEST_DB_SPL = 200.0  # no air carries more
RATES = (8_000.0, 384_000.0)  # Hz


def validate_signal(stimulus: Stimulus, given: np.ndarray, what: str = "processed signal") -> np.ndarray:
    """A signal [T] that a stimulus holds, or the reason (`Unscorable`) why it has no score."""
    signal = np.asarray(given)
    rate, level1 = stimulus.sample_rate, stimulus.level1
    if signal.ndim != 1:
        raise Unscorable("not_mono", f"{what}: shape {signal.shape}; one ear [T] is needed")
    if not (isinstance(rate, int | float | np.number) and RATES[0] <= rate <= RATES[1]):
        raise Unscorable(
            "bad_sample_rate", f"sample rate {rate!r} Hz is outside {RATES[0]:g} to {RATES[1]:g}"
        )
    if not (isinstance(level1, int | float | np.number) and math.isfinite(level1)):
        raise Unscorable("bad_level", f"level1 {level1!r} dB SPL is not a finite number")
    if len(signal) < SHORTEST * rate:
        raise Unscorable("too_short", f"{what}: {len(signal) / rate:.3f} s; {SHORTEST} s are needed")
    if not np.issubdtype(signal.dtype, np.floating):
        raise Unscorable("bad_samples", f"{what}: {signal.dtype} samples; float of full scale 1")
    if not np.isfinite(signal).all():
        at = int(np.flatnonzero(~np.isfinite(signal))[0])
        raise Unscorable("not_finite", f"{what}: sample {at} is {signal[at]}")
    level = rms(signal)
    loudness = 20 * math.log10(level) + level1 if level else -math.inf
    told = f"{what}: RMS {level:.3g}, level1 {plain_number(level1)} dB SPL"
    if loudness < SILENCE_DB_SPL:
        raise Unscorable("silent", f"{told}: inaudible")
    if loudness > LOUDEST_DB_SPL:
        raise Unscorable("bad_level", f"{told}: {loudness:.0f} dB SPL; is full scale 1?")
    return signal


def bad_audiogram(stimulus: Stimulus, error: Exception) -> Unscorable:
    """What is wrong with a stimulus's audiogram."""
    if isinstance(error, InputError):
        return Unscorable("bad_audiogram", str(error))
    told = "has no levels and frequencies; give haaqinet_eval.Audiogram(levels)"
    return Unscorable("bad_audiogram", f"audiogram {stimulus.audiogram!r} {told}")


def batch_by_length(lengths: Mapping[int, int], most: float) -> list[list[int]]:
    """Signals in batches of neighbours by length, each of which takes no more samples once it is padded.

    >>> batch_by_length({0: 10, 1: 30, 2: 12, 3: 99}, 40)
    [[0, 2], [1], [3]]
    """
    out: list[list[int]] = []
    for key in sorted(lengths, key=lengths.__getitem__):
        if out and lengths[key] * (len(out[-1]) + 1) <= most:
            out[-1].append(key)
        else:
            out.append([key])
    return out


class HaaqiNetScorer:
    """Reference-free score of one ear; see `haaqinet_eval.model`.

    Args:
        weights: a checkpoint, see `model.load_model`; None for the one that is shipped.
        device: torch's name of the device to score on.
        threads: CPU threads for an ear; more than one gains little and, on a busy machine, waits a lot.
    """

    name = "haaqinet"
    needs: frozenset[str] = frozenset()
    limits = (0.0, 1.0)

    def __init__(self, weights: str | Path | None = None, device: str = "cpu", threads: int = 1) -> None:
        path = Path(weights or WEIGHTS)
        self.device, self.threads = model.find_device(device), threads
        with with_threads(threads):
            self.net = model.load_model(path, device)
        self.prefers_batches = self.device.type != "cpu"
        self.version = model.model_version(path, self.net)
        self.sample_rate = self.net.dims.sample_rate

    def __call__(self, stimulus: Stimulus) -> Result:
        """Score one ear.

        Returns:
            the mean of the frame scores, the four predicted parts of HAAQI, and the frames
            (one every 128 ms) with their times; the interval that holds the true score in 9 of 10
            cases, and whether the sound is unlike the training's. A network of the paper's design or
            of its authors has no parts, no interval and frames of its own.

        Raises:
            Unscorable: `not_mono`, `bad_sample_rate`, `bad_level`, `too_short`,
                `bad_samples`, `not_finite`, `silent` or `bad_audiogram`.
        """
        with torch.inference_mode(), alone(self.device, self.threads):
            signal, ear, level1 = self._prepared(stimulus)
            prediction = self.net.predict_batch([signal], ear[None], level1[None])[0]
            return self._result(prediction, len(signal))

    def score_batch(self, stimuli: Sequence[Stimulus]) -> list[Result | Unscorable]:
        """Score many ears, of any lengths: what each would get by itself, or why it has no score.

        On an accelerator they run at once, 600 s of music a call; a processor is quicker with one
        after the other, whose data stay in its cache (`benchmarks/haaqinet_speed.py`).

        Raises:
            MemoryError: where the accelerator's memory is not enough.
        """
        results: dict[int, Result | Unscorable] = {}
        ready = {}
        for i, stimulus in enumerate(stimuli):
            try:
                if self.prefers_batches:
                    ready[i] = self._prepared(stimulus)
                else:
                    results[i] = self(stimulus)
            except Unscorable as error:
                results[i] = error
        for some in batch_by_length(
            {i: len(signal) for i, (signal, *_) in ready.items()}, AT_ONCE * self.sample_rate
        ):
            signals, ears, levels = zip(*(ready[i] for i in some), strict=True)
            try:
                with torch.inference_mode(), alone(self.device):
                    predicted = self.net.predict_batch(signals, torch.stack(ears), torch.stack(levels))
            except torch.OutOfMemoryError as error:  # the accelerator's
                raise MemoryError(str(error)) from None
            for i, signal, prediction in zip(some, signals, predicted, strict=True):
                results[i] = self._result(prediction, len(signal))
        return [results[i] for i in range(len(stimuli))]

    def _prepared(self, stimulus: Stimulus) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Signal [T] at the network's rate, the ear [D] and the level of RMS 1, on the device."""
        signal = validate_signal(stimulus, stimulus.processed).astype(np.float32, copy=False)
        signal = resample(signal, stimulus.sample_rate, self.sample_rate)
        try:
            ear = self.net.encode_audiogram(stimulus.audiogram)
        except (AttributeError, TypeError, InputError) as error:
            raise bad_audiogram(stimulus, error) from None
        given = (np.ascontiguousarray(signal), ear, stimulus.level1)
        ready = (torch.tensor(x, dtype=torch.float32, device=self.device) for x in given)
        return next(ready), next(ready), next(ready)

    def _result(self, prediction: model.Prediction, samples: int) -> Result:
        outputs = prediction.outputs.cpu().double().numpy()
        values = dict(zip(model.OUTPUTS, outputs.mean(1).tolist(), strict=False))
        times = self.net.score_times(outputs.shape[1], samples / self.sample_rate)
        result = Result(values.pop("score"), values, outputs[0], times)
        if prediction.low is None or prediction.high is None:
            return result
        interval = float(prediction.low), float(prediction.high)
        return replace(result, interval=interval, unfamiliar=bool(prediction.unfamiliar))
