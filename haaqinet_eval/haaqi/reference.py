"""A reference heard once and compared with many processed signals."""

from __future__ import annotations

import threading
import weakref
from dataclasses import dataclass

import numpy as np

from ..errors import Unscorable
from ..nalr import AudiogramLike
from ..trials import DEFAULT_LEVEL1, Result
from . import cochlea, ear, features, prepare, scratch
from .broadband import Centred, broadband_delay
from .noise import Gaussians, NoiseBlocks
from .threads import each

DEFAULT_SEED = 0
_LONG = 180 * 24000  # samples beyond which groups of bands go one after the other, to save memory


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


@dataclass(frozen=True)
class _Options:
    silence_threshold: float = features.SILENCE_THRESHOLD
    add_noise: float = 0.0
    segment_covariance: float = 16.0  # ms
    once: bool = False  # the reference will not be used again: its memory may be


class Reference:
    """The reference side of HAAQI, computed once and reused for every signal scored against it.

    Args:
        reference_signal: [T] float, undistorted, one ear; at least 0.5 s.
        sample_rate: Hz.
        audiogram: ours or pyclarity's, with levels at 250, 500, 1000, 2000, 4000 and 6000 Hz.
        equalisation: 1: HAAQI amplifies the reference by NAL-R; 2: it is amplified already.
        level1: dB SPL that an RMS of 1 means.
        rng: the threshold noise. None or an int is a fixed seed (None: 0): every score then uses
            the numbers pyclarity draws after `np.random.seed(seed)`, whatever was scored before
            and on however many threads. A `RandomState` is drawn from anew by each score, in
            pyclarity's order, and left where pyclarity leaves it.

    Raises:
        Unscorable: codes not_mono, not_finite, too_short, silent_reference, bad_sample_rate,
            bad_audiogram.
        InputError: for an equalisation other than 1 or 2, or a level1 that is no number.
    """

    def __init__(
        self,
        reference_signal: np.ndarray,
        sample_rate: float,
        audiogram: AudiogramLike,
        equalisation: int = 2,
        level1: float = DEFAULT_LEVEL1,
        rng: np.random.RandomState | int | None = None,
    ) -> None:
        prepare.check_options(equalisation, level1)
        self.levels = prepare.check_audiogram(audiogram)
        signal, rate = prepare.check_reference(reference_signal, sample_rate)
        self.equalisation, self.level1 = equalisation, float(level1)
        self._rng = DEFAULT_SEED if rng is None else rng
        resampled = prepare.to_24_khz(signal, rate)
        self._signal = resampled.copy() if resampled is signal else resampled  # not the caller's
        self._ear = ear.Ear(cochlea.share_loss(self.levels), self.level1)
        self._heard: _Heard | None = None
        self._centred: Centred | None = None  # the latest length's
        self._lock = threading.Lock()

    def score(
        self, processed: np.ndarray, sample_rate: float, rng: np.random.RandomState | int | None = None
    ) -> Result:
        """HAAQI of one processed signal.

        Args:
            processed: [T] float, the same ear, as long as the reference to 10 %.
            sample_rate: Hz, of `processed`.
            rng: overrides the object's noise for this score; see the class.

        Returns:
            value, and parts mel_cepstral_high, bm_sync5, d_loud, d_norm, nonlinear, linear.

        Raises:
            Unscorable: codes not_mono, not_finite, too_short, length_mismatch, bad_sample_rate.
        """
        return self._score(processed, sample_rate, rng, _Options())

    def _score(
        self,
        processed: np.ndarray,
        sample_rate: float,
        rng: np.random.RandomState | int | None,
        options: _Options,
    ) -> Result:
        processed = self._check(processed, sample_rate)
        length = min(len(self._signal), len(processed))
        processed = processed[:length]
        part = prepare.sounding_part(self._signal[:length])
        delay = self._delay(processed)
        processed = prepare.middle_ear(prepare.advance(processed, delay)[part])

        fixed = rng is None and not isinstance(self._rng, np.random.RandomState)
        heard = self._hear(part, fixed, options)
        stream = None if fixed else Gaussians(_generator(self._rng if rng is None else rng))
        compared = self._compare(heard, processed, stream, options)
        squares, controls, smooth, covariances, mean_squares = (np.concatenate(c) for c in compared)
        smooths = self._audible(heard.smooth, smooth, stream, options)
        if stream:
            stream.hand_back()
        cepstral = features.mel_cepstral_high(*each(features.modulations, smooths)) if smooths else 0.0
        synchronous = features.synchrony(covariances, mean_squares, options.silence_threshold)
        level_sl = cochlea.spectrum_sl(squares, controls, self._ear.loss, self.level1)
        d_loud, d_norm = features.spectral_differences(heard.level_sl, level_sl)
        score, nonlinear, linear = features.combine(cepstral, synchronous, d_loud, d_norm)
        parts = {
            "mel_cepstral_high": cepstral,
            "bm_sync5": synchronous,
            "d_loud": d_loud,
            "d_norm": d_norm,
            "nonlinear": nonlinear,
            "linear": linear,
        }
        return Result(score, parts)

    def _check(self, processed: np.ndarray, sample_rate: float) -> np.ndarray:
        rate = prepare.check_rate("processed", sample_rate)
        processed = prepare.check_signal("processed", processed)
        if len(processed) == 0:
            raise Unscorable("too_short", "processed signal is empty")
        processed = prepare.to_24_khz(processed, rate)
        if abs(len(processed) - len(self._signal)) > prepare.LENGTH_TOLERANCE * len(self._signal):
            seconds = [len(s) / cochlea.RATE for s in (processed, self._signal)]
            raise Unscorable(
                "length_mismatch",
                f"processed signal is {seconds[0]:.3f} s long, reference {seconds[1]:.3f} s: over 10 % apart",
            )
        return processed

    def _delay(self, processed: np.ndarray) -> int:
        """Broadband delay of a processed signal no longer than the reference, which is cut to it."""
        centred = self._centred
        if centred is None or len(centred.signal) != len(processed):
            pair = each(Centred.of, (self._signal[: len(processed)], processed))
            centred = self._centred = pair[0]
            return broadband_delay(*pair)
        return broadband_delay(centred, Centred.of(processed))

    def _hear(self, part: slice, fixed: bool, options: _Options) -> _Heard:
        """The reference side for this part of the reference; the latest one is kept."""
        if options.once:
            return self._hear_anew(part, fixed)
        with self._lock:
            heard = self._heard
            if heard is None or heard.part != part or (fixed and heard.noise is None):
                heard = self._heard = self._hear_anew(part, fixed)
                bands = [array for b in heard.bands for array in (b.envelope.flat, b.motion.flat)]
                arrays = [*bands, *heard.motion, *(heard.noise or ())]
                weakref.finalize(heard, scratch.give, *arrays).atexit = False
            return heard

    def _hear_anew(self, part: slice, fixed: bool) -> _Heard:
        signal = self._signal[part]
        if self.equalisation == 1:
            signal = prepare.equalise(signal, self.levels)
        signal = prepare.middle_ear(signal)
        bands = each(lambda group: ear.filter_bands(signal, self._ear, group), ear.GROUPS)
        waits = cochlea.delays_to_align(np.concatenate([b.bandwidth for b in bands]))
        nerve = each(
            lambda pair: ear.to_nerve(pair[0], self._ear, pair[1], waits[pair[1]], ear.IN_TIME),
            zip(bands, ear.GROUPS, strict=True),
        )
        motion, smooth = zip(*nerve, strict=True)
        noise = None
        if fixed:
            blocks = NoiseBlocks(Gaussians(_generator(self._rng)), motion[0].size, ear.PAD)
            for index, group in enumerate(ear.GROUPS):
                drawn = blocks.take(index)
                ear.add_noise(motion[index], drawn, self._ear, waits[group], motion[index])
                scratch.give(drawn)
            noise = [blocks.take(len(ear.GROUPS) + index) for index in range(len(ear.GROUPS))]
        squares, controls = (
            np.concatenate(s) for s in zip(*((b.square, b.control_square) for b in bands), strict=True)
        )
        level_sl = cochlea.spectrum_sl(squares, controls, self._ear.loss, self.level1)
        return _Heard(part, bands, waits, level_sl, np.concatenate(smooth), motion, noise)

    def _compare(
        self, heard: _Heard, processed: np.ndarray, stream: Gaussians | None, options: _Options
    ) -> tuple[tuple[np.ndarray, ...], ...]:
        """Per quantity, one array per group: mean squares (two), envelopes, covariances, tiles' squares."""
        groups = len(ear.GROUPS)
        blocks = stream and NoiseBlocks(stream, heard.motion[0].size, ear.PAD)
        together = len(processed) <= _LONG

        def compare(index: int) -> tuple[np.ndarray, ...]:
            group, waits = ear.GROUPS[index], heard.waits[ear.GROUPS[index]]
            noise = heard.noise[index] if blocks is None else None
            if index == 0:  # noise is drawn in order: one group draws before it filters, one after
                motion = self._noisy(heard, index, blocks, options)
            bands = ear.filter_bands(processed, self._ear, group)
            if index > 0:
                motion = self._noisy(heard, index, blocks, options)
            elif blocks and together:
                noise = blocks.take(groups)
            reference = heard.bands[index]
            aligned = ear.align(reference, bands)
            nerve, smooth = ear.to_nerve(bands, self._ear, group, waits, aligned)
            scratch.give(bands.envelope.flat, bands.motion.flat)
            if options.once:
                scratch.give(reference.envelope.flat, reference.motion.flat)
            if noise is None:
                noise = blocks.take(groups + index)
            ear.add_noise(nerve, noise, self._ear, waits, nerve)
            tiles = ear.covariances(motion, nerve, options.silence_threshold, options.segment_covariance)
            scratch.give(nerve, *((motion, noise) if blocks else ()))
            return bands.square, bands.control_square, smooth, *tiles

        return tuple(zip(*each(compare, range(groups), together), strict=True))

    def _noisy(self, heard: _Heard, index: int, blocks: NoiseBlocks | None, options: _Options) -> np.ndarray:
        """The reference's motion with noise: the fixed seed's, or drawn now, in working memory."""
        if blocks is None:
            return heard.motion[index]
        group = ear.GROUPS[index]
        motion, waits = heard.motion[index], heard.waits[group]
        if heard.noise is not None:  # it has the fixed seed's noise already
            motion, _ = ear.to_nerve(heard.bands[index], self._ear, group, waits, ear.IN_TIME)
        out = motion if options.once or heard.noise is not None else scratch.take(motion.size)
        noise = blocks.take(index)
        ear.add_noise(motion, noise, self._ear, waits, out)
        scratch.give(noise)
        return out

    @staticmethod
    def _audible(
        reference: np.ndarray, processed: np.ndarray, stream: Gaussians | None, options: _Options
    ) -> list[np.ndarray]:
        """Both signals' envelopes in the frames that count, or nothing where there are too few."""
        frames = features.audible_frames(reference, options.silence_threshold)
        if len(frames) <= 1:
            return []
        smooths = each(lambda envelopes: envelopes[:, frames], (reference, processed))
        for smooth in smooths if stream else ():  # pyclarity draws this noise even where it adds none of it
            extra = stream.fill(np.empty(smooth.size, np.float32)).reshape(smooth.shape)
            if options.add_noise:
                smooth += options.add_noise * extra
        return smooths


def _generator(rng: np.random.RandomState | int) -> np.random.RandomState:
    return rng if isinstance(rng, np.random.RandomState) else np.random.RandomState(rng)
