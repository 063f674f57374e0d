"""HAAQI-Net: predicts HAAQI from the processed signal alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..audio import resample
from ..errors import InputError, Unscorable
from ..trials import Result, Stimulus
from .checks import bad_audiogram, validate_signal

try:
    import torch

    from .. import model
    from ..model.running import alone, with_threads
except ModuleNotFoundError as error:
    raise InputError(
        f"scorer haaqinet needs {error.name}: install haaqinet-eval[net] (pip install 'haaqinet-eval[net]')"
    ) from None

WEIGHTS = model.WEIGHTS
AT_ONCE = 600.0  # s of music that an accelerator gets in one call


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
