"""A reference heard once by HASPI and compared with many processed signals."""

from __future__ import annotations

import weakref
from dataclasses import dataclass

import numpy as np

from ..errors import InputError, Unscorable
from ..haaqi import cochlea, ear, prepare, scratch
from ..haaqi.align import band_delays
from ..haaqi.features import audible_frames, cepstra
from ..haaqi.noise import Gaussians
from ..haaqi.prepared import Options, Prepared, generator
from ..haaqi.simd import LANES
from ..haaqi.threads import each
from ..io.names import plain_number
from ..nalr import AudiogramLike
from ..trials import DEFAULT_LEVEL1, Result
from . import features
from .kernels import slow_envelopes

LOW_PASS = 320.0  # Hz, of the envelopes: HASPI's own


@dataclass(frozen=True)
class _Heard:
    """The reference side of a comparison: lists have one item per group of bands."""

    part: slice  # which samples of the 24-kHz reference
    samples: int
    bands: list[ear.Bands]
    waits: np.ndarray  # [32] samples
    envelopes: np.ndarray  # [32, L] audible frames, dB SL
    frames: np.ndarray  # [L] which of all
    modulations: np.ndarray | None  # [10, 5, L], with the fixed seed's jitter
    noise: np.ndarray | None  # [L, 32] float32, what the fixed seed gives the processed signal


class Reference(Prepared):
    """The reference side of HASPI v2, computed once and reused for every signal scored against it.

    Args:
        reference_signal: [T] float, clean speech without amplification, one ear; at least 0.5 s.
        sample_rate, level1, rng: as for `haaqi.Reference`.
        audiogram: of the ear that hears the processed signal; the reference's ear has no loss.
        itype: 0: intelligibility. 1 and 2 give the reference the same loss as the processed signal,
            and 1 NAL-R too, as in pyclarity.
        f_lp: cut-off (Hz) of the envelopes, from 82 to 3000.

    Raises:
        Unscorable, InputError: as `haaqi.Reference`; InputError for another itype or f_lp.
    """

    def __init__(
        self,
        reference_signal: np.ndarray,
        sample_rate: float,
        audiogram: AudiogramLike,
        level1: float = DEFAULT_LEVEL1,
        rng: np.random.RandomState | int | None = None,
        itype: int = 0,
        f_lp: float = LOW_PASS,
    ) -> None:
        if itype not in (0, 1, 2):
            raise InputError(f"itype {itype!r} is none of 0 (intelligibility), 1 and 2")
        low, high = features.LOW_PASSES
        if not (prepare.is_finite(f_lp) and low <= f_lp <= high):
            raise InputError(f"f_lp {f_lp!r} Hz is no number from {low:g} to {high:g}")
        super().__init__(reference_signal, sample_rate, audiogram, 1 if itype == 1 else 2, level1, rng)
        self.f_lp = float(f_lp)
        self._own_ear = self._ear if itype else self._ear_with(np.zeros(6))
        self._heard: _Heard | None = None

    def score(
        self, processed: np.ndarray, sample_rate: float, rng: np.random.RandomState | int | None = None
    ) -> Result:
        """HASPI of one processed signal.

        Args:
            processed: [T] float, the same ear, as long as the reference to 10 %.
            sample_rate: Hz, of `processed`.
            rng: overrides the object's noise for this score; see `haaqi.Reference`.

        Returns:
            value, and the correlations in the ten modulation bands as parts: modulation_2hz, …

        Raises:
            Unscorable: as `haaqi.Reference.score`, and inaudible_reference.
        """
        return self._score(processed, sample_rate, rng, Options())

    def _score(
        self,
        processed: np.ndarray,
        sample_rate: float,
        rng: np.random.RandomState | int | None,
        options: Options,
    ) -> Result:
        part, processed = self._meet(processed, sample_rate, options)
        stream = self._stream(rng)
        heard = self._hear(part, stream is None, options.once)
        envelopes = np.concatenate(
            each(lambda index: self._processed(heard, processed, index), range(len(ear.GROUPS)))
        )[:, heard.frames]
        if stream is None:
            reference, noise = heard.modulations, heard.noise
        else:
            first, noise = _draw(stream, heard.samples, len(heard.frames))
            stream.hand_back()
            reference = self._modulations(heard.envelopes, first)
        compared = features.modulation_correlations(reference, self._modulations(envelopes, noise))
        names = (f"modulation_{center:g}hz" for center in features.CENTERS)
        return Result(features.intelligibility(compared), dict(zip(names, compared.tolist(), strict=True)))

    def _modulations(self, envelopes: np.ndarray, noise: np.ndarray) -> np.ndarray:
        return features.modulations(cepstra(features.jittered(envelopes, noise)), self.f_lp)

    def _hear(self, part: slice, fixed: bool, once: bool) -> _Heard:
        """The reference side for this part of the reference; the latest one is kept."""
        if once:
            return self._hear_anew(part, fixed)
        with self._lock:
            heard = self._heard
            if heard is None or heard.part != part or (fixed and heard.noise is None):
                heard = self._heard = self._hear_anew(part, fixed)
                arrays = [bands.envelope.flat for bands in heard.bands]
                weakref.finalize(heard, scratch.give, *arrays).atexit = False
            return heard

    def _hear_anew(self, part: slice, fixed: bool) -> _Heard:
        signal = self._original(part)
        bands = each(lambda group: _filtered(signal, self._own_ear, group), ear.GROUPS)
        waits = cochlea.delays_to_align(np.concatenate([b.bandwidth for b in bands]))
        slow = each(
            lambda pair: self._slow(pair[0], self._own_ear, pair[1], waits[pair[1]], 0),
            zip(bands, ear.GROUPS, strict=True),
        )
        envelopes = np.concatenate(slow)
        frames = audible_frames(envelopes, 2.5)
        if len(frames) <= 1:
            told = f"nothing of the reference can be heard at level1 {plain_number(self.level1)} dB SPL"
            raise Unscorable("inaudible_reference", told)
        envelopes = envelopes[:, frames]
        modulations = noise = None
        if fixed:
            first, noise = _draw(Gaussians(generator(self._rng)), len(signal), len(frames))
            modulations = self._modulations(envelopes, first)
        return _Heard(part, len(signal), bands, waits, envelopes, frames, modulations, noise)

    def _processed(self, heard: _Heard, signal: np.ndarray, index: int) -> np.ndarray:
        """The processed signal's slow envelopes in a group of bands: [16, L]."""
        group = ear.GROUPS[index]
        bands = _filtered(signal, self._ear, group)
        delays = band_delays(heard.bands[index].envelope, bands.envelope)
        slow = self._slow(bands, self._ear, group, heard.waits[group], delays)
        scratch.give(bands.envelope.flat)
        return slow

    def _slow(
        self, bands: ear.Bands, heard_by: ear.Ear, group: slice, waits: np.ndarray, delays: np.ndarray | int
    ) -> np.ndarray:
        window, step = features.low_pass(self.f_lp)
        out = np.empty((-(-bands.samples // step), LANES))
        slow_envelopes(
            bands.envelope.flat,
            bands.samples,
            (ear.PAD + delays - waits) * LANES + np.arange(LANES),
            waits.astype(np.float32),
            (heard_by.level1 - heard_by.loss.inner[group]).astype(np.float32),
            ear.WEIGHTS,
            window,
            step,
            out.ravel(),
        )
        return out.T


def _filtered(signal: np.ndarray, heard_by: ear.Ear, group: slice) -> ear.Bands:
    """`ear.filter_bands`, whose motion HASPI does not use."""
    bands = ear.filter_bands(signal, heard_by, group)
    scratch.give(bands.motion.flat)
    return bands


def _draw(stream: Gaussians, samples: int, frames: int) -> list[np.ndarray]:
    """The jitter of both signals, [L, 32] each, after the threshold noise that pyclarity draws in vain."""
    stream.skip(2 * cochlea.BANDS * samples)
    return [
        stream.fill(np.empty(frames * cochlea.BANDS, np.float32)).reshape(frames, cochlea.BANDS)
        for _ in range(2)
    ]
