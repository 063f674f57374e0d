"""Networks against NAL-R on music in noise that no training had: true HAAQI, and what the knobs do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import torch

from .. import haaqi
from ..audiogram import Audiogram
from ..model import AuditoryFrontEnd, band_losses
from ..model.auditory import SAMPLE_RATE
from ..model.joint import LEVEL1, JointFilter, JointNet, encode_audiogram
from ..nalr import NalR
from ..synthesis.clips import Clip
from ..synthesis.hearing_losses import pattern
from .data import mixed

SNRS = (0.0, 5.0, 10.0)  # dB
NFIR = 220
NONE, NALR, IDEAL, BOTH, DENOISED, ALONE, ONE, CLEAN = (
    "no processing",
    "NAL-R alone",
    "clean music, NAL-R",
    "network: both masks",
    "network's noise mask, NAL-R",
    "network: compensation alone",
    "one objective for both",
    "clean music, network's compensation",
)


@dataclass(frozen=True, eq=False)
class Case:
    """A stretch of music in noise and an ear."""

    scene: str
    listener: str
    snr: float  # dB
    audiogram: Audiogram
    clean: np.ndarray  # [T] at 24 kHz
    noisy: np.ndarray


def make_cases(
    clips: Sequence[Clip],
    paths: tuple[Path, ...],
    listeners: Sequence[str],
    count: int,
    seconds: float,
    seed: int,
) -> list[Case]:
    """Clips of different artists, an SNR after the other, each heard by all listeners (`sloping-09`, …)."""
    rng = np.random.default_rng(seed)
    first: dict[str, Clip] = {}
    for number in rng.permutation(len(clips)):
        first.setdefault(clips[number].artist, clips[number])
    cases = []
    for number, clip in enumerate(list(first.values())[:count]):
        snr = SNRS[number % len(SNRS)]
        clean, noisy = mixed(clip, paths, snr, 65.0, seconds, rng)
        for name in listeners:
            family, _, which = name.rpartition("-")
            cases.append(Case(clip.track, name, snr, pattern(family, int(which)), clean, noisy))
    return cases


class Shadow:
    """The masks that a network makes of a case, applied to the music and the noise apart."""

    def __init__(self, net: JointNet, case: Case) -> None:
        self.filter, self.case = JointFilter(net, SAMPLE_RATE, LEVEL1), case
        spectrum = self.filter.spectrum
        pair = np.stack([case.noisy, case.clean]).astype(np.float32)
        self.noisy, self.clean = spectrum.frames(spectrum.pad(torch.from_numpy(pair)))[:, None]
        thresholds = torch.from_numpy(encode_audiogram(case.audiogram))[None]
        with torch.no_grad():
            self.masks = net(self.filter.bands.levels(self.noisy, LEVEL1), thresholds)

    def _decibels(self, noise_reduction: float, compensation: float) -> torch.Tensor:
        return noise_reduction * self.masks.noise + compensation * self.masks.gain

    def output(self, noise_reduction: float, compensation: float) -> np.ndarray:
        """The filtered mixture [T]."""
        factors = self.filter.bands.factors(self._decibels(noise_reduction, compensation))
        joined = self.filter.spectrum.join(self.noisy * factors)[0][0]
        return joined[self.filter.spectrum.step :][: len(self.case.noisy)].double().numpy()

    def effect(self, noise_reduction: float, compensation: float) -> tuple[float, float]:
        """SNR (dB, mean over bands) and amplification of the music (dB, mean over bands)."""
        factors = self.filter.bands.factors(self._decibels(noise_reduction, compensation))
        power = [
            (x.abs().square() @ self.filter.bands.to_bands).sum((0, 1)) + 1e-12
            for x in (self.clean * factors, (self.noisy - self.clean) * factors, self.clean)
        ]
        snr, gain = 10 * torch.log10(power[0] / power[1]), 10 * torch.log10(power[0] / power[2])
        return float(snr.mean()), float(gain.mean())


def si_sdr(clean: np.ndarray, heard: np.ndarray) -> float:
    """Scale-invariant signal-to-distortion ratio, dB (Le Roux et al. 2019)."""
    target = clean * (heard @ clean) / (clean @ clean)
    return float(10 * np.log10(np.sum(target**2) / np.sum((heard - target) ** 2)))


def _outputs(case: Case, two: Shadow, one: Shadow | None) -> Iterator[tuple[str, np.ndarray]]:
    nalr = NalR(NFIR, SAMPLE_RATE)

    def amplified(signal: np.ndarray) -> np.ndarray:
        return nalr.amplify(case.audiogram, signal)

    yield NONE, case.noisy
    yield NALR, amplified(case.noisy)
    yield IDEAL, amplified(case.clean)
    yield BOTH, two.output(1, 1)
    yield DENOISED, amplified(two.output(1, 0))
    yield ALONE, two.output(0, 1)
    if one is not None:
        yield ONE, one.output(1, 1)
    yield CLEAN, two.filter(case.clean, case.audiogram, 0, 1)


def _to_normal(ear: AuditoryFrontEnd, case: Case, heard: np.ndarray) -> float:
    """Mean difference in dB between what the ear hears and what a normal ear hears of the clean music."""
    pair = torch.from_numpy(np.stack([heard, case.clean]).astype(np.float32))
    losses = torch.from_numpy(np.stack([band_losses(case.audiogram), np.zeros(32)])).float()
    with torch.no_grad():
        views = ear(pair, losses, torch.full((2,), LEVEL1))[0]
    return float((views[0] - views[1]).abs().mean())


def judge(
    cases: Sequence[Case], nets: Mapping[str, JointNet], knobs: Sequence[float], step: Callable[[], None]
) -> dict[str, list[dict]]:
    """Rows of `systems`, and of `surface`, a row for each pair of exponents.

    Args:
        nets: "two", the network with two objectives, and perhaps "one".
        knobs: exponents, of either mask.
        step: called after each case.
    """
    systems, surface, ear = [], [], AuditoryFrontEnd()
    for case in cases:
        about = {"scene": case.scene, "listener": case.listener, "snr": case.snr}
        given = (case.clean, SAMPLE_RATE, case.audiogram, 1, LEVEL1)
        quality = haaqi.Reference(*given)
        shadows = {name: Shadow(net, case) for name, net in nets.items()}
        for name, heard in _outputs(case, shadows["two"], shadows.get("one")):
            row = {"system": name, "haaqi": quality.score(heard, SAMPLE_RATE).value}
            systems.append({**about, **row, "distance": _to_normal(ear, case, heard)})
        for alpha, beta in product(knobs, knobs):
            snr, gain = shadows["two"].effect(alpha, beta)
            heard = shadows["two"].output(alpha, beta)
            row = {"alpha": alpha, "beta": beta, "haaqi": quality.score(heard, SAMPLE_RATE).value}
            row |= {"band_snr": snr, "gain": gain, "si_sdr": si_sdr(case.clean, heard)}
            surface.append({**about, **row})
        step()
    return {"systems": systems, "surface": surface}
