"""CAD2 task 1: recognisers, tables of transcripts, the joint score in tables and in a store."""

import csv
import hashlib
import io
import json
import os
import sys
from importlib.util import find_spec
from types import ModuleType

import cadenza_tree as tree
import pytest
import real_round
import soundfile
from cadenza_tree import config, enhance
from rich.console import Console

from haaqinet_eval.cadenza import load_challenge
from haaqinet_eval.cadenza.cad2_task1.transcribe import Ears
from haaqinet_eval.cadenza.run import run_evaluation, run_merge
from haaqinet_eval.errors import InputError
from haaqinet_eval.lyrics.recognisers import load_recogniser
from haaqinet_eval.lyrics.transcripts import read_transcripts
from haaqinet_eval.registry import RECOGNISERS, RecogniserRecord
from haaqinet_eval.store import open_store, standings

NAME, QUIET = "cad2_task1", Console(quiet=True)
COUNTS = pytest.mark.skipif(find_spec("alt_eval") is None, reason="haaqinet-eval[lyrics] is not installed")


class Whisper(ModuleType):
    """In the package's place; `said` by the names of the files that it was given."""

    def __init__(self, weights: bytes) -> None:
        super().__init__("whisper")
        digest = hashlib.sha256(weights).hexdigest()
        self._MODELS = {"base.en": f"https://example.org/{digest}/base.en.pt"}
        self.loaded, self.heard = [], []

    def load_model(self, name):
        self.loaded.append(name)
        return self

    def transcribe(self, path, **options):
        self.heard.append((os.path.basename(path), options))
        return {"text": " I think you're right." if "_hl_left" in path else " You are."}


@pytest.fixture
def whisper(tmp_path, monkeypatch):
    """Whisper, its weights and ffmpeg, none of them real."""
    monkeypatch.setitem(sys.modules, "whisper", module := Whisper(b"weights"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "cache/whisper").mkdir(parents=True)
    (tmp_path / "cache/whisper/base.en.pt").write_bytes(b"weights")
    program = tmp_path / "bin/ffmpeg"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    return module


class Parrot:
    """A recogniser of somebody else's."""

    def __init__(self, weights, temperature):
        self.version = f"{weights} {temperature}"

    def __call__(self, recording):
        assert soundfile.info(recording).samplerate == 44100
        return "i do"


@COUNTS
def test_another_packages_recogniser(made, monkeypatch):
    record = RecogniserRecord("parrot", f"{__name__}:Parrot", "Says the same of everything.")
    monkeypatch.setitem(RECOGNISERS.ours, "parrot", record)
    table = evaluate(made, recogniser="parrot")
    assert {row["whisper_be"] for row in table} == {str(2 / 7)}
    made_by = {row.made for row in read_transcripts(made["exp"] / "E1/transcripts.csv")}
    assert made_by == {"parrot base.en 0.0, official, 100 dB SPL"}


def without_package(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "whisper", None)


def without_program(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))


def without_weights(monkeypatch, tmp_path):
    (tmp_path / "cache/whisper/base.en.pt").unlink()


def with_other_weights(monkeypatch, tmp_path):
    (tmp_path / "cache/whisper/base.en.pt").write_bytes(b"others")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (without_package, "needs whisper: pip install openai-whisper; or hand in transcripts"),
        (without_program, "needs the program ffmpeg"),
        (without_weights, r"base\.en\.pt: no such file, and nothing is fetched unasked"),
        (with_other_weights, r"base\.en\.pt: is not the official base\.en"),
    ],
)
def test_what_whisper_lacks_is_said_and_nothing_is_fetched(whisper, monkeypatch, tmp_path, change, said):
    change(monkeypatch, tmp_path)
    with pytest.raises(InputError, match=said):
        load_recogniser("whisper")
    assert whisper.loaded == []


def test_weights_of_ones_own_and_unknown_ones(whisper, tmp_path):
    (tmp_path / "mine.pt").write_bytes(b"mine")
    mine = load_recogniser("whisper", str(tmp_path / "mine.pt"))
    assert mine.version != load_recogniser("whisper").version
    with pytest.raises(InputError, match=r"'large' are no file and none of base\.en"):
        load_recogniser("whisper", "large")
    with pytest.raises(InputError, match="recogniser 'siri' is unknown; known: whisper"):
        load_recogniser("siri")


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    """Root, and a folder with one system's files."""
    folder = tmp_path_factory.mktemp("given")
    root = tree.lyrics(folder / "root", 0.6)
    enhance(load_challenge(NAME, config(NAME, root, folder)), folder / "exp/E1/enhanced_signals")
    return root, folder / "exp"


@pytest.fixture
def made(given, tmp_path):
    """The same, with a folder for results."""
    root, exp = given
    return {"root": root, "exp": tmp_path / "exp", "path.signals_folder": str(exp)}


def evaluate(made, console=QUIET, expected=0, **options):
    options = {"path.signals_folder": made["path.signals_folder"], **options}
    code = run_evaluation(NAME, config(NAME, made["root"], made["exp"], **options), console)
    assert code == expected
    return rows(made["exp"] / "E1/scores.csv")


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@COUNTS
def test_whisper_fills_the_official_table_and_goes_on_where_it_stopped(whisper, made):
    table = evaluate(made, recogniser="whisper")
    assert len(whisper.heard) == 6
    assert {tuple(options.items()) for _, options in whisper.heard} == {
        (("fp16", False), ("temperature", 0.0))
    }
    assert {name.rpartition("_hl_")[2] for name, _ in whisper.heard} == {"left.flac", "right.flac"}
    first = table[0]
    assert (first["hypothesis_left"], first["whisper_left"]) == (" I think you're right.", str(5 / 7))
    assert (first["whisper_rigth"], first["whisper_be"]) == (str(1 / 7), str(5 / 7))
    assert float(first["score"]) == pytest.approx(0.4 * 5 / 7 + 0.6 * float(first["haaqi_avg"]))
    path = made["exp"] / "E1/transcripts.csv"
    text = path.read_text()
    path.write_text(text[: text.rindex("S10002")] + 'S10002,L2,right,"torn')
    assert evaluate(made, recogniser="whisper") == table
    assert len(whisper.heard) == 7
    assert len(read_transcripts(path)) == 6


@COUNTS
def test_words_of_other_rules_or_other_audio_are_made_anew(whisper, made, tmp_path):
    import shutil

    copied = tmp_path / "signals"
    shutil.copytree(made["path.signals_folder"], copied)
    made = {**made, "path.signals_folder": str(copied)}
    evaluate(made, recogniser="whisper")
    one = next(copied.rglob("S10001_L1*.flac"))
    tree.write_audio(one, tree.sound(7, 0.6))
    evaluate(made, recogniser="whisper")
    assert [name[:9] for name, _ in whisper.heard[6:]] == ["S10001_L1"] * 2
    made = {**made, "exp": tmp_path / "other"}
    table = evaluate(made, recogniser="whisper", scoring="pyclarity")
    assert {tuple(options) for _, options in whisper.heard[8:]} == {("fp16",)}  # with chance
    assert {row["scoring"] for row in table} == {"pyclarity"}
    assert table[0]["whisper_left"] == str(2 / 6)  # "I" is not "i", "right." not "right"


@COUNTS
def test_batches_are_joined_with_their_words(whisper, made):
    """What Whisper was given is kept, though the ear without a loss is shorter: 0.9 stops there."""
    kept = {"evaluate.save_intermediate": True}
    for batch in (0, 1):
        options = {"path.signals_folder": made["path.signals_folder"], "recogniser": "whisper", **kept}
        options |= {"evaluate.batch": batch, "evaluate.batch_size": 2}
        run_evaluation(NAME, config(NAME, made["root"], made["exp"], **options), QUIET)
    lengths = [soundfile.info(path).frames for path in sorted((made["exp"] / "E1/heard").glob("*_L2_*"))]
    assert max(lengths[::2]) <= 26460 < 26460 + 192 <= min(lengths[1::2])
    run_merge(NAME, made["exp"], 2, QUIET)
    assert len(whisper.heard) == 6
    assert all(row["score"] for row in rows(made["exp"] / "E1/scores.csv"))


def write_transcripts(path, lines, head="scene,listener,ear,text"):
    path.write_text("\n".join([head, *lines]) + "\n")
    return path


ALL = [
    *("S10001,L1,left,I think you're right. I do.", "S10001,L1,right,no"),
    *("S10001,L2,left,", "S10001,L2,right,right", "S10002,L2,left,I", "S10002,L2,right,do"),
]


@COUNTS
def test_transcripts_that_are_handed_in(made, tmp_path):
    path = write_transcripts(tmp_path / "t.csv", ALL)
    console = Console(record=True, quiet=False, file=io.StringIO(), width=300)
    table = evaluate(made, console, recogniser="transcripts", transcripts=str(path))
    mean = sum(float(row["score"]) for row in table) / 3
    assert f"scores.csv: joint score {mean:.4f}, HAAQI" in console.export_text()
    assert [row["whisper_be"] for row in table] == ["1.0", str(1 / 7), str(1 / 7)]
    assert float(table[0]["score"]) == pytest.approx(0.4 + 0.6 * float(table[0]["haaqi_avg"]))
    assert float(table[2]["score"]) == pytest.approx(float(table[2]["haaqi_avg"]))  # alpha is 0


@COUNTS
def test_a_missing_pair_is_named_and_ends_with_1(made, tmp_path):
    """Whoever has an alpha of 0 needs no words: S10002 is not missed."""
    path = write_transcripts(tmp_path / "t.csv", ALL[:3])
    console = Console(record=True, quiet=False, file=io.StringIO(), width=300)
    table = evaluate(made, console, 1, recogniser="transcripts", transcripts=str(path))
    said = console.export_text()
    assert "transcripts lack 1 ear, so there is no mean joint score; first: E1 S10001 L2 right" in said
    assert [bool(row["score"]) for row in table] == [True, False, True]
    whole = write_transcripts(tmp_path / "t4.csv", ALL[:4])
    evaluate(made, recogniser="transcripts", transcripts=str(whole))


def test_a_table_of_somebody_elses_is_not_written_over(whisper, made):
    path = made["exp"] / "E1/transcripts.csv"
    path.parent.mkdir(parents=True)
    text = write_transcripts(path, ALL).read_text()
    with pytest.raises(InputError, match=r"transcripts\.csv: was not written by a recogniser here"):
        evaluate(made, recogniser="whisper")
    assert path.read_text() == text


@pytest.mark.parametrize(
    ("lines", "head", "said"),
    [
        (["S10001,L9,left,oh"], None, "scene 'S10001' and listener 'L9' are no pair of cad2_task1"),
        (["S10001,L1,links,oh"], None, "line 2: column ear: 'links' is neither left nor right"),
        (["S10001,L1,left,a", "S10001,L1,left,b"], None, "line 3: S10001 L1 left stood in line 2"),
        (["S10001,L1,oh"], "scene,listener,text", "lacks the columns ear"),
        (["S10001;L1;left;oh"], "scene;listener;ear;text", "separated by semicolons, not commas"),
        (["S10001,L1,left,oh"], "S10001,L1,right,oh", "lacks the columns scene, listener, ear, text; it has"),
        (["S10001,L1,left,oh, my"], None, "line 2: 5 fields, not 4"),
        (None, None, r"t\.csv: No such file|t\.csv: no such file"),
    ],
)
def test_faults_of_transcripts_are_named(made, tmp_path, lines, head, said):
    path = tmp_path / "t.csv"
    if lines is not None:
        write_transcripts(path, lines, *([head] if head else []))
    with pytest.raises(InputError, match=said):
        evaluate(made, recogniser="transcripts", transcripts=str(path))
    assert not (made["exp"] / "results.csv").exists()  # before anything is scored


def test_options_of_recognisers_that_do_not_fit(made):
    with pytest.raises(InputError, match="'siri'; known: none, transcripts, whisper"):
        evaluate(made, recogniser="siri")
    with pytest.raises(InputError, match="option transcripts is empty"):
        evaluate(made, recogniser="transcripts")


def test_a_stand_in_has_a_table_of_its_own(made):
    table = evaluate(made, stand_in=True)
    assert {row["whisper_be"] for row in table} == {""}
    found = rows(made["exp"] / "E1/stand_in.csv")
    assert list(found[0])[4:] == ["stoi_left", "stoi_right", "stoi_better"]
    assert all(0 < float(row["stoi_better"]) < 1 for row in found)


@COUNTS
def test_join_gives_the_table_that_evaluate_gives(made, tmp_path):
    path = write_transcripts(tmp_path / "t.csv", ALL)
    evaluate(made)
    scores, out = made["exp"] / "E1/scores.csv", tmp_path / "joined.csv"
    said = real_round.call("lyrics", "join", scores, path, "--out", out)
    assert "3 of 3 pairs scored (official)" in said
    table = evaluate(made, recogniser="transcripts", transcripts=str(path))
    assert rows(out) == table
    mean = sum(float(row["score"]) for row in table) / 3
    assert f"joint score        {mean:.4f}" in said
    few = write_transcripts(tmp_path / "few.csv", ALL[:2])
    told = ("lyrics", "join", scores, few, "--out", out)
    assert "no mean: transcripts are missing" in real_round.call(*told, code=1)


def test_ears_for_a_recogniser_elsewhere(made, tmp_path):
    signals, out = f"{made['path.signals_folder']}/E1/enhanced_signals", tmp_path / "ears"
    real_round.call("lyrics", "simulate", signals, "--root", made["root"], "--out", out)
    table = rows(out / "to_transcribe.csv")
    assert len(table) == 6
    assert all((out / row["file"]).is_file() for row in table)
    challenge = load_challenge(NAME, config(NAME, made["root"], tmp_path))
    assert Ears(challenge, True).warning(challenge.pairs()) == ""


def test_a_loss_too_severe_for_the_simulation_is_said(tmp_path):
    root = tree.lyrics(tmp_path, 0.6)
    listeners = root / "metadata/listeners.valid.json"
    people = json.loads(listeners.read_text())
    people["L2"]["audiogram_levels_l"][-1] = 85
    tree.write_json(listeners, people)
    challenge = load_challenge(NAME, config(NAME, root, tmp_path))
    said = Ears(challenge, True).warning(challenge.pairs())
    assert said == "1 listener with more than 80 dB HL: the simulated loss is not realistic"


HAAQI_ONLY = "HAAQI only: the official rank of this challenge needs transcripts (haaqinet lyrics add)"
OFFICIAL = "Joint score of words and HAAQI: ranks as the challenge does; no other score does."


def board(store, monkeypatch):
    """The first table of the board's standings."""
    page = board_page(store, monkeypatch)
    return next(f.value for f in page.dataframe if "HAAQI (intrusive) rank" in f.value)


def board_says(store, monkeypatch):
    """What it says of the challenge's rank."""
    said = [caption.value for caption in board_page(store, monkeypatch).caption]
    return [text for text in said if "official rank" in text or "ranks as the challenge" in text]


def board_page(store, monkeypatch):
    testing = pytest.importorskip("streamlit.testing.v1", reason="streamlit is not installed")
    from leaderboard import labels

    monkeypatch.setenv("HAAQINET_STORE", f"sqlite:///{store}")
    app = str(labels.PAGES.with_name("app.py"))
    page = testing.AppTest.from_file(app, default_timeout=60).run()
    assert not page.exception
    return page


@COUNTS
def test_a_round_with_words_in_a_store(given, tmp_path, monkeypatch):
    root, exp = given
    path = real_round.zipped(exp / "E1/enhanced_signals", tmp_path / "E1.zip")
    store = tmp_path / "store.sqlite"
    common = ("--challenge", NAME, "--root", root)
    told = ("--team=T1", "--system=E1", "--scorer=haaqi", "--store", store, "--now")
    real_round.call("submit", path, *common, *told)
    few = write_transcripts(tmp_path / "few.csv", ALL[:4])
    whole = write_transcripts(tmp_path / "whole.csv", ALL)
    assert board_says(store, monkeypatch) == [HAAQI_ONLY]
    assert HAAQI_ONLY in real_round.call("standings", "--challenge", NAME, "--store", store)
    real_round.call("export-site", "--out", tmp_path / "early", "--store", store)
    assert HAAQI_ONLY in (tmp_path / "early/index.html").read_text()
    (table,) = (tmp_path / "early/cadenza").glob("*.json")
    early = json.loads(table.read_text())
    assert (early["defaultSort"]["field"], early["data"][0]["rank"]) == ("HAAQI", 1)
    fewer = write_transcripts(tmp_path / "fewer.csv", ALL[:3])
    told = ("lyrics", "add", 1, fewer, "--store", store)
    assert "2 pairs with a joint score" in real_round.call(*told, code=1)
    assert board_says(store, monkeypatch) == [HAAQI_ONLY]
    assert "3 pairs with a joint score" in real_round.call("lyrics", "add", 1, few, "--store", store)
    real_round.call("lyrics", "add", 1, whole, "--store", store)
    opened = open_store(str(store))
    found = {entry.scorer: entry for entry in standings(opened, NAME)}
    opened.close()
    assert set(found) == {"haaqi", "joint_score", "words_better_ear"}
    assert found["words_better_ear"].mean == pytest.approx((1 + 1 / 7 + 1 / 7) / 3)
    assert found["joint_score"].rank == 1
    assert found["joint_score"].version.startswith("official-")
    shown = board(store, monkeypatch)
    assert list(shown["Joint score of words and HAAQI rank"]) == [1]
    assert list(shown["HAAQI (intrusive) rank"]) == [1]
    assert next(iter(shown)) == "Joint score of words and HAAQI rank"
    assert board_says(store, monkeypatch) == [OFFICIAL]
    said = real_round.call("standings", "--challenge", NAME, "--store", store)
    assert said.startswith("joint_score official-")
    assert OFFICIAL in said
    assert HAAQI_ONLY not in said
    real_round.call("export-site", "--out", tmp_path / "site", "--store", store)
    page = (tmp_path / "site/index.html").read_text()
    heads = [page.index(f"<h3>{s}, version") for s in ("Joint score of words and HAAQI", "HAAQI (intrusive)")]
    assert heads == sorted(heads)
    assert OFFICIAL in page
    assert HAAQI_ONLY not in page
    assert f"{found['joint_score'].mean:.4f}" in page
    late = json.loads((tmp_path / "site/cadenza" / table.name).read_text())
    assert late["defaultSort"]["field"] == "joint_score"
    (row,) = late["data"]
    wanted = {name: round(found[name].mean, 4) for name in ("joint_score", "words_better_ear")}
    assert {name: row[name] for name in wanted} == wanted
    assert (row["rank"], row["HAAQI"]) == (1, early["data"][0]["HAAQI"])
    assert [c["dataField"] for c in late["format"]][4:7] == ["joint_score", "words_better_ear", "HAAQI"]


@COUNTS
def test_an_official_table_from_elsewhere_brings_its_joint_score(made, tmp_path):
    path = write_transcripts(tmp_path / "t.csv", ALL)
    evaluate(made, recogniser="transcripts", transcripts=str(path))
    store = tmp_path / "store.sqlite"
    real_round.call("import-results", made["exp"] / "results.csv", "--team=ours", "--store", store)
    told = ("--challenge", NAME, "--team=T2", "--system=E2", "--store", store)
    real_round.call("import-scores", made["exp"] / "E1/scores.csv", *told)
    opened = open_store(str(store))
    found = {(entry.scorer, entry.origin) for entry in standings(opened, NAME)}
    opened.close()
    assert found == {
        *(("haaqi", "here"), ("haaqi", "external")),
        *(("joint_score", "external"), ("words_better_ear", "external")),
    }
