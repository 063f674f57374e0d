"""What the HAAQI-Net paper reports, to print beside our figures: LCC, SRCC, MSE.

Wisnu et al., "HAAQI-Net", Tables II, III, IV and VI. Keys are our designs' names.
"""

from __future__ import annotations

Figures = tuple[float, float, float]  # LCC, SRCC, MSE

# name -> title, figures of all, seen and unseen conditions
TABLE_II: dict[str, tuple[str, tuple[Figures, Figures, Figures]]] = {
    "spectrogram": (
        "Spectrogram",
        ((0.6701, 0.7084, 0.0301), (0.6848, 0.7106, 0.0298), (0.5999, 0.6612, 0.0314)),
    ),
    "wav2vec2": (
        "wav2vec 2.0 Large (last)",
        ((0.6483, 0.6643, 0.0302), (0.6651, 0.6809, 0.0304), (0.5030, 0.5268, 0.0295)),
    ),
    "hubert": (
        "HuBERT Large (last)",
        ((0.6392, 0.6645, 0.0336), (0.6396, 0.6642, 0.0343), (0.5717, 0.5478, 0.0305)),
    ),
    "wavlm": (
        "WavLM Large (last)",
        ((0.7809, 0.7834, 0.0202), (0.7806, 0.7862, 0.0214), (0.7050, 0.6757, 0.0145)),
    ),
    "beats-last": (
        "BEATs (last)",
        ((0.9274, 0.9342, 0.0071), (0.9234, 0.9332, 0.0081), (0.9014, 0.8762, 0.0026)),
    ),
    "beats-last-average": (
        "BEATs (last) + window average",
        ((0.8765, 0.8908, 0.0123), (0.8724, 0.8879, 0.0135), (0.8119, 0.8275, 0.0061)),
    ),
    "beats-last-adapter": (
        "BEATs (last) + adapter",
        ((0.9368, 0.9486, 0.0064), (0.9327, 0.9455, 0.0073), (0.9282, 0.9188, 0.0024)),
    ),
    "beats-weighted-adapter": (
        "BEATs (weighted sum) + adapter",
        ((0.9456, 0.9603, 0.0055), (0.9410, 0.9568, 0.0063), (0.9518, 0.9417, 0.0014)),
    ),
}

# the paper has 0.1877 as the first row's MSE of all, which its 0.0217 and 0.0047 cannot give
TABLE_IV: dict[str, tuple[str, tuple[Figures, Figures, Figures]]] = {
    "beats-last-adapter": (
        "the teacher: BEATs (last) + adapter",
        ((0.9368, 0.9487, 0.0064), (0.9327, 0.9455, 0.0073), (0.9283, 0.9188, 0.0024)),
    ),
    "distil-single": (
        "single head, L1 + cosine",
        ((0.8043, 0.8393, 0.1877), (0.7907, 0.8386, 0.0217), (0.7619, 0.7697, 0.0047)),
    ),
    "distil-sequential": (
        "sequential heads, L1 + cosine",
        ((0.8904, 0.9087, 0.0106), (0.8865, 0.9080, 0.0117), (0.8729, 0.8514, 0.0052)),
    ),
    "distil-sequential-tuned": (
        "sequential heads, BLSTM and attention tuned, L1 + cosine",
        ((0.8750, 0.9018, 0.0135), (0.8694, 0.8938, 0.0147), (0.8724, 0.8728, 0.0081)),
    ),
    "distil-sequential-adaptive": (
        "sequential heads, adaptive",
        ((0.8963, 0.9155, 0.0108), (0.8923, 0.9107, 0.0118), (0.8704, 0.8802, 0.0063)),
    ),
    "distil-independent": (
        "independent heads, L1 + cosine",
        ((0.8988, 0.9105, 0.0098), (0.8919, 0.9089, 0.0114), (0.9054, 0.8876, 0.0024)),
    ),
    "distil-independent-tuned": (
        "independent heads, BLSTM and attention tuned, L1 + cosine",
        ((0.8951, 0.9217, 0.0103), (0.8898, 0.9149, 0.0115), (0.8961, 0.8927, 0.0048)),
    ),
    "distil-independent-adaptive": (
        "independent heads, adaptive",
        ((0.9071, 0.9307, 0.0091), (0.8997, 0.9250, 0.0106), (0.9116, 0.8994, 0.0019)),
    ),
    "distil-independent-adaptive-weighted": (
        "independent heads, weighted sum, adaptive",
        ((0.9151, 0.9331, 0.0083), (0.9083, 0.9281, 0.0096), (0.9127, 0.8980, 0.0022)),
    ),
}

# loss family -> our designs' names -> figures
TABLE_III: dict[str, dict[str, Figures]] = {
    family: dict(
        zip(
            ("spectrogram", "beats-last", "beats-last-adapter", "beats-weighted-adapter"),
            figures,
            strict=True,
        )
    )
    for family, figures in {
        "flat": (
            (0.6129, 0.6445, 0.0407),
            (0.9320, 0.9387, 0.0074),
            (0.9503, 0.9552, 0.0054),
            (0.9589, 0.9630, 0.0047),
        ),
        "sloping": (
            (0.6520, 0.6919, 0.0332),
            (0.9263, 0.9373, 0.0072),
            (0.9234, 0.9424, 0.0080),
            (0.9411, 0.9593, 0.0060),
        ),
        "rising": (
            (0.7104, 0.7432, 0.0175),
            (0.9174, 0.9248, 0.0056),
            (0.9279, 0.9501, 0.0050),
            (0.9497, 0.9608, 0.0035),
        ),
        "cookie_bite": (
            (0.7192, 0.7401, 0.0111),
            (0.8101, 0.8169, 0.0058),
            (0.8791, 0.8547, 0.0039),
            (0.8757, 0.9007, 0.0040),
        ),
        "noise_notched": (
            (0.6439, 0.6726, 0.0278),
            (0.9350, 0.9479, 0.0057),
            (0.9326, 0.9494, 0.0064),
            (0.9413, 0.9568, 0.0050),
        ),
        "high_frequency": (
            (0.5864, 0.5862, 0.0400),
            (0.9149, 0.9263, 0.0090),
            (0.9401, 0.9432, 0.0068),
            (0.9412, 0.9584, 0.0069),
        ),
    }.items()
}

# section IV-C.7: which of the two students is which is contradictory in the paper's text; as its Table VI
TABLE_VI: dict[str, tuple[str, Figures]] = {
    "beats-last-adapter": ("BEATs (last) + adapter", (0.7996, 0.7633, 0.0343)),
    "distil-independent-adaptive": ("distilBEATs, independent heads, adaptive", (0.6059, 0.5996, 0.0482)),
    "distil-independent-adaptive-weighted": (
        "distilBEATs, independent heads, weighted sum, adaptive",
        (0.6432, 0.6561, 0.0507),
    ),
}

# rows of ours that the paper does not have
OURS: dict[str, str] = {
    "ours": "auditory front end, our head (like the default's network with frames)",
    "ours-more": "`ours` from as many trials as the paper (25,800)",
    "ours-clips": "five clip networks, like the default's but wider, from the same 25,800 trials",
    "ours-clips-more": "`ours-clips`, trained on with 39,264 trials",
    "default": "the default as it is shipped (more music, more trials)",
    "auditory-paper": "auditory front end, the paper's head",
    "spectrogram-decibels": "spectrogram as logarithms, the paper's head",
    "distilbeats": "distilBEATs without a teacher",
    "official-teacher": "the authors' published teacher",
    "official-student": "the authors' published student",
}
