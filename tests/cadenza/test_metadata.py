"""Metadata: what is wrong in a file is said with the file, the field and the value."""

import json

import cadenza_tree as tree
import pytest

from haaqinet_eval import InputError
from haaqinet_eval.cadenza import CHALLENGES, load_challenge
from haaqinet_eval.cadenza.challenge import select_pairs
from haaqinet_eval.cadenza.metadata import Table, check_name, option
from haaqinet_eval.registry import challenge_record


def edit(path, change) -> None:
    """Change a JSON file in place."""
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def put(new: dict):
    """A change of all of a file's content."""
    return lambda content: (content.clear(), content.update(new))


def load(name, root, **overrides):
    return load_challenge(name, tree.config(name, root, root / "exp", **overrides), {})


@pytest.fixture(scope="module", params=CHALLENGES)
def any_root(request, tmp_path_factory):
    return request.param, tree.BUILDERS[request.param](tmp_path_factory.mktemp("root"), 0.5)


@pytest.fixture
def icassp(tmp_path):
    return tree.icassp(tmp_path, 0.5)


def test_pairs_in_the_order_of_the_files(tmp_path):
    pairs = load("cad_icassp_2024", tree.icassp(tmp_path / "a", 0.5)).pairs()
    assert [(p.scene, p.listener) for p in pairs] == [("scene_1", "L2"), ("scene_1", "L1"), ("scene_2", "L1")]
    assert pairs[0].song == "Artist - One-hlp_0001"
    pairs = load("cad1_task1", tree.cad1(tmp_path / "b", 0.5)).pairs()
    assert [(p.scene, p.song, p.listener) for p in pairs] == [
        ("Band - Song",) * 2 + (id,) for id in tree.LISTENERS
    ]


@pytest.mark.parametrize(
    ("file", "change", "said"),
    [
        ("scenes.train", lambda c: c.pop("scene_2"), "scenes.train.json: there is no 'scene_2'"),
        ("scenes.train", lambda c: c["scene_1"].pop("gain"), "scene_1: field 'gain' is missing"),
        ("scenes.train", lambda c: c["scene_1"].update(music=7), "scene_1: field 'music' is 7, not text"),
        ("gains", lambda c: c.pop("gain_1"), "scene_1: field 'gain' is 'gain_1', which is not in"),
        ("gains", lambda c: c["gain_1"].update(bass="3"), "gain_1: field 'bass' is '3', not a number"),
        ("gains", lambda c: c["gain_1"].update(bass=float("nan")), "'bass' is nan, not a finite number"),
        (
            "gains",
            lambda c: c["gain_1"].update(bass=300),
            "gain_1: field 'bass' is 300 dB, outside [-60, 40]",
        ),
        (
            "gains",
            lambda c: c["gain_1"].update(vocal=3),
            "gain_1: field 'vocal' is no stem; there are: drums, bass",
        ),
        ("at_mic_music.train", put({}), "there is no 'Artist - One-hlp_0001'"),
        ("scene_listeners.train", put({"scene_1": ["L9"]}), "scene_1: listener 'L9' is not in"),
        ("scene_listeners.train", put({"scene_1": ["L1", "L1"]}), "scene_1 lists a listener twice"),
        ("scene_listeners.train", put({"scene_1": "L1"}), "scene_1 is 'L1', not a list"),
        ("scene_listeners.train", put({"../x": ["L1"]}), "'../x', which cannot be part of a file name"),
        ("listeners.train", lambda c: c["L1"].update(name="L7"), "listener 'L1' has the name 'L7'"),
        ("listeners.train", lambda c: c["L1"].pop("audiogram_cfs"), "L1: field 'audiogram_cfs'"),
    ],
)
def test_faults_are_named(icassp, file, change, said):
    edit(icassp / f"metadata/{file}.json", change)
    with pytest.raises(InputError, match=r"\.json") as error:
        load("cad_icassp_2024", icassp).pairs()
    assert said in str(error.value)


def test_music_stays_below_its_folder(icassp):
    edit(
        icassp / "metadata/at_mic_music.train.json",
        lambda c: [r.update(Path="../../x") for r in c.values()] and None,
    )
    challenge = load("cad_icassp_2024", icassp)
    with pytest.raises(InputError, match="not below music_dir"):
        challenge.folder("Artist - One-hlp_0001")


@pytest.mark.parametrize(
    ("file", "change", "said"),
    [
        (
            "compressor_params.valid",
            lambda c: c["L1"].update(cr_l=[1, 2]),
            "ratio: .* are not 6 numbers",
        ),
        (
            "compressor_params.valid",
            lambda c: c["L1"].update(cr_r=[0] * 6),
            "ratio: 0 is not above 0",
        ),
        ("compressor_params.valid", lambda c: c.pop("L2"), "there is no 'L2'"),
        ("gains", lambda c: c["gain_1"].pop("source_2"), "gain_1: field 'source_2' is missing"),
        ("gains", lambda c: c["gain_1"].update(source_1=-61), "gain_1: field 'source_1' is -61 dB, outside"),
        ("gains", lambda c: c["gain_1"].update(violin=3), "field 'violin' is no stem; there are: source_1"),
        ("scenes.valid", lambda c: c["S50001"].pop("music"), "S50001: field 'music' is missing"),
    ],
)
def test_faults_of_cad2(tmp_path, file, change, said):
    root = tree.cad2(tmp_path, 0.5)
    edit(root / f"metadata/{file}.json", change)
    with pytest.raises(InputError, match=said):
        load("cad2_task2", root).pairs()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ([{"Track Name": "A", "Split": "train"}] * 2, "entry 1: 'A' is there twice"),
        ([{"Track Name": "A"}], "entry 0: field 'Split' is None"),
        ([{"Track Name": "a/b", "Split": "test"}], "'a/b', which cannot be part of a file name"),
        ({}, "expected a list, not dict"),
    ],
)
def test_faults_of_cad1(tmp_path, content, said):
    root = tree.cad1(tmp_path, 0.5)
    tree.write_json(root / "metadata/musdb18.valid.json", content)
    with pytest.raises(InputError, match=said):
        load("cad1_task1", root)


def test_missing_files_and_folders(any_root):
    name, root = any_root
    with pytest.raises(InputError, match=r"listeners_file|nowhere\.json: no such file"):
        load(name, root, **{"path.listeners_file": str(root / "nowhere.json")})
    with pytest.raises(InputError, match=r"option path\.music_dir: .*nowhere is no folder"):
        load(name, root, **{"path.music_dir": str(root / "nowhere")})


def test_batches_share_out_all_pairs(any_root):
    name, root = any_root
    challenge = load(name, root)

    def select(**overrides):
        made = {f"evaluate.{key}": value for key, value in overrides.items()}
        return select_pairs(challenge, tree.config(name, root, root / "exp", **made))

    assert select() == challenge.pairs()
    assert select(batch_size=2) == challenge.pairs()[::2]
    assert select(batch=1, batch_size=2) == challenge.pairs()[1::2]
    assert select(small_test=True) == challenge.pairs()[:1]
    with pytest.raises(InputError, match=r"evaluate\.batch is 2; with 2 batches it is 0 to 1"):
        select(batch=2, batch_size=2)
    with pytest.raises(InputError, match=r"evaluate\.batch_size is 0"):
        select(batch_size=0)
    with pytest.raises(InputError, match=r"evaluate\.small_test is 'yes', not true or false"):
        select(small_test="yes")


def test_scenes_listeners_and_a_limit_may_be_chosen(icassp):
    challenge = load("cad_icassp_2024", icassp)

    def select(**overrides):
        made = {f"evaluate.{key}": value for key, value in overrides.items()}
        return select_pairs(challenge, tree.config("cad_icassp_2024", icassp, icassp / "exp", **made))

    _, second, third = challenge.pairs()
    assert select(scenes=["scene_2"]) == select(scenes="scene_2") == [third]
    assert select(listeners=["L1"]) == [second, third]
    assert select(listeners="L1", limit=1) == select(scenes="scene_1", listeners="L1") == [second]
    assert select(limit=2, batch=1, batch_size=2) == [second]
    for wrong, said in (
        (
            {"scenes": ["scene_1", "x"]},
            r"evaluate\.scenes: there is no scene 'x' to score; there are: scene_1, sc",
        ),
        ({"scenes": "scene_2", "listeners": "L2"}, r"evaluate\.listeners: there is no listener 'L2'.*: L1$"),
        ({"scenes": 3}, r"evaluate\.scenes is 3, not a list"),
        ({"limit": 0}, r"evaluate\.limit is 0; it is the number of pairs"),
        ({"limit": True}, r"evaluate\.limit is True, not a whole number"),
    ):
        with pytest.raises(InputError, match=said):
            select(**wrong)


def test_small_test_takes_pyclaritys_stride():
    assert {load_stride(name): name for name in CHALLENGES}.keys() == {15, 400}
    assert load_stride("cad2_task2") == 400


def load_stride(name):
    return challenge_record(name).find("adapter").small_test_stride


def test_options_and_names():
    with pytest.raises(InputError, match=r"option evaluate\.batch is missing"):
        option({"evaluate": {}}, "evaluate.batch", int)
    with pytest.raises(InputError, match="is True, not a whole number"):
        option({"batch": True}, "batch", int)
    for bad in ("", ".", "..", "a/b", "a\\b", 3, None):
        with pytest.raises(InputError, match="thing is"):
            check_name(bad, "thing")
    with pytest.raises(InputError, match="challenge 'cad9' is unknown; known: cad_icassp_2024"):
        load_challenge("cad9", {})


def test_files_that_are_no_json(tmp_path):
    path = tmp_path / "x.json"
    for text in ("{", "[" * 100_000, "\ufeff\x00"):
        path.write_text(text)
        with pytest.raises(InputError, match=r"x\.json: not a JSON file"):
            Table(path)
    path.write_text("[]")
    with pytest.raises(InputError, match=r"x\.json: expected an object, not list"):
        Table(path)
