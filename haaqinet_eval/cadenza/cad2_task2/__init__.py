"""CAD2 task 2: classical music for small ensembles, rebalanced."""

from ...audiogram import EARS
from ...registry import ChallengeRecord, OfficialTable
from ..options import OPTIONS, SCENE_NAMES

RECORD = ChallengeRecord(
    name="cad2_task2",
    title="CAD2 task 2, rebalancing classical music",
    adapter=f"{__name__}.adapter:Cad2Task2",
    renderer=f"{__name__}.render:Cad2Task2Renderer",
    mini=f"{__name__}.mini:write_cad2_task2",
    mini_splits=("valid",),
    splits=("valid", "test", "train"),
    split_file="scene_listeners.{split}.json",
    music_dir="audio",
    metadata={
        "music_file": "music.{split}.json",
        "gains_file": "gains.json",
        "enhancer_params_file": "compressor_params.{split}.json",
        "listeners_file": "listeners.{split}.json",
        "scenes_file": "scenes.{split}.json",
        "scene_listeners_file": "scene_listeners.{split}.json",
    },
    options=OPTIONS,
    table=OfficialTable("scene", {f"{ear}_haaqi": (ear, "") for ear in EARS}, "avg_haaqi"),
    official_score="Mean HAAQI of both ears of the remix.",
    file_names=SCENE_NAMES,
    looks=r"^(?:.*/)?(?:train|valid|test|eval)[^/]*/[^/]+_[^_/]+_remix\.flac$",
    rebalanced=True,
    published=f"{__name__}:published.json",
)
