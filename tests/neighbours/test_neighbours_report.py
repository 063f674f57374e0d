"""HAAQI among its neighbours: the report's degradations, correlations, verdicts, and the recipe."""

import csv
from dataclasses import replace

import numpy as np
import pytest
import soundfile
from places import ROOT
from scripts import run_script

from haaqinet_eval import Audiogram
from haaqinet_eval.neighbours import degrading, judging, measuring, published
from haaqinet_eval.neighbours.correlating import Measured, centred, correlate
from haaqinet_eval.scores import write_scores
from haaqinet_eval.synthesis.conditions import CONDITIONS

RATE = 16_000
FLAT = Audiogram.flat(0)


def tone(hz=440.0, seconds=1.0, peak=0.5):
    return peak * np.sin(2 * np.pi * hz * np.arange(int(seconds * RATE)) / RATE)


def test_the_reports_degradations_are_those_of_its_listing():
    x = tone() + tone(3000, peak=0.3)
    for bits in degrading.GRID["compression"]:
        level = degrading.LEVELS[degrading.GRID["compression"].index(bits)]
        made = degrading.degrade(x, RATE, f"paper_compression-{level}", FLAT).processed
        top = 2 ** (bits - 1) - 1
        steps = np.round(x * top) / np.abs(np.round(x * top)).max()  # on its grid, peak 1
        np.testing.assert_allclose(made, steps, atol=1e-9)
    half = degrading.degrade(x, RATE, "paper_bitrate-extreme", FLAT)  # 16 / 6 kHz: nothing above 1.3 kHz
    spectrum = np.abs(np.fft.rfft(half.processed * np.hanning(len(x))))
    assert spectrum[2000:].max() < 1e-2 * spectrum.max()
    assert np.abs(half.processed).max() == pytest.approx(1)
    noisy = degrading.degrade(np.zeros(RATE) + 1e-6, RATE, "paper_noise-low", FLAT).processed
    assert np.std(noisy) == pytest.approx(1 / 4, rel=0.3)  # noise alone, brought to a peak of 1


def test_every_condition_is_there_and_keeps_its_name():
    names = [
        trial.system
        for (trial,) in measuring.trials([measuring.Sound("a", tone(), RATE)], ["normal"], measuring.SETS)
    ]
    assert len(names) == len(set(names)) == 9 + len(CONDITIONS) == 157
    assert {"clipping-1", "reverberation-4", "mp3-1", "opus-2", "vorbis-1"} <= set(names)
    assert all(degrading.group_of(name) for name in names)


def test_the_reports_correlations_follow_from_its_table():
    for pair, stated in published.CORRELATIONS.items():
        assert published.published_correlation(*pair) == pytest.approx(stated, abs=1.1e-3)


def made_up(seed=0):
    """Two groups that differ much; within each, "same" goes with haaqi and "against" the other way."""
    rng = np.random.default_rng(seed)
    names = [f"clipping-{n}" for n in range(1, 5)] + [f"reverberation-{n}" for n in range(1, 5)]
    rows, about = [], []
    for file in "abc":
        for place, name in enumerate(names):
            inside, offset = place % 4, 0.0 if place < 4 else 0.5
            noise = 0.01 * rng.standard_normal(3)
            truth = offset + 0.1 * inside
            rows.append([truth + noise[0], truth + noise[1], 2 * offset - 0.1 * inside + noise[2]])
            about.append((file, name, "normal"))
    about = np.array(about)
    return Measured(("haaqi", "stoi", "estoi"), np.array(rows), *about.T)


def test_pooled_and_within_tell_different_things():
    measured = made_up()
    from scipy import stats

    pooled, within = correlate(measured, "estoi", "haaqi"), correlate(centred(measured), "estoi", "haaqi")
    assert pooled.pearson.value == pytest.approx(
        stats.pearsonr(measured.of("estoi"), measured.of("haaqi"))[0]
    )
    assert pooled.spearman.value == pytest.approx(
        stats.spearmanr(measured.of("estoi"), measured.of("haaqi"))[0]
    )
    assert pooled.spearman.value > 0.5
    assert within.spearman.value < -0.9
    assert within.pearson.low <= within.pearson.value <= within.pearson.high < 0
    few = correlate(measured.some(measured.files == "a"), "estoi", "haaqi")
    assert (few.n, np.isnan(few.pearson.value)) == (8, True)


def test_an_interval_holds_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(40):
        x, y = rng.multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], 60).T
        names = np.array([f"clipping-{n}" for n in range(60)])
        one = np.full(60, "a")
        found = correlate(
            Measured(("haaqi", "stoi"), np.stack([x, y], 1), one, names, one), "stoi", "haaqi", 200
        )
        held += found.pearson.low <= 0.6 <= found.pearson.high
    assert held >= 33


def test_verdicts_name_who_could_stand_in_and_who_contradicts():
    measured = made_up()
    found = {(v.group, v.metric): v for v in judging.verdicts(measured)}
    assert found["all", "stoi"].stands_in
    assert not found["all", "estoi"].stands_in
    assert {v.metric for v in judging.best(list(found.values()))} == {"stoi"}
    assert judging.contradictions(measured, "stoi")[0] == 0
    share, pairs = judging.contradictions(measured, "estoi")
    assert share > 0.2
    worst = pairs[0]
    assert worst.haaqi[0] > worst.haaqi[1] + judging.APART
    assert worst.value[0] < worst.value[1]


@pytest.fixture(scope="module")
def reported(tmp_path_factory):
    """The recipe on two short files, three measures, the report's grid; run twice."""
    folder = tmp_path_factory.mktemp("report")
    (folder / "audio").mkdir()
    rng = np.random.default_rng(0)
    for name, hz in {"music": 330, "speech": 150}.items():
        sound = sum(tone(hz * k, 1.2, 0.1 / k) for k in range(1, 12)) + 0.002 * rng.standard_normal(
            int(1.2 * RATE)
        )
        soundfile.write(folder / "audio" / f"{name}.wav", sound, RATE)
    script = ROOT / "recipes" / "degradations" / "report.py"
    options = ["audio=audio", "out=out", "sets=[paper]", "listeners=[normal]", "metrics=[haaqi,estoi,si_sdr]"]
    run_script(script, *options, "page=docs/neighbours.md", cwd=folder, check=True)
    before = (folder / "out" / "results.csv").read_bytes()
    again = run_script(ROOT / "recipes" / "degradations" / "validate.py", "out=out", cwd=folder, check=True)
    return folder, before, again.stdout


def test_the_recipe_leaves_a_tidy_table_a_report_and_a_page(reported):
    folder, before, said = reported
    rows = list(csv.DictReader((folder / "out" / "all_metrics.csv").open(encoding="utf-8")))
    assert tuple(rows[0]) == measuring.COLUMNS
    assert len(rows) == 2 * 9 * 3
    noise = {
        r["level"]: float(r["value"])
        for r in rows
        if (r["file"], r["kind"], r["metric"]) == ("music", "paper_noise", "si_sdr")
    }
    assert noise["low"] > noise["high"] > noise["extreme"]
    html = (folder / "out" / "report.html").read_text()
    for said_there in ("Agreement with haaqi", "Beside the report", "made for", "data:image/png"):
        assert said_there in html
    for name in ("bars-1", "bars-2", "scatter", "correlations", "by-degradation"):
        assert (folder / "out" / f"{name}.svg").stat().st_size > 5000
        assert (folder / "docs" / "images" / f"neighbours-{name}.png").read_bytes().startswith(b"\x89PNG")
    page = (folder / "docs" / "neighbours.md").read_text()
    assert "| speech | speech | noise, low | 0.9919 | 0.9073 | 2.47 | 0.999 |" in page
    assert (folder / "out" / "results.csv").read_bytes() == before
    assert "| listener | degradation | n | agrees best |" in said


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["audio=nowhere"], "audio=nowhere: has no file"),
        (["metrics=[haaqinet_target]"], "haaqinet_target needs gains and mixture"),
        (["skip=[colour]"], "scorer 'colour' is unknown"),
        (["metrics=[haaqi]", "listeners=[foo]"], "foo"),
        (["metrics=[haaqi]", "sets=[all]"], "sets: all unknown; known: paper, conditions"),
        (
            ["metrics=[embedding_vggish]", "weights={embedding_vggish: nowhere.pth}"],
            "weights: nowhere.pth: no such file",
        ),
    ],
)
def test_a_mistake_is_one_line(tmp_path, options, said):
    done = run_script(ROOT / "recipes" / "degradations" / "report.py", *options, cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_table_without_rows_has_no_verdicts(tmp_path):
    write_scores(tmp_path / "results.csv", [])
    done = run_script(ROOT / "recipes" / "degradations" / "validate.py", "out=.", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "results.csv: holds no rows" in done.stderr


def test_rows_become_a_table_with_gaps(tmp_path):
    sounds = [measuring.Sound("a", tone(), RATE), measuring.Sound("b", tone(330), RATE)]
    scorers, _ = measuring.available(["si_sdr"])
    rows = measuring.measure(sounds[:1], ["normal"], ["paper"], scorers, tmp_path)
    rows.append(replace(rows[0], trial=replace(rows[0].trial, scene="b"), score=None, error="silent"))
    measured = Measured.from_rows(rows)
    assert measured.values.shape == (10, 1)
    assert np.isnan(measured.of("si_sdr")).tolist() == (measured.files == "b").tolist()
    measuring.write_table(rows, tmp_path / "all_metrics.csv")
    last = list(csv.DictReader((tmp_path / "all_metrics.csv").open(encoding="utf-8")))[-1]
    assert (last["file"], last["value"], last["error"]) == ("b", "", "silent")
