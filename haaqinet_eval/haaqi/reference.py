"""A reference heard once by HAAQI and compared with many processed signals."""

from __future__ import annotations

import numpy as np

from ..trials import Result
from . import features
from .prepared import Options
from .quality import Compared, QualityReference
from .threads import each


class Reference(QualityReference):
    """The reference side of HAAQI, computed once and reused for every signal scored against it.

    Args:
        reference_signal: [T] float, undistorted, one ear; at least 0.5 s.
        sample_rate: Hz; HAAQI takes it to whole kHz. A processed signal at a rate that is then off by
            another ratio (44.1 and 32 kHz) is brought to the reference's clock first, by soxr.
        audiogram: ours or pyclarity's, with levels at 250, 500, 1000, 2000, 4000 and 6000 Hz.
        equalisation: 1: HAAQI amplifies the reference by NAL-R; 2: it is amplified already.
        level1: dB SPL that an RMS of 1 means.
        rng: the threshold noise. None or an int is a fixed seed (None: 0): every score then uses
            the numbers pyclarity draws after `np.random.seed(seed)`, whatever was scored before
            and on however many threads. A `RandomState` is drawn from anew by each score, in
            pyclarity's order, and left where pyclarity leaves it.
        any_length: the longer signal is cut to the shorter, pyclarity's way, however much is lost.

    Raises:
        Unscorable: codes not_mono, not_finite, too_short, silent_reference, bad_sample_rate,
            bad_audiogram.
        InputError: for an equalisation other than 1 or 2, or a level1 that is no number.
    """

    def score(
        self, processed: np.ndarray, sample_rate: float, rng: np.random.RandomState | int | None = None
    ) -> Result:
        """HAAQI of one processed signal.

        Args:
            processed: [T] float, the same ear, as long as the reference to 10 %, unless `any_length`.
            sample_rate: Hz, of `processed`.
            rng: overrides the object's noise for this score; see the class.

        Returns:
            value, and parts mel_cepstral_high, bm_sync5, d_loud, d_norm, nonlinear, linear.

        Raises:
            Unscorable: codes not_mono, not_finite, too_short, length_mismatch, bad_sample_rate.
        """
        return super().score(processed, sample_rate, rng)

    def _smoothed(self, options: Options) -> float:
        return 8.0

    def _judge(self, compared: Compared) -> Result:
        smooths = compared.smooths
        cepstral = features.mel_cepstral_high(*each(features.modulations, smooths)) if smooths else 0.0
        d_loud, d_norm = features.spectral_differences(*compared.spectra)
        score, nonlinear, linear = features.combine(cepstral, compared.synchrony, d_loud, d_norm)
        parts = {
            "mel_cepstral_high": cepstral,
            "bm_sync5": compared.synchrony,
            "d_loud": d_loud,
            "d_norm": d_norm,
            "nonlinear": nonlinear,
            "linear": linear,
        }
        return Result(score, parts)
