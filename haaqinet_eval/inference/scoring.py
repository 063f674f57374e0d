"""A network that scores one ear."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.fft import irfft, rfft

from ..haaqi.cochlea import BANDS, HAAQI_FREQUENCIES
from ..nalr import check_measured
from .description import BEYOND, describe
from .ear import BLOCK, HALF, HOP, OVERLAP, STEP, VALID, Ear, blocks_of, envelope_of, mean_power
from .fourier import BLOCKS
from .frames import STRIDE
from .network import Confidence, Member, Tensors
from .texture import HOP as TEXTURE_HOP
from .texture import HOPS, count_windows, of_bins, shape, unamplifying

MARGIN = 1_024  # samples that ring at both ends of a block without its amplification
WINDOW_MEMBERS = 2  # clip members that score windows
SAMPLE_RATE = 24_000  # Hz
EVERY = HOPS * TEXTURE_HOP // HOP  # envelope frames from window to window
HALVES = VALID // HALF * BLOCKS  # half smoothing windows of two blocks


@dataclass(frozen=True, eq=False)
class Predicted:
    """What a network makes of one ear."""

    outputs: np.ndarray  # [5, N] frame outputs
    interval: tuple[float, float] | None  # None where the network cannot tell
    unfamiliar: bool | None


class Network:
    """A network ready to score.

    Args:
        tensors: of a checkpoint, by name.
        dimensions: of its metadata; both as of `loading.read_sound`.
    """

    def __init__(self, tensors: Tensors, dimensions: dict) -> None:
        self.members = [Member(tensors, f"clips.{n}") for n in range(dimensions["clips"])]
        music = bool(dimensions.get("music", False))
        self.confidence = Confidence(tensors, music) if dimensions["confidence"] else None

    def __call__(self, signal: np.ndarray, levels: np.ndarray) -> Predicted:
        """Score one ear.

        Args:
            signal: [T] float32 at 24 kHz, in units of which an RMS of 1 is 0 dB SPL; half a second at least.
            levels: [6] dB HL at HAAQI's frequencies.
        """
        whole, windows = describe_clip(signal, levels)
        each = np.concatenate([member(whole[None]) for member in self.members])
        mean = each.mean(0)
        count = -(-(len(signal) // HOP) // STRIDE)
        if len(windows):
            frames = np.mean([member(windows) for member in self.members[:WINDOW_MEMBERS]], 0)
            outputs = with_mean(_as_frames(frames.T, count), mean)
        else:
            outputs = np.repeat(mean[:, None], count, 1)
        if self.confidence is None:
            return Predicted(outputs, None, None)
        low, high, unfamiliar = self.confidence(each[:, 0], whole)
        return Predicted(outputs, (low, high), unfamiliar)


def levels_of(audiogram: Any) -> np.ndarray:
    """Hearing levels at HAAQI's six frequencies, [6] dB HL.

    Raises:
        InputError: the audiogram lacks one of them; none is made up.
    """
    check_measured(audiogram, HAAQI_FREQUENCIES)
    return np.array(audiogram.resample(tuple(HAAQI_FREQUENCIES)).levels, float)


def describe_clip(signal: np.ndarray, levels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each band over a clip [D, 32] and over its windows [W, D, 32]; arguments as of `Network`."""
    samples, frames = len(signal), len(signal) // HOP
    blocks = blocks_of(signal)
    ear = Ear(levels, mean_power(blocks, samples))
    plain = np.empty(len(blocks) * STEP, np.float32)  # begins before the signal
    halves = np.empty((2, len(blocks) // BLOCKS * HALVES, 2, BANDS // 2), np.float32)
    response = unamplifying(ear.loss)
    for first in range(0, len(blocks), BLOCKS):
        spectra = rfft(blocks[first : first + BLOCKS])
        place = first // BLOCKS * HALVES
        ear.hear(spectra, halves[:, place : place + HALVES])
        spectra *= response
        filtered = irfft(spectra, BLOCK)[:, MARGIN : MARGIN + STEP]
        plain[first * STEP : (first + BLOCKS) * STEP] = filtered.ravel()
    padded = np.zeros(frames * BANDS + BEYOND, np.float32)
    envelope = padded[: frames * BANDS].reshape(frames, BANDS)
    envelope[:] = envelope_of(halves, frames)
    windows = count_windows(frames)
    parts = of_bins(signal, windows)
    before = OVERLAP - MARGIN
    waveform = np.concatenate(
        [shape(_in_sixteens(x), samples) for x in (signal, plain[before : before + samples])]
    )
    about = (padded, frames)
    own = (
        describe(*about, np.zeros(1, int), frames, ear.spectrum, ear.loss),
        describe(*about, EVERY * np.arange(windows), 2 * EVERY, ear.spectrum, ear.loss) if windows else None,
    )
    whole, several = (
        None
        if x is None
        else np.concatenate(
            (x, texture, np.broadcast_to(waveform[:, None], (len(x), len(waveform), BANDS))), 1
        )
        for x, texture in zip(own, (parts[0][None], parts[1]), strict=True)
    )
    return whole[0], several if windows else np.empty((0, *whole[0].shape), np.float32)


def _in_sixteens(signal: np.ndarray) -> np.ndarray:
    return np.concatenate((signal, np.zeros(-len(signal) % 16, np.float32)))


def _as_frames(windows: np.ndarray, count: int) -> np.ndarray:
    """Values of windows [5, W] at the middles of frames, [5, count]; see `model.windows.as_frames`."""
    last = windows.shape[-1] - 1
    middles = (np.arange(count) + 0.5) * STRIDE
    place = np.clip((middles - EVERY) / EVERY, 0, last)
    return np.stack([np.interp(place, np.arange(last + 1), row) for row in windows])


def with_mean(frames: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Frames [5, N] in [0, 1], moved, and scaled where they meet 0 or 1, until their means are others [5]."""
    mean = mean[:, None]
    frames = np.clip(frames + mean - frames.mean(-1, keepdims=True), 0, 1)
    now = frames.mean(-1, keepdims=True)
    lower = frames * (mean / np.maximum(now, 1e-6))
    higher = 1 - (1 - frames) * ((1 - mean) / np.maximum(1 - now, 1e-6))
    return np.where(mean < now, lower, higher)
