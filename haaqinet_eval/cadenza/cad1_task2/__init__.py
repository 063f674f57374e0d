"""CAD1 task 2: music in a car, through a hearing aid that is given."""

from ...audiogram import EARS
from ...registry import ChallengeRecord, OfficialTable

RECORD = ChallengeRecord(
    name="cad1_task2",
    title="CAD1 task 2, in a car",
    adapter=f"{__name__}.adapter:Cad1Task2",
    renderer=f"{__name__}.render:Cad1Task2Renderer",
    mini=f"{__name__}.mini:write_cad1_task2",
    mini_splits=("valid", "train"),
    splits=("valid", "test", "train"),
    split_file="listeners.{split}.json",
    music_dir="audio/music",
    folders={"hrtf_dir": "audio/eBrird"},
    metadata={
        "listeners_file": "listeners.{split}.json",
        "scenes_file": "scenes.json",
        "scenes_listeners_file": "scenes_listeners.json",
        "hrtf_file": "eBrird_BRIR.json",
    },
    metadata_of={
        "test": {"scenes_file": "scenes.test.json", "scenes_listeners_file": "scenes_listeners.test.json"}
    },
    split_option=True,
    options={
        "sample_rate": 44100,  # Hz
        "enhanced_sample_rate": 32000,
        "nalr": {"nfir": 220, "sample_rate": 44100},
        "compressor": {
            "threshold": 0.7,
            "attenuation": 0.1,
            "attack": 5,  # ms
            "release": 20,  # ms
            "rms_buffer_size": 0.064,  # s
        },
        "soft_clip": False,
        "acoustics": "official",
    },
    table=OfficialTable(
        "scene", {f"haaqi_{ear}": (ear, "") for ear in EARS}, "score", notes=("genre", "acoustics")
    ),
    official_score="Mean HAAQI of both ears of what is heard in the car.",
    file_names=(r"^(?:.*/)?(?P<listener>[^/]+)/(?P<scene>[^_/]+)_(?P=listener)_(?P<rest>[^/]+)$",),
    looks=r"^(?:.*/)?(?P<listener>[^/]+)/[^_/]+_(?P=listener)_[^/]+\.flac$",
    rebalanced=False,
    unheard="the song without the noise of the car",
    published=f"{__name__}:published.json",
)
