"""A reference heard once by a quality index: envelopes, spectrum and fine structure of both signals.

HAAQI and HASQI hear alike. They differ in how the envelopes are averaged, and in what is made of it all.
"""

from __future__ import annotations

import weakref
from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from ..nalr import AudiogramLike
from ..trials import Result
from . import cochlea, ear, features, long, scratch
from .doubts import check_more_options, warn_of
from .layout import Layout
from .noise import Gaussians, NoiseBlocks
from .prepared import Options, Prepared, generator
from .threads import each


@dataclass(frozen=True)
class Compared:
    """What an index judges by."""

    smooths: list[np.ndarray]  # both signals' envelopes in the audible frames, dB SL, [32, L]; or none
    spectra: tuple[np.ndarray, np.ndarray]  # long-term, dB SL, [32]
    synchrony: float  # mean covariance of the motions, in [0, 1]


@dataclass(frozen=True)
class _Heard:
    """The reference side of a comparison: lists have one item per group of bands."""

    part: slice  # which samples of the 24-kHz reference
    bands: list[ear.Bands]
    waits: np.ndarray  # [32] samples
    level_sl: np.ndarray  # [32] long-term spectrum, dB SL
    smooth: np.ndarray  # [32, L] envelopes, dB SL
    motion: list[np.ndarray]  # with the fixed seed's noise if there is `noise`, else without
    noise: list[np.ndarray] | None  # what the fixed seed gives the processed signal


class QualityReference(Prepared, ABC):
    """The reference side of a quality index; see `Prepared` for the arguments."""

    SYNCHRONY_THRESHOLD: float | None = None  # dB SL of the covariances; None: the option's

    def __init__(self, *args, **options) -> None:
        super().__init__(*args, **options)
        self._heard: _Heard | None = None

    def score(
        self, processed: np.ndarray, sample_rate: float, rng: np.random.RandomState | int | None = None
    ) -> Result:
        """The index of one processed signal."""
        return self._score(processed, sample_rate, rng, Options())

    @abstractmethod
    def _judge(self, compared: Compared) -> Result:
        """The index, whose last parts are nonlinear and linear."""

    @abstractmethod
    def _smoothed(self, options: Options) -> float:
        """Segments of the envelopes' averages (ms)."""

    def _score(
        self,
        processed: np.ndarray,
        sample_rate: float,
        rng: np.random.RandomState | int | None,
        options: Options,
    ) -> Result:
        part, processed = self._meet(processed, sample_rate, options)
        stream = self._stream(rng)
        layout = long.layout_of(len(processed), self._smoothed(options), options.segment_covariance)
        if layout.stretches > 1:
            return self._score_long(part, processed, layout, stream, options)
        heard = self._hear(part, stream is None, options)
        compared = self._compare(heard, processed, stream, options)
        squares, controls, smooth, covariances, mean_squares = (np.concatenate(c) for c in compared)
        frames = features.audible_frames(heard.smooth, options.silence_threshold)
        smooths = self._audible((heard.smooth, smooth), frames, stream, options)
        if stream:
            stream.hand_back()
        synchronous = features.synchrony(covariances, mean_squares, self._tile_threshold(options))
        level_sl = cochlea.spectrum_sl(squares, controls, self._ear.loss, self._ear.level1)
        return self._judge(Compared(smooths, (heard.level_sl, level_sl), synchronous))

    def _score_long(
        self, part: slice, processed: np.ndarray, layout: Layout, stream: Gaussians | None, options: Options
    ) -> Result:
        signals = self._original(part), processed
        if options.once:
            self._forget()
        settings = self._smoothed(options), self._tile_threshold(options), options.segment_covariance
        noise = stream or Gaussians(generator(self._rng))
        judged = long.compare(signals, self._ear, layout, noise, settings)
        frames = features.loud_frames(judged.loudness, options.silence_threshold)
        smooths = self._audible(judged.smooths, frames, stream, options)
        if stream:
            stream.hand_back()
        synchronous = features.synchrony(judged.covariances, judged.mean_squares, settings[1])
        return self._judge(Compared(smooths, judged.levels, synchronous))

    def _tile_threshold(self, options: Options) -> float:
        own = self.SYNCHRONY_THRESHOLD
        return options.silence_threshold if own is None else own

    def _hear(self, part: slice, fixed: bool, options: Options) -> _Heard:
        """The reference side for this part of the reference; the latest one is kept."""
        if options.once:
            return self._hear_anew(part, fixed, options)
        with self._lock:
            heard = self._heard
            if heard is None or heard.part != part or (fixed and heard.noise is None):
                heard = self._heard = self._hear_anew(part, fixed, options)
                bands = [array for b in heard.bands for array in (b.envelope.flat, b.motion.flat)]
                arrays = [*bands, *heard.motion, *(heard.noise or ())]
                weakref.finalize(heard, scratch.give, *arrays).atexit = False
            return heard

    def _hear_anew(self, part: slice, fixed: bool, options: Options) -> _Heard:
        signal, smoothed = self._original(part), self._smoothed(options)
        bands = each(lambda group: ear.filter_bands(signal, self._ear, group), ear.GROUPS)
        waits = cochlea.delays_to_align(np.concatenate([b.bandwidth for b in bands]))
        nerve = each(
            lambda pair: ear.to_nerve(pair[0], self._ear, pair[1], waits[pair[1]], None, smoothed),
            zip(bands, ear.GROUPS, strict=True),
        )
        motion, smooth = zip(*nerve, strict=True)
        noise = None
        if fixed:
            blocks = NoiseBlocks(Gaussians(generator(self._rng)), motion[0].size, ear.PAD)
            for index, group in enumerate(ear.GROUPS):
                drawn = blocks.take(index)
                ear.add_noise(motion[index], drawn, self._ear, waits[group], motion[index])
                scratch.give(drawn)
            noise = [blocks.take(len(ear.GROUPS) + index) for index in range(len(ear.GROUPS))]
        squares, controls = (
            np.concatenate(s) for s in zip(*((b.square, b.control_square) for b in bands), strict=True)
        )
        level_sl = cochlea.spectrum_sl(squares, controls, self._ear.loss, self._ear.level1)
        return _Heard(part, bands, waits, level_sl, np.concatenate(smooth), motion, noise)

    def _compare(
        self, heard: _Heard, processed: np.ndarray, stream: Gaussians | None, options: Options
    ) -> tuple[tuple[np.ndarray, ...], ...]:
        """Per quantity, one array per group: mean squares (two), envelopes, covariances, tiles' squares."""
        groups = len(ear.GROUPS)
        blocks = stream and NoiseBlocks(stream, heard.motion[0].size, ear.PAD)
        smoothed = self._smoothed(options)

        def compare(index: int) -> tuple[np.ndarray, ...]:
            group, waits = ear.GROUPS[index], heard.waits[ear.GROUPS[index]]
            noise = heard.noise[index] if blocks is None else None
            if index == 0:  # noise is drawn in order: one group draws before it filters, one after
                motion = self._noisy(heard, index, blocks, options)
            bands = ear.filter_bands(processed, self._ear, group)
            if index > 0:
                motion = self._noisy(heard, index, blocks, options)
            elif blocks:
                noise = blocks.take(groups)
            reference = heard.bands[index]
            aligned = ear.align(reference, bands)
            nerve, smooth = ear.to_nerve(bands, self._ear, group, waits, aligned, smoothed, last=True)
            if options.once:
                reference.give_back()
            if noise is None:
                noise = blocks.take(groups + index)
            ear.add_noise(nerve, noise, self._ear, waits, nerve)
            tiles = ear.covariances(motion, nerve, self._tile_threshold(options), options.segment_covariance)
            scratch.give(nerve, *((motion, noise) if blocks else ()))
            return bands.square, bands.control_square, smooth, *tiles

        return tuple(zip(*each(compare, range(groups)), strict=True))

    def _noisy(self, heard: _Heard, index: int, blocks: NoiseBlocks | None, options: Options) -> np.ndarray:
        """The reference's motion with noise: the fixed seed's, or drawn now, in working memory."""
        if blocks is None:
            return heard.motion[index]
        group = ear.GROUPS[index]
        motion, waits = heard.motion[index], heard.waits[group]
        if heard.noise is not None:  # it has the fixed seed's noise already
            motion, _ = ear.to_nerve(
                heard.bands[index], self._ear, group, waits, None, self._smoothed(options)
            )
        out = motion if options.once or heard.noise is not None else scratch.take(motion.size)
        noise = blocks.take(index)
        ear.add_noise(motion, noise, self._ear, waits, out)
        scratch.give(noise)
        return out

    @staticmethod
    def _audible(
        both: tuple[np.ndarray, np.ndarray], frames: np.ndarray, stream: Gaussians | None, options: Options
    ) -> list[np.ndarray]:
        """Both signals' envelopes in the frames that count, or nothing where there are too few."""
        if len(frames) <= 1:
            return []
        smooths = each(lambda envelopes: envelopes[:, frames], both)
        for smooth in smooths if stream else ():  # pyclarity draws this noise even where it adds none of it
            extra = stream.fill(np.empty(smooth.size, np.float32)).reshape(smooth.shape)
            if options.add_noise:
                smooth += options.add_noise * extra
        return smooths


def as_pyclarity(
    kind: type[QualityReference],
    reference: np.ndarray,
    processed: np.ndarray,
    rates: tuple[float, float],
    ear: tuple[AudiogramLike, int, float],
    options: tuple[float, float, float],
    any_length: bool = False,
) -> tuple[float, float, float, list[float]]:
    """Score, nonlinear part, linear part and the other parts, as pyclarity's functions draw and give them.

    Args:
        rates: of reference and processed signal (Hz).
        ear: audiogram, equalisation, level1.
        options: silence_threshold, add_noise, segment_covariance.
        any_length: cut to the shorter, with a warning where more than 10 % is lost.
    """
    check_more_options(*options)
    rng = np.random.mtrand._rand  # the global legacy generator, as np.random.standard_normal uses it
    heard = kind(reference, rates[0], *ear, rng, any_length)
    result = heard._score(processed, rates[1], None, Options(*options, own_clock=True, once=True))
    seconds = len(reference) / rates[0], len(processed) / rates[1]
    warn_of(reference, rates, ear[2], result.parts, seconds if any_length else None)
    *raw, nonlinear, linear = result.parts.values()
    return result.value, nonlinear, linear, raw
