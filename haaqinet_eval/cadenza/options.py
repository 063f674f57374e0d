"""The options that the recipes of several challenges have in common, with pyclarity's values."""

OPTIONS = {
    "sample_rate": 44100,  # Hz
    "input_sample_rate": 44100,
    "stem_sample_rate": 24000,
    "remix_sample_rate": 32000,
    "HAAQI_sample_rate": 24000,
    "nalr": {"nfir": 220, "sample_rate": 44100},
    "enhancer": {
        "crossover_frequencies": [353.55, 707.11, 1414.21, 2828.43, 5656.85],  # Hz
        "attack": [11, 11, 14, 13, 11, 11],  # ms
        "release": [80, 80, 80, 80, 100, 100],  # ms
        "threshold": [-30, -30, -30, -30, -30, -30],  # dB
    },
}
SCENE_NAMES = (  # of a remix: scene_10001_L0001_remix, and with CAD2's degree of compression
    r"^(?:.*/)?(?P<scene>[^/]+)_(?P<listener>[^_/]+)_(?P<rest>A[0-9.]+_[^_/]+)$",
    r"^(?:.*/)?(?P<scene>[^/]+)_(?P<listener>[^_/]+)_(?P<rest>[^_/]+)$",
)
