"""Records of the neighbours of HAAQI: measures that people know, which stand beside it and never rank.

None of them knows a hearing loss. Each compares the output with the reference that HAAQI compares with,
amplified for the listener, or hears the output alone.
"""

from __future__ import annotations

from .scorer_record import ScorerRecord

DECIBELS = (-100.0, 100.0)  # ratios are cut there: an output that equals its reference has an infinite one


def _neighbour(
    name: str,
    label: str,
    purpose: str,
    limits: tuple[float, float],
    rate: float,
    factory: str,
    extra: str,
    summary: str,
    needs: frozenset[str] = frozenset({"reference"}),
) -> ScorerRecord:
    return ScorerRecord(
        name=name,
        title=f"{label} (neighbour)",
        label=label,
        kind="neighbour",
        factory=f"haaqinet_eval.scorers.neighbours:{factory}",
        summary=summary,
        limits=limits,
        needs=needs,
        extra=extra,
        purpose=purpose,
        sample_rate=rate,
    )


def _embedding(name: str, label: str, factory: str, rate: float, network: str) -> ScorerRecord:
    return ScorerRecord(
        name=f"embedding_{name or 'similarity'}",
        title=f"{label} (neighbour)",
        label=label,
        kind="neighbour",
        factory=f"haaqinet_eval.scorers.embedding:{factory}",
        summary=f"Cosine of output and reference in an embedding: {network}.",
        limits=(-1.0, 1.0),
        needs=frozenset({"reference"}),
        extra="net",
        takes_weights=True,
        sample_rate=rate,
    )


NEIGHBOURS = (
    _neighbour(
        *("pesq", "PESQ", "speech", (0.999, 4.65), 16_000.0, "Pesq", "pesq"),
        "PESQ, wide band (ITU-T P.862.2): quality of speech, MOS-LQO.",
    ),
    _neighbour(
        *("pesq_narrow", "PESQ, narrow band", "speech", (0.999, 4.56), 8_000.0, "PesqNarrow", "pesq"),
        "PESQ, narrow band (ITU-T P.862.1): quality of telephone speech, MOS-LQO.",
    ),
    _neighbour(
        *("stoi", "STOI", "speech", (-1.0, 1.0), 10_000.0, "Stoi", "neighbours"),
        "STOI: intelligibility of noisy speech, from envelopes below 5 kHz.",
    ),
    _neighbour(
        *("estoi", "ESTOI", "speech", (-1.0, 1.0), 10_000.0, "Estoi", "neighbours"),
        "Extended STOI: intelligibility of speech in modulated noise.",
    ),
    _neighbour(
        *("si_sdr", "SI-SDR", "any sound", DECIBELS, 44_100.0, "SiSdr", "neighbours"),
        "Scale-invariant signal-to-distortion ratio, dB.",
    ),
    _neighbour(
        *("snr", "SNR", "any sound", DECIBELS, 44_100.0, "Snr", "neighbours"),
        "Signal-to-noise ratio, dB: everything that differs from the reference is noise.",
    ),
    _neighbour(
        *("visqol_audio", "ViSQOL audio", "music", (1.0, 5.0), 48_000.0, "VisqolAudio", "visqol"),
        "ViSQOL v3, audio mode: similarity of gammatone spectrograms, MOS-LQO.",
    ),
    _neighbour(
        *("log_wmse", "logWMSE", "music", (-100.0, 73.69), 44_100.0, "LogWmse", "neighbours"),
        "Logarithm of the error's power, weighted by the ear's sensitivity, for separated music.",
    ),
    _neighbour(
        *("dnsmos", "DNSMOS", "speech", (1.0, 5.0), 16_000.0, "Dnsmos", "dnsmos"),
        "DNSMOS P.835, overall: predicts what listeners say of noisy speech, from the output alone.",
        needs=frozenset(),
    ),
    _embedding(
        "", "Embedding similarity", "EmbeddingScorer", 24_000.0, "HAAQI-Net's own, with the listener's ear"
    ),
    _embedding("musicnn", "musicnn similarity", "MusicnnScorer", 16_000.0, "musicnn's, a tagger of music"),
    _embedding("vggish", "VGGish similarity", "VggishScorer", 16_000.0, "VGGish's, of sounds of any kind"),
    _embedding(
        *("vggish_quantised", "VGGish similarity, quantised", "QuantisedVggishScorer", 16_000.0),
        "VGGish's, in principal components of 8 bits",
    ),
)
