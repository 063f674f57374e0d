"""What a separator may be trained towards: the outputs of each stage of the enhancement.

Lan et al. (2024), section 2.3: the stems, their downmix with the scene's gains, the normalised downmix, and
the amplified one, each alone or all together, by the mean absolute error. HAAQI itself is one more target.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from ..audio import rms
from ..audiogram import Audiogram
from ..errors import InputError
from ..model.haaqi import DEFAULT_LEVEL1, DifferentiableHaaqi
from ..synthesis.render import SAMPLE_RATE

STAGES = ("stems", "downmix", "normalised", "amplified")
HAAQI = "haaqi"
SILENT = 1e-4  # RMS of an excerpt that has no HAAQI


def stages(stems: Tensor, mixture: Tensor, factors: Tensor, filters: Tensor) -> dict[str, Tensor]:
    """The outputs of all `STAGES`.

    The paper gives the downmix the mixture's loudness; here it gets its RMS, which has a simple gradient.

    Args:
        stems: [B, S, T], true or estimated.
        mixture: [B, T], of the true stems.
        factors: of the gains, [B, S].
        filters: of the listener's amplification, [B, taps].
    """
    downmix = (stems * factors[..., None]).sum(1)
    normalised = downmix * _rms(mixture) / _rms(downmix)
    size = downmix.shape[-1] + filters.shape[-1]
    spectrum = torch.fft.rfft(normalised, size) * torch.fft.rfft(filters, size)
    amplified = torch.fft.irfft(spectrum, size)[..., : downmix.shape[-1]]
    return dict(zip(STAGES, (stems, downmix, normalised, amplified), strict=True))


def _rms(x: Tensor) -> Tensor:
    return (x.square().mean(-1, keepdim=True) + 1e-10).sqrt()


def check_targets(targets: Sequence[str]) -> None:
    """Refuse no target, or one that is neither among `STAGES` nor `HAAQI`.

    Raises:
        InputError: lists the known ones.
    """
    if not targets or set(targets) - {*STAGES, HAAQI}:
        raise InputError(f"targets={list(targets)}: known are {', '.join([*STAGES, HAAQI])}")


def target_loss(
    estimated: Mapping[str, Tensor], true: Mapping[str, Tensor], targets: Sequence[str]
) -> Tensor:
    """Mean over those targets that are `STAGES` of the mean absolute error; the stems weigh alike."""
    errors = [(estimated[name] - true[name]).abs().mean() for name in targets if name in STAGES]
    return torch.stack(errors).mean() if errors else estimated["stems"].new_zeros(())


def haaqi_loss(
    estimated: Mapping[str, Tensor], true: Mapping[str, Tensor], ears: Sequence[Audiogram], count: int
) -> Tensor:
    """1 less the mean true HAAQI of the first excerpts' amplified remixes, heard at 65 dB SPL; 0 for silence.

    Args:
        estimated, true: outputs of `stages` at `SAMPLE_RATE`.
        ears: of the rows.
        count: of excerpts; HAAQI with gradients takes a second or two for one.

    Raises:
        InputError: without ears.
    """
    if not ears:
        raise InputError("targets=haaqi: the file of scenes is of old, without audiograms; remove it")
    losses = []
    for row, ear in enumerate(ears[:count]):
        level = rms(true["normalised"][row].detach().double().numpy())
        if level > SILENT:
            level1 = DEFAULT_LEVEL1 - 20 * float(np.log10(level))
            haaqi = DifferentiableHaaqi(true["amplified"][row : row + 1], SAMPLE_RATE, [ear], 2, level1)
            losses.append(1 - haaqi(estimated["amplified"][row : row + 1]).value.mean())
    return torch.stack(losses).mean() if losses else estimated["stems"].new_zeros(())
