"""The network behind the front end in numpy: clip members and what says how sure it is; see `model.clip`."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..haaqi.cochlea import BANDS

FARTHEST = 6.0  # standard deviations of a member's inputs; nothing beyond is told apart
AT_ONCE = 16  # descriptions: what is at work stays in the cache
GROUPS = 4  # groups of 8 bands over which the bands' description is averaged
FAR = 4.0  # standard deviations from the training's mean
TILE, FILTER = 4, 5  # neighbouring outputs of the second layer that are computed together; its taps
POINTS = TILE + FILTER - 1
INNER, FEATURES, OUTPUTS = 256, 128, 5  # of a member's last layers
HIDDEN, LISTENING = 12, 16  # of the networks that tell how sure it is, and music from other sounds
Tensors = Mapping[str, np.ndarray]


def _short_filter() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Winograd's filtering: four outputs of five taps in eight products instead of twenty.

    Returns:
        what eight inputs [8, 8], the taps [8, 5] and the products [4, 8] are multiplied with.
    """
    places = np.array([0, 1, -1, 2, -2, 0.5, -0.5])

    def at_places(size: int) -> np.ndarray:
        return np.vstack((places[:, None] ** np.arange(size), np.eye(size)[-1]))

    before = np.linalg.inv(at_places(POINTS)).T
    return before.astype(np.float32), at_places(FILTER), at_places(TILE).T.astype(np.float32)


BEFORE, TAPS, BEHIND = _short_filter()


def _silu(x: np.ndarray) -> np.ndarray:
    """x / (1 + exp(-x)), in place."""
    below = np.negative(x)
    np.exp(below, out=below)
    below += 1
    x /= below
    return x


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


class Member:
    """A clip member: the bands' description to the score and HAAQI's four parts.

    Args:
        tensors: of the checkpoint, by name.
        prefix: of this member's names.
    """

    def __init__(self, tensors: Tensors, prefix: str) -> None:
        def of(name: str) -> np.ndarray:
            return np.asarray(tensors[f"{prefix}.{name}"], np.float32)

        scale = 1 / np.sqrt(of("norm.running_var") + 1e-5)
        self.scale, self.shift = scale, of("norm.running_mean") * scale
        self.layers = [
            (np.ascontiguousarray(of(f"layers.{n}.weight").T), of(f"layers.{n}.bias"))
            for n in (0, 3, 6, 10, 13, 15)
        ]
        taps, bias = self.layers[1]
        self.layers[1] = np.einsum("pk,kio->pio", TAPS, taps).astype(np.float32), bias

    def __call__(self, bands: np.ndarray) -> np.ndarray:
        """Descriptions [B, D, 32] to [B, 5] in [0, 1]."""
        parts = [self._some(bands[first : first + AT_ONCE]) for first in range(0, len(bands), AT_ONCE)]
        return np.concatenate(parts)

    def _some(self, bands: np.ndarray) -> np.ndarray:
        (one, a), (two, b), (three, c), *dense = self.layers
        count, channels = len(bands), one.shape[-1]
        x = bands.swapaxes(1, 2) * self.scale - self.shift
        np.clip(x, -FARTHEST, FARTHEST, out=x)
        hidden = x.reshape(-1, x.shape[-1]) @ one[0]
        hidden += a
        wide = np.zeros((count, BANDS + FILTER - 1, channels), np.float32)
        reach = FILTER // 2
        wide[:, reach:-reach] = _silu(hidden).reshape(count, BANDS, channels)
        tiles = BANDS // TILE
        parts = np.empty((POINTS, count, tiles, channels), np.float32)
        for point in range(POINTS):
            parts[point] = wide[:, point : point + BANDS : TILE]
        parts = (BEFORE @ parts.reshape(POINTS, -1)).reshape(POINTS, -1, channels) @ two
        found = (BEHIND @ parts.reshape(POINTS, -1)).reshape(TILE, -1, two.shape[-1])
        found += b
        padded = np.zeros((count, BANDS + 2, two.shape[-1]), np.float32)
        padded[:, 1:-1] = (
            _silu(found).reshape(TILE, count, tiles, -1).transpose(1, 2, 0, 3).reshape(count, BANDS, -1)
        )
        hidden = sum(padded[:, tap : tap + BANDS : 2] @ three[tap] for tap in range(3))
        hidden += c
        x = _silu(hidden).swapaxes(1, 2).reshape(count, -1)
        for weight, bias in dense[:-1]:
            x = _silu(x @ weight + bias)
        return _sigmoid(x @ dense[-1][0] + dense[-1][1])


class Confidence:
    """What is said beside a score; see `model.confidence`.

    Args:
        tensors: of the checkpoint, by name.
        music: whether the network tells music from other sounds.
    """

    def __init__(self, tensors: Tensors, music: bool) -> None:
        self.tensors = {
            key.removeprefix("confidence."): np.asarray(value, np.float32)
            for key, value in tensors.items()
            if key.startswith("confidence.")
        }
        self.music = music

    def _two_layers(self, name: str, x: np.ndarray) -> np.ndarray:
        t = self.tensors
        hidden = np.tanh(t[f"{name}.0.weight"] @ x + t[f"{name}.0.bias"])
        return t[f"{name}.2.weight"] @ hidden + t[f"{name}.2.bias"]

    def __call__(self, scores: np.ndarray, bands: np.ndarray) -> tuple[float, float, bool]:
        """Low, high, unfamiliar: of the members' scores [M] and a description [D, 32]."""
        t = self.tensors
        summary = bands.reshape(len(bands), GROUPS, -1).mean(-1).ravel()
        place = (summary - t["center"]) @ t["whiten"]
        far = float(np.sqrt(np.mean(place**2)))
        unfamiliar, margin = far > t["limit"], t["margin"]
        if self.music:
            unfamiliar = unfamiliar or self._two_layers("music", np.clip(place, -FAR, FAR))[0] < 0
            margin = t["wide_margin"] if unfamiliar else margin
        mean, spread = scores.mean(), scores.std()
        known = np.array([4 * mean - 2, 20 * spread, min(far, 6.0) - 1, 10 * mean * (1 - mean)], np.float32)
        soft = np.logaddexp(self._two_layers("quantiles", known), 0)
        inside = np.clip(mean, 0.02, 0.98)
        logit = np.log(inside / (1 - inside))
        low = min(max(_sigmoid(logit - soft[0]) - margin, 0.0), mean)
        return float(low), float(max(min(_sigmoid(logit + soft[1]) + margin, 1.0), mean)), bool(unfamiliar)
