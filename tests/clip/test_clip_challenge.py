"""CLIP: tables of predictions against what listeners got, from reading to the board."""

import json
import os
import zipfile

import numpy as np
import pytest
import soundfile
from scipy import stats
from typer.testing import CliRunner

from haaqinet_eval.cadenza.mini import make_mini
from haaqinet_eval.cli.commands import app
from haaqinet_eval.clip import mini
from haaqinet_eval.clip.baselines import constant, from_measure, precomputed_scores, read_scores
from haaqinet_eval.clip.labels import read_labels
from haaqinet_eval.clip.logistic import LogisticMap
from haaqinet_eval.clip.measures import evaluate
from haaqinet_eval.clip.predictions import Table, check_predictions, read_predictions, write_evalai
from haaqinet_eval.clip.published import published_systems
from haaqinet_eval.clip.run import run_predictions
from haaqinet_eval.errors import InputError
from haaqinet_eval.io.jsonfile import write_json
from haaqinet_eval.site import site_files
from haaqinet_eval.store import (
    Evaluation,
    System,
    add_token,
    claim,
    evaluations,
    finish_evaluation,
    open_store,
    register_predictions,
    submission,
    submissions,
    submit,
)

SEVERITIES = ("No Loss", "Mild", "Moderate")


def write_root(root, splits=("train", "valid", "eval"), prompts=5, seed=0):
    """A root without audio: three signals a prompt, correctness falls with the loss; eval has none."""
    rng = np.random.default_rng(seed)
    for split in splits:
        records = []
        for prompt in range(prompts):
            for place, severity in enumerate(SEVERITIES):
                record = {
                    "signal": f"{split}{prompt}{place}",
                    "hearing_loss": severity,
                    "prompt": f"p{prompt}",
                }
                record |= {"original_prompt": f"P{prompt}", "n_words": 10}
                if split != "eval":
                    record["correctness"] = round(
                        float(np.clip(0.8 - 0.2 * place + rng.normal(0, 0.2), 0, 1)), 2
                    )
                records.append(record)
        write_json(root / "metadata" / f"{split}_metadata.json", records)
    return root


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return write_root(tmp_path_factory.mktemp("clip"))


@pytest.fixture(scope="module")
def labels(root):
    return read_labels(root, "valid")


def text_of(labels, head="", sep=",", values=None):
    values = np.linspace(10, 90, len(labels.signals)) if values is None else values
    return head + "".join(f"{s}{sep}{v:g}\n" for s, v in zip(labels.signals, values, strict=True))


HEADS = ("", "signal_id, intelligibility_score\n", "signal_ID,intelligibility_score\n", "Signal,Score\n")


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("sep", [",", " , "])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_every_dialect_of_the_challenges_is_read_alike(labels, tmp_path, head, sep, encoding):
    path = tmp_path / "t.csv"
    path.write_text(text_of(labels, head, sep), encoding=encoding)
    table, found = read_predictions(path, labels)
    assert not found
    np.testing.assert_allclose(list(table.values.values()), np.linspace(10, 90, 15), atol=1e-3)


@pytest.mark.parametrize(
    ("change", "code", "says"),
    [
        (lambda t: t + "valid00,3\n", "duplicate_signal", "line 16: valid00 is on line 1 already"),
        (lambda t: t.replace("valid00,10\n", ""), "missing_signal", "valid00 has no prediction"),
        (lambda t: t + "train00,3\n", "unknown_signal", "line 16: train00 is no signal of valid"),
        (lambda t: t.replace("valid00,10", "valid00,ERROR"), "not_a_number", "line 1: 'ERROR' is no number"),
        (lambda t: t.replace("valid00,10", "valid00,nan"), "not_a_number", "line 1: 'nan' is no number"),
        (lambda t: t.replace("valid00,10", "valid00,1_0"), "not_a_number", "line 1: '1_0' is no number"),
        (
            lambda t: t.replace("valid00,10", "valid00,-0.5"),
            "out_of_range",
            "line 1: -0.5 is outside 0 to 100 %",
        ),
        (lambda t: t.replace("valid00,10", "valid00,100.1"), "out_of_range", "line 1: 100.1 is outside"),
        (lambda t: t.replace("valid00,10", "valid00,10,x"), "no_table", "line 1: 3 columns"),
        (lambda t: t.replace(",", ";"), "no_table", "use commas, not ';'"),
        (lambda t: "", "no_table", "the table is empty"),
        (lambda t: "valid00,3\n", "missing_signal", "14 signals have no prediction: valid01, …"),
        (lambda t: "".join(f"x{i},1\n" for i in range(10_000)), "no_table", "valid has 15 signals only"),
    ],
)
def test_faults_of_a_table_are_told_with_line_and_value(labels, change, code, says):
    _, found = check_predictions(change(text_of(labels)), "t.csv", labels)
    assert any(item.code == code and item.severity == "error" and says in item.message for item in found)


def test_what_is_no_table_is_refused_at_once(labels, tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    with zipfile.ZipFile(tmp_path / "table.zip", "w") as file:
        file.writestr("t.csv", "a,1")
    for name, says in {
        "pipe.csv": "no ordinary file",
        "table.zip": "is a zip",
        ".": "no ordinary",
        "x": "no such",
    }.items():
        with pytest.raises(InputError, match=says):
            read_predictions(tmp_path / name, labels)


def test_shares_instead_of_per_cent_and_constants_are_warned_of(labels):
    _, found = check_predictions(text_of(labels, values=np.linspace(0, 1, 15)), "t.csv", labels)
    assert [(item.severity, item.code) for item in found] == [("warning", "scale_0_to_1")]
    _, found = check_predictions(text_of(labels, values=np.full(15, 50)), "t.csv", labels)
    assert [(item.severity, item.code) for item in found] == [("warning", "constant_predictions")]


def test_measures_are_those_of_the_challenges_scripts(labels):
    """RMSE, Std, NCC and KT as CLIP1's evaluate.py defines them; mae and scc as CLIP2's test.py."""
    predicted = np.random.default_rng(1).uniform(0, 100, 15)
    whole, *groups = evaluate(Table("t", dict(zip(labels.signals, predicted, strict=True))), labels)
    truth = np.array([s.correctness for s in labels.signals.values()])
    assert whole.rmse == pytest.approx(np.sqrt(np.mean((predicted - truth) ** 2)))
    assert whole.standard_error == pytest.approx(np.std(predicted - truth) / np.sqrt(15))
    assert whole.ncc == pytest.approx(stats.pearsonr(predicted, truth).statistic)
    assert whole.kendall == pytest.approx(stats.kendalltau(predicted, truth).statistic)
    assert whole.spearman == pytest.approx(stats.spearmanr(predicted, truth).statistic)
    assert whole.mae == pytest.approx(np.mean(np.abs(predicted - truth)))
    assert whole.low < whole.rmse < whole.high
    assert [g.group for g in groups] == list(SEVERITIES)
    assert whole.rmse**2 == pytest.approx(np.mean([g.rmse**2 for g in groups]))
    same = evaluate(Table("t", {s.name: s.correctness for s in labels.signals.values()}), labels)[0]
    assert (same.rmse, same.ncc) == (0, pytest.approx(1))
    flat = evaluate(Table("t", dict.fromkeys(labels.signals, 50.0)), labels)[0]
    assert (flat.ncc, flat.kendall, flat.spearman) == (None, None, None)


def test_interval_of_the_error_covers_the_truth_as_often_as_it_says(tmp_path):
    """Errors of known size, alike within a prompt: of 60 draws at least 48 hold it (95 % would be 57)."""
    held = 0
    for seed in range(60):
        labels = read_labels(write_root(tmp_path / str(seed), ("valid",), prompts=40, seed=seed), "valid")
        rng = np.random.default_rng(seed)
        error = np.repeat(rng.normal(0, 5, 40), 3)
        values = {s.name: s.correctness + e for s, e in zip(labels.signals.values(), error, strict=True)}
        whole = evaluate(Table("t", values), labels)[0]
        held += whole.low <= 5 <= whole.high
    assert held >= 48


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("hearing_loss", "Severe", "record 2: hearing_loss 'Severe' is none of No Loss, Mild, Moderate"),
        ("correctness", 66.7, "record 2: correctness 66.7 is not between 0 and 1"),
        ("correctness", True, "record 2: correctness True is not"),
        ("signal", "valid00", "record 2: signal 'valid00' is there twice"),
        ("prompt", None, "record 2: prompt None is no text"),
    ],
)
def test_faults_of_the_metadata_name_file_record_and_value(tmp_path, field, value, says):
    path = write_root(tmp_path) / "metadata" / "valid_metadata.json"
    records = json.loads(path.read_text())
    records[1][field] = value
    write_json(path, records)
    with pytest.raises(InputError, match=says) as error:
        read_labels(tmp_path, "valid")
    assert "valid_metadata.json" in str(error.value)


def test_labels_are_the_mean_of_several_listeners_or_the_organisers_file(tmp_path):
    write_root(tmp_path)
    assert not read_labels(tmp_path, "eval").known
    names = list(read_labels(tmp_path, "eval").signals)
    answers = {name: [{"correctness": 0.25}, {"correctness": 0.75}, {"correctness": 0.5}] for name in names}
    write_json(tmp_path / "metadata" / "eval_responses.json", answers)
    assert {s.correctness for s in read_labels(tmp_path, "eval").signals.values()} == {50.0}
    records = json.loads((tmp_path / "metadata" / "eval_metadata.json").read_text())
    write_json(
        tmp_path / "metadata" / "eval_metadata_evalai.json", [{**r, "correctness": 0.1} for r in records]
    )
    assert {s.correctness for s in read_labels(tmp_path, "eval").signals.values()} == {10.0}
    with pytest.raises(InputError, match="it has the splits eval, train, valid"):
        read_labels(tmp_path, "test")
    with pytest.raises(InputError, match="no root of CLIP"):
        read_labels(tmp_path / "metadata", "valid")


def test_logistic_map_finds_the_curve_it_was_given():
    x = np.linspace(0, 1, 50)
    curve = LogisticMap.fit(x, 100 / (1 + np.exp(-9 * (x - 0.4))))
    assert (curve.x0, curve.k) == (pytest.approx(0.4), pytest.approx(9))
    np.testing.assert_allclose(curve([0.4, -100, 100]), [50, 0, 100], atol=1e-6)
    with pytest.raises(InputError, match="labels are 0 to 1"):
        LogisticMap.fit(x, x)
    with pytest.raises(InputError, match="3 finite points"):
        LogisticMap.fit([0, np.nan, 1], [0, 50, 100])


def test_baselines(root, labels, tmp_path):
    train = read_labels(root, "train")
    truth = {s.name: s.correctness for s in train.signals.values()}
    assert list(constant(train, labels).values()) == [pytest.approx(np.mean(list(truth.values())))] * 15
    by_loss = constant(train, labels, by_severity=True)
    mild = [s.correctness for s in train.signals.values() if s.severity == "Mild"]
    assert by_loss["valid01"] == pytest.approx(np.mean(mild))
    with pytest.raises(InputError, match="eval has no labels to learn from"):
        constant(read_labels(root, "eval"), labels)
    scores = {s.name: s.correctness / 100 for split in (train, labels) for s in split.signals.values()}
    lines = "".join(json.dumps({"signal": s, "mine": v}) + "\n" for s, v in scores.items())
    (tmp_path / "scores.jsonl").write_text(lines)
    predicted = from_measure(read_scores(tmp_path / "scores.jsonl"), train, labels)
    assert evaluate(Table("t", predicted), labels)[0].ncc > 0.95
    with pytest.raises(InputError, match=r"stoi: train00 of train has no score \(15 lack one\)"):
        from_measure({}, train, labels, "stoi")
    for bad in ('{"signal": "a"}', '{"signal": "a", "x": "b"}', "[]", '{"signal": "a", "x": NaN}'):
        (tmp_path / "bad.jsonl").write_text(bad)
        with pytest.raises(InputError, match=r"bad\.jsonl, line 1"):
            read_scores(tmp_path / "bad.jsonl")


def test_scores_that_pyclarity_carries_are_all_there():
    assert {m: [len(precomputed_scores(m, s)) for s in ("train", "valid")] for m in ("stoi", "whisper")} == {
        "stoi": [8802, 1175],
        "whisper": [8802, 1175],
    }
    with pytest.raises(InputError, match="no scores of eval"):
        precomputed_scores("stoi", "eval")


def test_published_systems_are_the_29_of_the_site():
    systems = published_systems("clip1")
    assert len(systems) == 29
    assert [s.eval_rmse for s in systems] == sorted(s.eval_rmse for s in systems)
    assert [(s.name, s.rank) for s in systems if s.baseline] == [("BL Whisper", 17), ("BL STOI", 27)]
    assert published_systems("clip2") == []


def test_evalai_gets_no_head_no_blanks_and_the_order_of_the_metadata(labels, tmp_path):
    values = dict(zip(reversed(labels.signals), np.linspace(0, 100, 15), strict=True))
    write_evalai(Table("t", values), labels, tmp_path / "e.csv")
    lines = (tmp_path / "e.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in lines] == list(labels.signals)
    assert lines[0] == "valid00,100"
    with pytest.raises(InputError, match="has no prediction"):
        write_evalai(Table("t", {}), labels, tmp_path / "e.csv")


def run(*args, code=0):
    done = CliRunner().invoke(app, [str(a) for a in args], catch_exceptions=False)
    assert done.exit_code == code, done.output
    return done.output


def test_a_round_from_tables_to_standings_and_site(root, labels, tmp_path):
    """Handed in, judged at once, ranked by error; what is refused has no rank; private stays private."""
    store = tmp_path / "s.sqlite"
    given = ("--challenge", "clip1", "--root", root, "--store", store)
    for name, noise in (("good", 5.0), ("bad", 30.0)):
        rng = np.random.default_rng(3)
        truth = np.array([s.correctness for s in labels.signals.values()])
        (tmp_path / name).write_text(
            text_of(labels, values=np.clip(truth + rng.normal(0, noise, 15), 0, 100))
        )
        told = run("submit", tmp_path / name, *given, "--split", "valid", "--team", "T1", "--system", name)
        assert "scored" in told
    (tmp_path / "broken").write_text("valid00,3\n")
    told = run(
        "submit", tmp_path / "broken", *given, "--split", "valid", "--team", "T2", "--system", "x", code=1
    )
    assert "missing_signal" in told
    again = run("submit", tmp_path / "good", *given, "--split", "valid", "--team", "T1", "--system", "good")
    assert "the same bytes were handed in before" in again
    run("submit", tmp_path / "good", *given, "--split", "valid", "--team", "T9", "--system", "good", code=1)
    whole = run("standings", "--challenge", "clip1", "--split", "valid", "--store", store, "--json")
    records = json.loads(whole)
    assert [(r["rank"], r["system"]) for r in records] == [(1, "good"), (2, "bad")]
    assert records[0]["rmse"] < 8 < records[1]["rmse"]
    assert set(records[0]["by_hearing_loss"]) == set(SEVERITIES)

    evals = read_labels(root, "eval")
    (tmp_path / "e").write_text(text_of(evals))
    told = run("submit", tmp_path / "e", *given, "--team", "T1", "--system", "good")
    assert "queued" in told
    assert "the labels of eval are not there" in told
    opened = open_store(str(store))
    waiting = next(e for e in submissions(opened) if e.split == "eval")
    run("worker", "--once", "--store", store, code=1)
    assert "labels of eval are not there" in submission(opened, waiting.id).reason
    kept = root / "metadata" / "eval_metadata_evalai.json"
    records = json.loads((root / "metadata" / "eval_metadata.json").read_text())
    write_json(kept, [{**r, "correctness": 0.123} for r in records])
    try:
        run("rescore", waiting.id, "--store", store, "--now")
    finally:
        kept.unlink()
    assert submission(opened, waiting.id).state == "scored"
    told = run("standings", "--challenge", "clip1", "--split", "eval", "--store", store)
    assert "clip1 (eval) is private: these scores are for its organisers only" in told
    ((_, (whole, *_)),) = evaluations(opened, "clip1", "eval")
    files = site_files(opened)
    shown = "".join(files.values())
    assert "good" in files["index.html"]
    assert "private" in files["index.html"]
    assert f"{whole.measures['rmse']:.4f}" not in shown
    assert str(whole.measures["rmse"]) not in shown


def test_validate_judges_where_labels_are_there(root, labels, tmp_path):
    (tmp_path / "t.csv").write_text(text_of(labels))
    told = run("validate", tmp_path / "t.csv", "--challenge", "clip1", "--root", root, "--split", "valid")
    assert "accepted" in told
    assert "Moderate" in told
    record = json.loads(
        run(
            "validate",
            tmp_path / "t.csv",
            "--challenge",
            "clip2",
            "--root",
            root,
            "--split",
            "valid",
            "--json",
        )
    )
    assert record["measures"][0]["signals"] == 15
    out = run("export", tmp_path / "t.csv", "--challenge", "clip1", "--root", root, "--split", "valid",
              "--to", "evalai", "--out", tmp_path / "e.csv")  # fmt: skip
    assert "15 signals" in out
    with pytest.raises(InputError, match="known: evalai"):
        run("export", tmp_path / "t.csv", "--challenge", "clip1", "--root", root, "--to", "x", "--out", "y")
    assert "T045" in run("standings", "--challenge", "clip1", "--published")


@pytest.mark.parametrize("name", ["clip1", "clip2"])
def test_the_mini_challenge_runs_through_the_recipe_to_a_table_that_is_taken(name, tmp_path, monkeypatch):
    monkeypatch.setattr(mini, "SIZES", {"train": 4, "valid": 2, "eval": 1})
    root = make_mini(name, tmp_path / "root")
    labels = read_labels(root, "valid")
    assert labels.known
    assert not read_labels(root, "eval").known
    for signal in labels.signals:
        heard = soundfile.info(root / "valid/signals" / f"{signal}.flac")
        plain = soundfile.info(root / "valid/unprocessed" / f"{signal}_unproc.flac")
        assert (heard.samplerate, heard.channels, heard.subtype) == (44_100, 2, "PCM_16")
        assert heard.frames == plain.frames
    systems = ["constant_by_severity", *(["ear"] if name == "clip2" else [])]
    options = {"challenge": name, "split": "valid", "train_split": "train", "system": systems, "scores": []}
    run_predictions({**options, "team": "E1", "path": {"root": "root", "exp_folder": "exp"}}, tmp_path)
    for system in systems:
        (path,) = (tmp_path / "exp" / system).glob("*.csv")
        assert path.name == f"ICASSP{'2026' if name == 'clip1' else '2027'}_valid_E1.csv"
        told = run("validate", path, "--challenge", name, "--root", root, "--split", "valid")
        assert "accepted: 0 errors, 0 warnings" in told
    with pytest.raises(InputError, match="system 'x' is unknown; known: constant"):
        run_predictions({**options, "system": "x", "path": {"root": "root", "exp_folder": "e"}}, tmp_path)


def test_the_board_shows_public_splits_to_all_and_private_ones_to_organisers(root, tmp_path, monkeypatch):
    pytest.importorskip("streamlit", reason="streamlit is not installed")
    from streamlit.testing.v1 import AppTest

    from leaderboard import labels

    store = open_store(str(tmp_path / "s.sqlite"))
    measures = {"rmse": 12.3456, "low": 11.0, "high": 13.0, "standard_error": 1.0, "ncc": 0.5, "kendall": 0.4}
    for split, private in (("valid", False), ("eval", True)):
        settings = {"root": str(root), "signals": 15, "sha256": "", "private": private}
        register_predictions(store, "clip1", split, settings)
        submit(store, "clip1", System("T", "E"), sha256=split, scorers=["rmse"], split=split)
        found = [Evaluation("all", 15, measures), Evaluation("Mild", 5, {"rmse": 9.0})]
        finish_evaluation(store, claim(store, "w"), found, {})
    token = add_token(store, "olga")
    store.close()
    monkeypatch.setenv("HAAQINET_STORE", f"sqlite:///{tmp_path / 's.sqlite'}")
    page = AppTest.from_file(str(labels.PAGES.with_name("app.py")), default_timeout=60)
    page.query_params.update(challenge="clip1 (valid)")
    page.run()
    assert not page.exception
    standing, published = (frame.value for frame in page.dataframe)
    assert standing["RMSE (%)"].tolist() == [12.3456]
    assert standing["RMSE, Mild"].tolist() == [9.0]
    assert len(published) == 29
    page.selectbox(key="challenge").set_value("clip1 (eval)").run()
    assert not page.exception
    assert not page.dataframe  # a page with scores is not among those of a private split
    assert "private" in page.info[0].value
    page.switch_page(str(labels.PAGES / "status.py")).run()
    assert not page.exception
    page.text_input(key="token").set_value(token).run()
    page.switch_page(str(labels.PAGES / "predictions.py")).run()
    assert page.dataframe[0].value["RMSE (%)"].tolist() == [12.3456]
