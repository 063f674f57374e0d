"""CAD2 task 1: pop and rock whose lyrics are to be understood."""

from ...audiogram import EARS
from ...registry import ChallengeRecord, OfficialTable, PairScore
from ..options import OPTIONS, SCENE_NAMES

WORDS, JOINT = "words_better_ear", "joint_score"  # scorers, in a store, of what the table says besides HAAQI

RECORD = ChallengeRecord(
    name="cad2_task1",
    title="CAD2 task 1, lyrics",
    adapter=f"{__name__}.adapter:Cad2Task1",
    renderer=f"{__name__}.render:Cad2Task1Renderer",
    mini=f"{__name__}.mini:write_cad2_task1",
    mini_splits=("valid",),
    splits=("valid", "test", "train"),
    split_file="scene_listeners.{split}.json",
    music_dir="audio",
    metadata={
        "musics_file": "music.{split}.json",
        "alphas_file": "alpha.json",
        "listeners_file": "listeners.{split}.json",
        "enhancer_params_file": "compressor_params.{split}.json",
        "scenes_file": "scene.{split}.json",
        "scene_listeners_file": "scene_listeners.{split}.json",
    },
    options={
        "input_sample_rate": OPTIONS["input_sample_rate"],
        "remix_sample_rate": 44100,  # Hz
        "HAAQI_sample_rate": OPTIONS["HAAQI_sample_rate"],
        "enhancer": OPTIONS["enhancer"],
        "scoring": "official",
    },
    table=OfficialTable(
        "scene",
        {f"haaqi_{ear}": (ear, "") for ear in EARS},
        "haaqi_avg",
        notes=(
            *("lyrics", "hypothesis_left", "hypothesis_right", "whisper_left", "whisper_rigth"),
            *("alpha", "scoring"),
        ),
        song="",
        others={
            WORDS: PairScore("whisper_be", "Words, better ear"),
            JOINT: PairScore("score", "Joint score of words and HAAQI"),
        },
    ),
    official_score="Alpha times the share of words that Whisper gets at the better ear, plus 1 - alpha times "
    "the mean HAAQI of both ears.",
    file_names=SCENE_NAMES,
    ranked_by=JOINT,
    looks=r"_A[0-9.]+_remix\.flac$",
    rebalanced=True,
    published=f"{__name__}:published.json",
)
