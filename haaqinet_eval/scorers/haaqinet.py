"""HAAQI-Net: predicts HAAQI from the processed signal alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..audio import resample
from ..errors import InputError, Unscorable
from ..inference.frames import OUTPUTS, frame_times
from ..trials import Result, Stimulus
from .checks import bad_audiogram, validate_signal

if TYPE_CHECKING:
    from collections.abc import Iterator

    import torch

    from .. import model

WEIGHTS = Path(__file__).parents[1] / "weights" / "haaqinet.safetensors"  # those that are shipped
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


@lru_cache(maxsize=1)
def _libraries() -> Any:
    """The libraries of linear algebra that numpy has, to tell them how many threads they may use."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


@contextmanager
def _explained() -> Iterator[None]:
    """A package that is missing is named with the extra that brings it."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise InputError(
            f"scorer {HaaqiNetScorer.name} needs {error.name}: install haaqinet-eval[net] "
            "(pip install 'haaqinet-eval[net]')"
        ) from None


class HaaqiNetScorer:
    """Reference-free score of one ear; see `haaqinet_eval.model`.

    On a processor, networks like the shipped one are run by `haaqinet_eval.inference`, without torch; the
    scores are torch's within 1e-3. Everything else is torch's.

    Args:
        weights: a checkpoint, see `model.load_model`; None for the one that is shipped.
        device: torch's name of the device to score on.
        threads: CPU threads for an ear; more than one gains little and, on a busy machine, waits a lot.
    """

    name = "haaqinet"
    needs: frozenset[str] = frozenset()
    limits = (0.0, 1.0)

    def __init__(self, weights: str | Path | None = None, device: str = "cpu", threads: int = 1) -> None:
        self.weights, self.device, self.threads = Path(weights or WEIGHTS), device, threads
        self.quick = self._read_quick() if device == "cpu" else None
        self.prefers_batches = self.quick is None and self.place.type != "cpu"
        if self.quick is None:
            from ..model import model_version

            self.version, self.sample_rate = model_version(self.weights, self.net), self.net.dims.sample_rate

    def _read_quick(self) -> Any:
        """What scores without torch; None where it cannot be done with these weights."""
        with _explained():
            from ..inference.loading import read_sound
            from ..inference.scoring import SAMPLE_RATE, Network

            found = read_sound(self.weights)
            _libraries()
        if found is None:
            return None
        tensors, dimensions, self.version = found
        self.sample_rate = SAMPLE_RATE
        return Network(tensors, dimensions)

    @cached_property
    def place(self) -> torch.device:
        """Torch's device."""
        with _explained():
            from ..model import find_device
        return find_device(self.device)

    @cached_property
    def net(self) -> model.Network:
        """Torch's network, loaded when it is asked for."""
        with _explained():
            from ..model import load_model
            from ..model.running import with_threads
        with with_threads(self.threads):
            return load_model(self.weights, self.device)

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
        if self.quick is not None:
            return self._quickly(self.quick, stimulus)
        import torch

        from ..model.running import isolated

        with torch.inference_mode(), isolated(self.place, self.threads):
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
        ready: dict[int, tuple] = {}
        for i, stimulus in enumerate(stimuli):
            try:
                if self.prefers_batches:
                    ready[i] = self._prepared(stimulus)
                else:
                    results[i] = self(stimulus)
            except Unscorable as error:
                results[i] = error
        results |= self._at_once(ready)
        return [results[i] for i in range(len(stimuli))]

    def _quickly(self, quick: Any, stimulus: Stimulus) -> Result:
        """As `__call__`, without torch."""
        from ..inference.scoring import levels_of

        signal = self._at_rate(stimulus)
        try:
            levels = levels_of(stimulus.audiogram)
        except (AttributeError, TypeError, InputError) as error:
            raise bad_audiogram(stimulus, error) from None
        with _libraries().limit(limits=self.threads, user_api="blas"):
            predicted = quick(signal * np.float32(10 ** (stimulus.level1 / 20)), levels)
        outputs = predicted.outputs.astype(float)
        values = dict(zip(OUTPUTS, outputs.mean(1).tolist(), strict=True))
        times = frame_times(outputs.shape[1], len(signal) / self.sample_rate)
        value = values.pop("score")
        told = {"interval": predicted.interval, "unfamiliar": predicted.unfamiliar}
        return replace(Result(value, values, outputs[0], times), **(told if predicted.interval else {}))

    def _at_rate(self, stimulus: Stimulus) -> np.ndarray:
        """The signal [T], checked, in single precision at the network's rate."""
        signal = validate_signal(stimulus, stimulus.processed).astype(np.float32, copy=False)
        return resample(signal, stimulus.sample_rate, self.sample_rate)

    def _at_once(self, ready: Mapping[int, tuple]) -> dict[int, Result | Unscorable]:
        """Results of ears of `_prepared`, as many a call as the device has room for."""
        if not ready:
            return {}
        import torch

        from ..model.running import isolated

        results: dict[int, Result | Unscorable] = {}
        for some in batch_by_length(
            {i: len(signal) for i, (signal, *_) in ready.items()}, AT_ONCE * self.sample_rate
        ):
            signals, ears, levels = zip(*(ready[i] for i in some), strict=True)
            try:
                with torch.inference_mode(), isolated(self.place):
                    predicted = self.net.predict_batch(signals, torch.stack(ears), torch.stack(levels))
            except torch.OutOfMemoryError as error:  # the accelerator's
                raise MemoryError(str(error)) from None
            for i, signal, prediction in zip(some, signals, predicted, strict=True):
                results[i] = self._result(prediction, len(signal))
        return results

    def _prepared(self, stimulus: Stimulus) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Signal [T] at the network's rate, the ear [D] and the level of RMS 1, on the device."""
        import torch

        signal = self._at_rate(stimulus)
        try:
            ear = self.net.encode_audiogram(stimulus.audiogram)
        except (AttributeError, TypeError, InputError) as error:
            raise bad_audiogram(stimulus, error) from None
        given = (np.ascontiguousarray(signal), ear, stimulus.level1)
        ready = (torch.tensor(x, dtype=torch.float32, device=self.place) for x in given)
        return next(ready), next(ready), next(ready)

    def _result(self, prediction: model.Prediction, samples: int) -> Result:
        outputs = prediction.outputs.cpu().double().numpy()
        values = dict(zip(OUTPUTS, outputs.mean(1).tolist(), strict=False))
        times = self.net.score_times(outputs.shape[1], samples / self.sample_rate)
        result = Result(values.pop("score"), values, outputs[0], times)
        if prediction.low is None or prediction.high is None:
            return result
        interval = float(prediction.low), float(prediction.high)
        return replace(result, interval=interval, unfamiliar=bool(prediction.unfamiliar))
