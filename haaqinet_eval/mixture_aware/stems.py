"""Which stem sounds where in a mixture: a small network that shares out tiles of time and frequency.

It knows popular music's four roles only. Its guess of the stems' shares says what the gains that
were asked for would do to each tile, and what gain each stem seems to have had in the output.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from .gains import ROLES

CHANNELS = 16
KERNEL = (5, 7)  # bands, tiles of 16 ms
STRIDES = (1, 2, 4)  # of the kernels along time: they see 0.67 s
HEARD = 15.0  # dB SPL; quieter tiles do not count
_LEVEL = 10.0  # dB, the scale of the inputs


class RoleNet(nn.Module):
    """Levels of a mixture's tiles (dB SPL) [B, M, 14] to shares of power by role [B, 4, M, 14]."""

    def __init__(self) -> None:
        super().__init__()
        sizes = [4, *[CHANNELS] * len(STRIDES)]
        self.layers = nn.ModuleList(
            nn.Conv2d(a, b, (KERNEL[1], KERNEL[0]), dilation=(stride, 1), padding=(3 * stride, 2))
            for a, b, stride in zip(sizes[:-1], sizes[1:], STRIDES, strict=True)
        )
        self.last = nn.Conv2d(CHANNELS, len(ROLES), 1)

    def forward(self, levels: Tensor) -> Tensor:
        """Logits; a softmax over roles gives the shares."""
        mean = levels.mean(1, keepdim=True)
        shape = mean - mean.mean(2, keepdim=True)
        place = torch.linspace(-1, 1, levels.shape[2], dtype=levels.dtype, device=levels.device)
        place = place.expand_as(levels)
        parts = [(levels - mean) / _LEVEL, shape.expand_as(levels) / _LEVEL, place, place.abs()]
        x = torch.stack(parts, 1)
        for layer in self.layers:
            x = functional.gelu(layer(x))
        return self.last(x)


def shares_of(net: RoleNet, levels: np.ndarray) -> np.ndarray:
    """Shares of each role [4, M, 14] of a mixture's tiles [M, 14]."""
    with torch.inference_mode():
        logits = net(torch.from_numpy(np.ascontiguousarray(levels, dtype=np.float32))[None])
    return logits[0].softmax(0).numpy()


def fit_roles(scenes: Iterable[tuple[np.ndarray, np.ndarray]], epochs: int, seed: int = 1) -> RoleNet:
    """Train on scenes: levels of the mixture [M, 14] and of its stems [4, M, 14], dB SPL."""
    torch.manual_seed(seed)
    net, examples = RoleNet(), list(scenes)
    optimiser = torch.optim.AdamW(net.parameters(), lr=3e-3, weight_decay=1e-3)
    batches = -(-len(examples) // 4) * epochs
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, total_steps=batches)
    for _ in range(epochs):
        order = torch.randperm(len(examples)).tolist()
        for start in range(0, len(order), 4):
            chosen = [examples[i] for i in order[start : start + 4]]
            levels = torch.from_numpy(np.array([mixture for mixture, _ in chosen])).float()
            stems = torch.from_numpy(np.array([stems for _, stems in chosen])).float()
            loss = _loss(net(levels), stems, levels)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    return net.eval()


def _loss(logits: Tensor, stems: Tensor, levels: Tensor) -> Tensor:
    """Cross-entropy with the true shares over tiles that are heard."""
    shares = (stems * (np.log(10) / 10)).softmax(1)
    entropy = -(shares * logits.log_softmax(1)).sum(1)
    heard = (levels > HEARD).float()
    return (entropy * heard).sum() / heard.sum()


def describe_roles(
    shares: np.ndarray, mixture: np.ndarray, output: np.ndarray, gains: Mapping[str, float]
) -> dict[str, float]:
    """Features: what gains each role seems to have had, against what was asked for.

    Args:
        shares: [4, M, 14], see `shares_of`.
        mixture, output: levels of their tiles [M, 14], dB SPL.
        gains: dB by stem; features are 0 where the stems have no roles.
    """
    heard = (mixture > HEARD) & (output > 0)
    gain = np.clip(output - mixture, -40, 40)
    named = all(name in ROLES for name in gains)
    asked = np.array([gains.get(role, 0.0) for role in ROLES])
    weights = (shares**2 * heard).reshape(len(ROLES), -1)
    seen = (weights @ gain.ravel()) / (weights.sum(1) + 1e-6)
    wanted = 10 * np.log10(np.tensordot(10 ** (asked / 10), shares, 1) + 1e-6)
    power = np.tensordot(10 ** (asked / 20), np.sqrt(shares), 1)
    rest, known = gain - wanted, heard.sum() + 1e-6
    offset = float((rest * heard).sum() / known)
    error = np.abs(rest - offset)
    values = {
        "role_offset": offset,
        "role_error": float((error * heard).sum() / known),
        "role_match": _match(gain, wanted, heard),
        "role_wanted_spread": float(wanted[heard].std()) if heard.any() else 0.0,
        "role_seen_spread": float(gain[heard].std()) if heard.any() else 0.0,
        "role_power": float(np.log10(power[heard] + 1e-3).std()) if heard.any() else 0.0,
        **{f"role_error_band_{i}": float(e) for i, e in enumerate(_pairs(error, heard))},
        **{f"role_wanted_band_{i}": float(e) for i, e in enumerate(_pairs(wanted, heard))},
        **{f"role_share_{r}": float(s) for r, s in zip(ROLES, (shares * heard).mean((1, 2)), strict=True)},
    }
    centred, aim = seen - seen.mean(), asked - asked.mean()
    for i, role in enumerate(ROLES):
        values[f"role_seen_{role}"] = float(centred[i])
        values[f"role_missed_{role}"] = float(centred[i] - aim[i])
    values["role_missed"] = float(np.abs(centred - aim).mean())
    values["role_agrees"] = float(centred @ aim / (np.linalg.norm(centred) * np.linalg.norm(aim) + 1e-3))
    return values if named else dict.fromkeys(values, 0.0)


def _match(a: np.ndarray, b: np.ndarray, heard: np.ndarray) -> float:
    if heard.sum() < 10:
        return 0.0
    a, b = a[heard] - a[heard].mean(), b[heard] - b[heard].mean()
    return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b) + 1e-3))


def _pairs(x: np.ndarray, heard: np.ndarray) -> np.ndarray:
    """Means over neighbouring pairs of bands: [M, 14] -> [7]."""
    sums, counts = (v.sum(0).reshape(-1, 2).sum(1) for v in (x * heard, heard))
    return sums / (counts + 1e-6)


def describe_spread(mixture: np.ndarray, output: np.ndarray, gains: Sequence[float]) -> dict[str, float]:
    """Features: the gains that tiles had, against the highest and lowest asked for; for any stems."""
    heard = (mixture > HEARD) & (output > 0)
    gain = (output - mixture)[heard] if heard.sum() > 10 else np.zeros(10)
    low, middle, high = np.quantile(np.clip(gain, -40, 40), (0.05, 0.5, 0.95))
    asked = np.array(sorted(gains))
    mean = 10 * np.log10(np.mean(10 ** (asked / 10)))
    return {
        "tile_low": float(low),
        "tile_middle": float(middle),
        "tile_high": float(high),
        "tile_range": float(high - low),
        "tile_range_missed": float(high - low - (asked[-1] - max(asked[0], -40))),
        "tile_high_missed": float(high - (asked[-1] - mean)),
        "tile_low_missed": float(low - (max(asked[0], -40) - mean)),
    }
