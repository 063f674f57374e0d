"""The ICASSP 2024 grand challenge: pop music at the microphones of hearing aids, rebalanced."""

from ...audiogram import EARS
from ...registry import ChallengeRecord, OfficialTable
from ..options import OPTIONS, SCENE_NAMES

RECORD = ChallengeRecord(
    name="cad_icassp_2024",
    title="ICASSP 2024 grand challenge",
    adapter=f"{__name__}.adapter:CadIcassp2024",
    renderer=f"{__name__}.render:IcasspRenderer",
    mini=f"{__name__}.mini:write_cad_icassp_2024",
    mini_splits=("train", "valid"),
    splits=("train", "valid", "test", "evaluation"),
    split_file="scene_listeners.{split}.json",
    music_dir="audio/at_mic_music",
    metadata={
        "music_file": "at_mic_music.{split}.json",
        "gains_file": "gains.json",
        "listeners_file": "listeners.{split}.json",
        "scenes_file": "scenes.{split}.json",
        "scene_listeners_file": "scene_listeners.{split}.json",
    },
    options=OPTIONS,
    table=OfficialTable("scene", {f"{ear}_score": (ear, "") for ear in EARS}, "score"),
    official_score="Mean HAAQI of both ears of the remix.",
    file_names=SCENE_NAMES,
    looks=r"^[^/]+(?<!_A[0-9]\.[0-9])_remix\.flac$",
    rebalanced=True,
    published=f"{__name__}:published.json",
)
