"""A reference heard once and compared with many processed signals."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace

import numpy as np

from ..errors import Unscorable
from ..nalr import AudiogramLike
from ..trials import DEFAULT_LEVEL1, Result
from . import cochlea, features, prepare
from . import ear as model
from .noise import Gaussians

DEFAULT_SEED = 0
SEGMENT_COVARIANCE = 16  # ms


@dataclass(frozen=True)
class _Heard:
    """The reference side of a comparison. `motion` is free of noise, or has the fixed stream's."""

    part: slice  # which samples of the 24-kHz reference
    bands: model.Bands
    waits: np.ndarray
    smooth: np.ndarray
    motion: list[np.ndarray]
    stream: Gaussians | None  # the fixed stream after the reference's noise; None: motion has no noise


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
        self._signal = prepare.to_24_khz(signal, rate)
        self._ear = model.Ear(cochlea.share_loss(self.levels), self.level1)
        self._heard: _Heard | None = None
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
        return self._score(processed, sample_rate, rng)

    def _score(
        self,
        processed: np.ndarray,
        sample_rate: float,
        rng: np.random.RandomState | int | None = None,
        silence_threshold: float = features.SILENCE_THRESHOLD,
        add_noise: float = 0.0,
        segment_covariance: int = SEGMENT_COVARIANCE,
        once: bool = False,
    ) -> Result:
        processed = self._check(processed, sample_rate)
        fixed = rng is None and not isinstance(self._rng, np.random.RandomState)
        generator = self._rng if rng is None else rng
        if not isinstance(generator, np.random.RandomState):
            generator = np.random.RandomState(generator)
        stream = Gaussians(generator)
        length = min(len(self._signal), len(processed))
        reference, processed = self._signal[:length], processed[:length]
        part = prepare.sounding_part(reference)
        delay = prepare.alignment_delay(reference, processed)
        processed = prepare.middle_ear(prepare.advance(processed, delay)[part])

        heard = self._hear(part, stream, fixed)
        if fixed:
            stream, noisy = heard.stream.fork(), heard.motion
        else:
            noisy = model.with_noise(self._noiseless(heard), heard.waits, stream, self.level1, in_place=once)
        bands, nerve = model.hear_processed(processed, self._ear, heard.bands, heard.waits)
        noisy_processed = model.with_noise(nerve.motion, heard.waits, stream, self.level1, in_place=True)

        frames = features.audible_frames(heard.smooth, silence_threshold)
        smooth = [heard.smooth[:, frames], nerve.smooth[:, frames]]
        cepstral = 0.0
        if len(frames) > 1:
            if add_noise or not fixed:  # pyclarity draws this noise even where it adds none of it
                extra = [stream.fill(np.empty(s.size, np.float32)).reshape(s.shape) for s in smooth]
                smooth = [s + add_noise * e for s, e in zip(smooth, extra, strict=True)]
            cepstral = features.mel_cepstral_high(*map(features.modulations, smooth))
        if not fixed:
            stream.hand_back()
        tiles = model.covariances(noisy, noisy_processed, silence_threshold, segment_covariance)
        synchronous = features.synchrony(*tiles, silence_threshold)
        d_loud, d_norm = features.spectral_differences(heard.bands.level_sl, bands.level_sl)
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

    def _hear(self, part: slice, stream: Gaussians, fixed: bool) -> _Heard:
        """The reference side for this part of the reference; the latest one is kept."""
        with self._lock:
            heard = self._heard
            if heard is None or heard.part != part:
                signal = self._signal[part]
                if self.equalisation == 1:
                    signal = prepare.equalise(signal, self.levels)
                bands, waits, nerve = model.hear_reference(prepare.middle_ear(signal), self._ear)
                heard = _Heard(part, bands, waits, nerve.smooth, nerve.motion, None)
            if fixed and heard.stream is None:
                motion = model.with_noise(heard.motion, heard.waits, stream, self.level1, in_place=True)
                heard = replace(heard, motion=motion, stream=stream)
            self._heard = heard
            return heard

    def _noiseless(self, heard: _Heard) -> list[np.ndarray]:
        if heard.stream is None:
            return heard.motion
        return model.to_nerve(heard.bands, self._ear, heard.waits, model.IN_TIME).motion
