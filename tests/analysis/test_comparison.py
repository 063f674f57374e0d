"""`haaqinet compare`, `worst` and `export`: against plain numbers, from files and from a store."""

import json
from dataclasses import replace

import numpy as np
import pytest
import yaml
from commands import run

from haaqinet_eval.audiogram import Audiogram, Listener, write_listeners
from haaqinet_eval.scores import Score, write_scores
from haaqinet_eval.store import import_results, open_store, submissions
from haaqinet_eval.trials import Trial

LISTENERS = {"L1": Listener("L1", Audiogram.flat(10), Audiogram.flat(10)),
             "L2": Listener("L2", Audiogram.flat(70), Audiogram.flat(70)),
             "L3": Listener("L3", Audiogram.flat(45), Audiogram.flat(45))}  # fmt: skip
SCENES = [f"s{n}" for n in range(6)]


def table(system, offset, rng, scorer="haaqi", version="1", **more):
    """Rows whose score is lower for L2's right ear, whose fine structure is low in scene s3."""
    rows = []
    for scene in SCENES:
        for listener in LISTENERS:
            for ear in ("left", "right"):
                low = 0.3 if (listener, ear) == ("L2", "right") else 0.0
                value = 0.6 + offset - low + 0.02 * rng.standard_normal()
                sync = 0.5 - (0.3 if scene == "s3" else 0.0) + 0.01 * rng.standard_normal()
                parts = {"mel_cepstral_high": value, "bm_sync5": sync, "d_loud": 0.9, "d_norm": 0.9}
                key = Trial("cad_icassp_2024", system, scene, f"song {scene}", listener, ear)
                rows.append(Score(key, scorer, version, value, parts, **more))
    return rows


@pytest.fixture
def made(tmp_path):
    """Results of two systems; the second has no score for one trial, and the first none for two."""
    rng = np.random.default_rng(0)
    first, second = table("mine", 0.05, rng), table("base", 0.0, rng)
    for rows, places in ((first, (0, 1)), (second, (5,))):
        for i in places:
            rows[i] = Score(rows[i].trial, "haaqi", "1", None, error="missing_file", message="no file")
    write_scores(tmp_path / "results.csv", [*first, *second])
    write_listeners(tmp_path / "listeners.json", LISTENERS.values())
    record = {"expected": 72, "systems": ["mine", "base"], "scorers": {"haaqi": "1"},
              "config": {"path": {"listeners_file": str(tmp_path / "listeners.json")}}}  # fmt: skip
    (tmp_path / "run.json").write_text(json.dumps({"runs": [record]}))
    return tmp_path, first, second


def test_differences_are_those_of_the_trials_that_both_have(made, capsys):
    folder, first, second = made
    code, out, _ = run(capsys, "compare", f"{folder}:mine", f"{folder}/results.csv:base", "--json")
    assert code == 0
    found = json.loads(out)
    pairs = [(a, b) for a, b in zip(first, second, strict=True) if not a.failed and not b.failed]
    assert (len(pairs), found["alone"]) == (33, [1, 2])
    groups = {(g["kind"], g["name"]): g for g in found["groups"]}
    for (kind, name), group in groups.items():
        if kind in ("ear", "listener", "scene"):
            mine = [a.score - b.score for a, b in pairs if getattr(a.trial, kind) == name]
        elif kind == "severity":
            mine = [a.score - b.score for a, b in pairs if LISTENERS[a.trial.listener].severity_humes == name]
        elif kind == "part":
            mine = [a.parts[name] - b.parts[name] for a, b in pairs]
        else:
            mine = [a.score - b.score for a, b in pairs]
        assert (group["n"], group["difference"]) == (len(mine), pytest.approx(np.mean(mine)))
    whole = groups["all", "all"]
    assert whole["low"] < 0.05 < whole["high"]
    assert whole["p"] < 0.01
    assert {kind for kind, _ in groups} == {"all", "ear", "severity", "listener", "scene", "part"}
    differences = [t["first"] - t["second"] for t in found["trials"]]
    assert differences == sorted(differences)
    code, out, _ = run(capsys, "compare", f"{folder}:base", f"{folder}:mine", "--most", 1)
    assert code == 0
    assert f"Difference {-whole['difference']:+.3f}" in out
    assert "Left out, as the second system alone has a score: 1 trial." in out
    assert "listener (2 of 3)" in out


def test_of_the_worst_it_is_said_what_is_low(made, capsys):
    folder, first, _ = made
    code, out, _ = run(capsys, "worst", f"{folder}:mine", "--json")
    found = json.loads(out)
    scored = [s for s in first if not s.failed]
    assert (code, found["failed"], found["n"]) == (0, {"missing_file": 2}, 34)
    assert found["mean"] == pytest.approx(np.mean([s.score for s in scored]))
    assert [t["score"] for t in found["trials"]] == sorted(s.score for s in scored)[:10]
    assert {(t["listener"], t["ear"]) for t in found["trials"][:6]} == {("L2", "right")}
    assert {t["low_part"] for t in found["trials"] if t["scene"] == "s3"} == {"bm_sync5"}
    assert found["trials"][0]["severity"] == LISTENERS["L2"].severity_humes
    assert next(g for g in found["groups"] if g["kind"] == "listener")["name"] == "L2"
    code, out, _ = run(capsys, "worst", f"{folder}:mine", "--most", 6)
    assert code == 0
    assert "Without a score: missing_file 2" in out
    assert "bm_sync5: fine structure" in out


def test_a_store_gives_the_same(made, capsys):
    folder, *_ = made
    url = f"sqlite:///{folder / 'store.sqlite'}"
    import_results(open_store(url), folder / "results.csv", team="T", expected=36)
    numbers = {entry.system.name: entry.id for entry in submissions(open_store(url))}
    _, here, _ = run(capsys, "compare", f"{folder}:mine", f"{folder}:base", "--json")
    code, there, _ = run(capsys, "compare", numbers["mine"], numbers["base"], "--store", url, "--json")
    assert code == 0
    given, stored = (
        {(g["kind"], g["name"]): g for g in json.loads(text)["groups"]} for text in (here, there)
    )
    for key in given:
        if key[0] != "severity":
            assert stored[key] == pytest.approx(given[key])


def test_mistakes_are_one_line(made, capsys):
    folder, first, _ = made
    other = folder / "other"
    other.mkdir()
    write_scores(other / "results.csv", table("new", 0.0, np.random.default_rng(1), version="2"))
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    moved = [Score(replace(s.trial, scene="t"), "haaqi", "1", s.score) for s in first[2:4]]
    write_scores(elsewhere / "results.csv", moved)
    for arguments, said in (
        (("compare", folder, f"{folder}:base"), f"holds 2 systems; write {folder}:SYSTEM, one of base, mine"),
        (("compare", f"{folder}:min", f"{folder}:base"), "has no system 'min'; it has base, mine"),
        (("compare", f"{folder}:mine", other), "haaqi: versions 1 and 2 do not compare; score again"),
        (
            ("compare", f"{folder}:mine", elsewhere),
            "they have 34 trials and 2 trials",
        ),
        (("worst", f"{folder}:mine", "--scorer", "haaqinet"), "'mine' has no score of haaqinet"),
        (("worst", folder / "none.csv"), "no such file"),
        (("worst", "seven", "--store", f"sqlite:///{folder}/s.sqlite"), "'seven' is no number"),
    ):
        code, out, err = run(capsys, *arguments)
        assert (code, out, err.count("\n")) == (2, "", 1), err
        assert said in err


def test_several_runs_are_shown_in_one_table(made, capsys):
    folder, rng = made[0], np.random.default_rng(5)
    other = folder / "other"
    other.mkdir()
    runs = {folder: [table("mine", 0.05, rng), table("base", 0.0, rng)], other: [table("mine", 0.15, rng)]}
    for place, systems in runs.items():
        write_scores(place / "results.csv", [row for rows in systems for row in rows])
    code, out, told = run(capsys, "summary", folder, other, "--expected", 36)
    assert code == 0, told
    lines = out.splitlines()[2:5]
    assert [line.split("  ")[0] for line in lines] == ["mine (other)", f"mine ({folder.name})", "base"]
    best, second, _ = ([row.score for row in rows] for rows in (*runs[other], *runs[folder]))
    assert f" {np.mean(best) - np.mean(second):.4f} " in lines[1]
    assert run(capsys, "report", folder, other, "--expected", 36, "--out", folder / "r.html")[0] == 0
    assert "cad_icassp_2024, all runs: HAAQI" in (folder / "r.html").read_text()
    write_scores(
        other / "results.csv",
        [replace(row, trial=replace(row.trial, challenge="cad1_task1")) for row in runs[other][0]],
    )
    told = run(capsys, "summary", folder, other, "--expected", 36)[2]
    assert told == "haaqinet: runs of cad1_task1 and cad_icassp_2024 do not compare\n"


def export(capsys, folder, form, *options):
    """What is written, and what is said of it."""
    code, _, told = run(capsys, "export", folder, "--to", form, "--out", folder / "out", *options)
    return (folder / "out").read_text() if code == 0 else told


def test_standings_are_exported(made, capsys):
    folder = made[0]
    latex = export(capsys, folder, "latex")
    assert latex.splitlines()[4:6] == [
        r"-- & base & -- (35 of 36 scored) & -- & -- \\",
        r"-- & mine & -- (34 of 36 scored) & -- & -- \\",
    ]
    whole = table("my_1 & only", 0.05, np.random.default_rng(1))
    write_scores(folder / "results.csv", whole)
    mean = np.mean([row.score for row in whole])
    latex = export(capsys, folder, "latex")
    assert rf"1 & my\_1 \& only & {mean:.3f} (0." in latex
    found = json.loads(export(capsys, folder, "cadenza-json", "--team", "us"))
    (row,) = found["data"]
    assert set(row) == {column["dataField"] for column in found["format"]}
    assert (row["rank"], row["team"], row["id"]) == (1, "us", "my_1 & only")
    assert row["HAAQI"] == pytest.approx(mean, abs=5e-5)
    assert row["left"] > row["right"]
    (result,) = yaml.safe_load(export(capsys, folder, "hf-eval-results", "--dataset", "o/n", "--split", "s"))
    assert result["dataset"] == {"id": "o/n", "split": "s"}
    assert result["value"] == row["HAAQI"]
    write_scores(folder / "results.csv", [*whole, *table("perfect", 0.1, np.random.default_rng(1))])
    for form, wanted in ((("--reference", "perfect"), [None, 1]), ((), [1, 2])):
        rows = json.loads(export(capsys, folder, "cadenza-json", *form))["data"]
        assert [(row["id"], row["rank"]) for row in rows] == list(
            zip(("perfect", "my_1 & only"), wanted, strict=True)
        )


@pytest.mark.parametrize(
    ("form", "options", "message"),
    [
        ("moon", (), "--to 'moon' is unknown; known: evalai, latex, cadenza-json, hf-eval-results"),
        ("evalai", (), "--to evalai needs --challenge and --root"),
        ("hf-eval-results", ("--dataset", "a/b: c"), "--dataset 'a/b: c': the Hub asks"),
        ("latex", ("--scorer", "hasqi"), "has no rows of hasqi; it has haaqi"),
        ("cadenza-json", ("--scorer", "haaqinet"), "has no rows of haaqinet"),
        ("latex", ("--reference", "ideal"), "--reference ideal: "),
        ("hf-eval-results", (), "--dataset '': the Hub asks for the benchmark's owner/name"),
        ("hf-eval-results", ("--dataset", "o/n"), "--system '': one of base, mine is needed"),
        ("hf-eval-results", ("--dataset", "o/n", "--system", "mine"), "mine has 34 of 36 scores, so no mean"),
    ],
)
def test_what_cannot_be_exported_is_said_in_one_line(made, form, options, message, capsys):
    told = export(capsys, made[0], form, *options)
    assert message in told
    assert len(told.splitlines()) == 1
