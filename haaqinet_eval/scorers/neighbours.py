"""Neighbours of HAAQI: thin wrappers over the libraries of well-known measures.

They hear what HAAQI compares: the output and, where the measure has one, the reference, amplified by NAL-R
for the listener unless it is already; aligned and cut to the same length. Nothing else of the listener is
known to them. What each is for, its rate and its limits are in `registry.neighbours`.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any, ClassVar

import numpy as np

from ..audio import resample
from ..errors import InputError, Unscorable
from ..registry import scorer_record
from ..trials import Result, Stimulus
from .checks import bad_audiogram, validate_signal
from .paired import amplified_reference, meet

DIGITS = 9  # of a value; the last ones depend on where in memory some libraries' arrays lie
LONGEST_PESQ = 30.0  # s; the ITU's program ends in a crash on signals of minutes


class Neighbour:
    """A measure of one ear that some library has.

    Subclasses have `measure`; name, limits, rate and needs are the record's.
    """

    name: ClassVar[str]
    library: ClassVar[str]  # the package on PyPI, whose release is the version

    def __init__(self) -> None:
        record = scorer_record(self.name)
        assert record.sample_rate is not None
        self.sample_rate, self.limits, self.needs = record.sample_rate, record.limits, record.needs
        self.version = self.load() or f"{self.library}-{version(self.library)}/1"

    def load(self) -> str | None:
        """Import the library, and give the version if it is not the release's. Raises ModuleNotFoundError."""
        raise NotImplementedError

    def __call__(self, stimulus: Stimulus) -> Result:
        """Score one ear.

        Raises:
            Unscorable: the codes of `validate_signal`; needs_reference, silent_reference, length_mismatch;
                not_defined; no_speech from PESQ.
        """
        processed = resample(
            validate_signal(stimulus, stimulus.processed), stimulus.sample_rate, self.sample_rate
        )
        try:
            if self.needs:
                reference = amplified_reference(stimulus, self.name, self.sample_rate)
                any_length = getattr(stimulus.reference, "any_length", False)
                reference, processed = meet(reference, processed, self.sample_rate, any_length)
            else:
                reference = processed
        except (AttributeError, TypeError, InputError) as error:
            raise bad_audiogram(stimulus, error) from None
        value, parts = self.compare(stimulus, reference, processed)
        if math.isnan(value):
            raise Unscorable("not_defined", f"{self.name} of these signals is no number")
        low, high = sorted(self.limits)
        return Result(min(max(round(value, DIGITS), low), high), parts)

    def compare(
        self, stimulus: Stimulus, reference: np.ndarray, processed: np.ndarray
    ) -> tuple[float, dict[str, float]]:
        """The value and its parts; what knows the ear as well has its own."""
        return self.measure(reference, processed)

    def measure(self, reference: np.ndarray, processed: np.ndarray) -> tuple[float, dict[str, float]]:
        """The library's number for two signals [T] at `sample_rate`, and its parts."""
        raise NotImplementedError


class Pesq(Neighbour):
    """PESQ, wide band: ITU-T P.862.2 by the package pesq. Longer signals are the mean of pieces of 30 s."""

    name = "pesq"
    library = "pesq"
    mode: ClassVar[str] = "wb"

    def load(self) -> None:
        """Import the library."""
        import pesq

        self.pesq = pesq

    def measure(self, reference: np.ndarray, processed: np.ndarray) -> tuple[float, dict[str, float]]:
        """MOS-LQO."""
        count = math.ceil(len(reference) / (LONGEST_PESQ * self.sample_rate))
        values = []
        for pair in zip(np.array_split(reference, count), np.array_split(processed, count), strict=True):
            try:
                values.append(float(self.pesq.pesq(int(self.sample_rate), *pair, self.mode)))
            except self.pesq.NoUtterancesError:
                continue
            except self.pesq.BufferTooShortError:
                raise Unscorable("too_short", "PESQ needs a quarter of a second of speech") from None
        if not values:
            raise Unscorable("no_speech", "PESQ finds no utterance in the reference")
        return float(np.mean(values)), {}


class PesqNarrow(Pesq):
    """PESQ, narrow band: ITU-T P.862.1."""

    name = "pesq_narrow"
    mode = "nb"


@contextmanager
def same_noise() -> Iterator[None]:
    """numpy's global generator from a fixed seed, and as it was afterwards: ESTOI adds a little noise."""
    state = np.random.get_state()
    np.random.seed(0)
    try:
        yield
    finally:
        np.random.set_state(state)


class Stoi(Neighbour):
    """STOI [Taal et al. 2011] by the package pystoi."""

    name = "stoi"
    library = "pystoi"
    extended: ClassVar[bool] = False

    def load(self) -> None:
        """Import the library."""
        from pystoi import stoi

        self.stoi = stoi

    def measure(self, reference: np.ndarray, processed: np.ndarray) -> tuple[float, dict[str, float]]:
        """The index; the library answers 1e-5 with a warning where there is too little that sounds."""
        with warnings.catch_warnings(), same_noise():
            warnings.filterwarnings("error", "Not enough STFT frames", RuntimeWarning)
            try:
                return float(self.stoi(reference, processed, int(self.sample_rate), self.extended)), {}
            except RuntimeWarning:
                told = "STOI needs 0.4 s of reference within 40 dB of its loudest frame"
                raise Unscorable("too_short", told) from None


class Estoi(Stoi):
    """Extended STOI [Jensen and Taal 2016] by the package pystoi."""

    name = "estoi"
    extended = True


class SiSdr(Neighbour):
    """Scale-invariant SDR [Le Roux et al. 2019] by torchmetrics, means kept."""

    name = "si_sdr"
    library = "torchmetrics"
    function: ClassVar[str] = "scale_invariant_signal_distortion_ratio"

    def load(self) -> None:
        """Import the library."""
        import torch
        import torchmetrics.functional.audio as functional

        self.torch, self.ratio = torch, getattr(functional, self.function)

    def measure(self, reference: np.ndarray, processed: np.ndarray) -> tuple[float, dict[str, float]]:
        """dB."""
        output, target = (self.torch.from_numpy(x.astype(np.float64)) for x in (processed, reference))
        return float(self.ratio(output, target)), {}


class Snr(SiSdr):
    """Signal-to-noise ratio by torchmetrics: a level of its own counts as noise."""

    name = "snr"
    function = "signal_noise_ratio"


class VisqolAudio(Neighbour):
    """ViSQOL v3 in audio mode [Chinen et al. 2020] by the package visqol-python."""

    name = "visqol_audio"
    library = "visqol-python"

    def load(self) -> None:
        """Import the library and its support vector regression."""
        import visqol

        self.api = visqol.VisqolApi()
        self.api.create(mode="audio")

    def measure(self, reference: np.ndarray, processed: np.ndarray) -> tuple[float, dict[str, float]]:
        """MOS-LQO, and the mean similarity behind it."""
        try:
            found = self.api.measure_from_arrays(reference, processed, int(self.sample_rate))
        except ValueError as error:
            raise Unscorable("not_defined", f"ViSQOL: {error}") from None
        return float(found.moslqo), {"vnsim": round(float(found.vnsim), DIGITS)}


class LogWmse(Neighbour):
    """logWMSE by the package torch-log-wmse; the reference stands for the unprocessed mixture, whose level
    it is relative to.
    """

    name = "log_wmse"
    library = "torch-log-wmse"

    def load(self) -> None:
        """Import the library."""
        import torch
        import torch_log_wmse

        self.torch = torch
        self.metric = torch_log_wmse.LogWMSE(sample_rate=int(scorer_record(self.name).sample_rate or 0))

    def measure(self, reference: np.ndarray, processed: np.ndarray) -> tuple[float, dict[str, float]]:
        """The logarithm, 73.7 for an output that equals its reference."""
        output, target = (self.torch.from_numpy(x.astype(np.float64)) for x in (processed, reference))
        with self.torch.inference_mode():
            value: Any = self.metric(target[None, None], output[None, None, None], target[None, None, None])
        return float(value), {}


class Dnsmos(Neighbour):
    """DNSMOS P.835 [Reddy et al. 2022] by the package speechmos; it repeats what is shorter than 9 s."""

    name = "dnsmos"
    library = "speechmos"

    def load(self) -> None:
        """Import the library."""
        from speechmos import dnsmos

        self.run = dnsmos.run

    def measure(self, reference: np.ndarray, processed: np.ndarray) -> tuple[float, dict[str, float]]:
        """Overall MOS; its parts: speech, background, and the MOS of P.808."""
        peak = float(np.abs(processed).max())
        found = self.run(processed / max(peak, 1.0), int(self.sample_rate))
        parts = {name: float(value) for name, value in found.items()}
        return parts.pop("ovrl_mos"), parts
