"""What a separator may be trained towards: the outputs of each stage of the enhancement.

Lan et al. (2024), section 2.3: the stems, their downmix with the scene's gains, the normalised downmix, and
the amplified one, each alone or all together, by the mean absolute error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from ..errors import InputError

STAGES = ("stems", "downmix", "normalised", "amplified")


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


def target_loss(
    estimated: Mapping[str, Tensor], true: Mapping[str, Tensor], targets: Sequence[str]
) -> Tensor:
    """Mean over targets of the mean absolute error; the four stems weigh alike.

    Raises:
        InputError: for no target, or one that is not among `STAGES`.
    """
    wrong = [name for name in targets if name not in STAGES]
    if wrong or not targets:
        raise InputError(f"targets={list(targets)}: known are {', '.join(STAGES)}")
    return torch.stack([(estimated[name] - true[name]).abs().mean() for name in targets]).mean()
