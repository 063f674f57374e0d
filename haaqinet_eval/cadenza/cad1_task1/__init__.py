"""CAD1 task 1: music over headphones; each ear's stems are judged."""

from ...audiogram import EARS
from ...registry import ChallengeRecord, OfficialTable
from ..options import OPTIONS

RECORD = ChallengeRecord(
    name="cad1_task1",
    title="CAD1 task 1, headphones",
    adapter=f"{__name__}.adapter:Cad1Task1",
    renderer=f"{__name__}.render:Cad1Task1Renderer",
    mini=f"{__name__}.mini:write_cad1_task1",
    mini_splits=("valid", "test"),
    splits=("valid", "test", "train"),
    split_file="musdb18.{split}.json",
    music_dir="audio/musdb18hq",
    metadata={
        "music_file": "musdb18.{split}.json",
        "music_segments_test_file": "musdb18.segments.test.json",
        "listeners_file": "listeners.{split}.json",
    },
    options=OPTIONS,
    table=OfficialTable(
        "song",
        {f"{ear}_{stem}": (ear, stem) for stem in ("bass", "drums", "other", "vocals") for ear in EARS},
        "score",
    ),
    official_score="Mean HAAQI of the four stems at both ears.",
    file_names=(r"^(?:.*/)?(?P<listener>[^/]+)/(?P<scene>[^/]+)/(?P=listener)_(?P=scene)_(?P<rest>[^/]+)$",),
    looks=r"^(?:.*/)?(?P<listener>[^/]+)/(?P<song>[^/]+)/(?P=listener)_(?P=song)_[^/]+\.flac$",
    rebalanced=True,  # the target of a stem is that stem alone
    published=f"{__name__}:published.json",
)
