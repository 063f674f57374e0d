"""A reference heard once by HASQI and compared with many processed signals."""

from __future__ import annotations

from ..haaqi import features
from ..haaqi.prepared import Options
from ..haaqi.quality import Compared, QualityReference
from ..trials import Result
from .features import cepstral_correlation, combine, slope_difference


class Reference(QualityReference):
    """The reference side of HASQI v2, computed once and reused for every signal scored against it.

    `Reference(signal, sample_rate, audiogram, equalisation, level1, rng)`: arguments and errors are
    those of `haaqi.Reference`. `score(processed, sample_rate, rng)` gives the value and the parts
    cep_corr, bm_sync5, d_loud, d_slope, nonlinear and linear; it raises what
    `haaqi.Reference.score` raises.
    """

    SYNCHRONY_THRESHOLD = 2.5  # dB SL, whatever the option says: that one is the envelopes' alone

    def _smoothed(self, options: Options) -> float:
        return options.segment_covariance

    def _judge(self, compared: Compared) -> Result:
        cepstral = cepstral_correlation(*compared.smooths) if compared.smooths else 0.0
        d_loud, _ = features.spectral_differences(*compared.spectra)
        d_slope = slope_difference(*compared.spectra)
        score, nonlinear, linear = combine(cepstral, compared.synchrony, d_loud, d_slope)
        parts = {
            "cep_corr": cepstral,
            "bm_sync5": compared.synchrony,
            "d_loud": d_loud,
            "d_slope": d_slope,
            "nonlinear": nonlinear,
            "linear": linear,
        }
        return Result(score, parts)
