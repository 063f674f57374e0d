"""Calibration: known maps are found, others' rows are refused, raw and calibrated stay apart."""

import json
import sys
from dataclasses import replace

import numpy as np
import pytest
from commands import run

from haaqinet_eval import InputError
from haaqinet_eval.analysis.calibration import (
    calibrate,
    fit_calibration,
    fit_curve,
    read_calibration,
    write_calibration,
)
from haaqinet_eval.analysis.standings import current_versions
from haaqinet_eval.cli import main
from haaqinet_eval.scores import Score, read_scores, write_scores
from haaqinet_eval.trials import Trial


def row(number, scorer, score, version="v1", challenge="cad", **more):
    """One ear of one of ten songs."""
    names = (challenge, f"system {number % 3}", f"scene {number}", f"song {number % 10}", "L1", "left")
    return Score(Trial(*names), scorer, version, score, **more)


def rows(map, count=200, noise=0.0, challenge="cad", **more):
    """Rows of both scorers; the true score is a function of the predicted one, plus noise."""
    rng = np.random.default_rng(1)
    predicted = rng.uniform(0.3, 0.9, count)
    true = np.clip(map(predicted) + noise * rng.standard_normal(count), 0, 1)
    pairs = zip(predicted.tolist(), true.tolist(), strict=True)
    return [
        item
        for n, (p, t) in enumerate(pairs)
        for item in (
            row(n, "haaqinet", p, challenge=challenge, **more),
            row(n, "haaqi", t, version="haaqi-v1/1", challenge=challenge),
        )
    ]


def line(x):
    return 1.4 * x - 0.3


def bent(x):
    """Steep at first, flat above 0.6."""
    return np.minimum(2 * x - 0.5, 0.7 + 0.1 * (x - 0.6))


@pytest.mark.parametrize(("map", "method"), [(line, "affine"), (line, "isotonic"), (bent, "isotonic")])
def test_a_known_map_is_found(map, method):
    fitted = fit_calibration(rows(map), method)
    for x in np.linspace(0.35, 0.85, 11):
        assert fitted(x) == pytest.approx(map(x), abs=1e-9 if method == "affine" else 0.02)
    assert abs(fitted.raw.bias) > 0.02
    assert fitted.cross_validated.mse < 1e-3
    assert fitted.cross_validated.bias == pytest.approx(0, abs=3e-3)


def test_a_line_cannot_follow_a_bend():
    bend = rows(bent, noise=0.02)
    mse = {m: fit_calibration(bend, m).cross_validated.mse for m in ("affine", "isotonic")}
    assert mse["isotonic"] < 0.5 * mse["affine"]


def test_isotonic_fit_pools_violators_and_ties():
    curve = fit_curve([0.1, 0.2, 0.3, 0.3, 0.4], [0.0, 0.6, 0.2, 0.4, 0.9], "isotonic")
    assert curve[0] == pytest.approx((0.1, 0.2, 0.3, 0.4))
    assert curve[1] == pytest.approx((0.0, 0.4, 0.4, 0.9))  # 0.6 and twice 0.3 pool to 0.4


@pytest.mark.parametrize("method", ["affine", "isotonic"])
def test_cross_validation_does_not_see_the_song_it_judges(method):
    """Each song has an offset of its own: a map that had seen it would look better than it is."""
    rng = np.random.default_rng(3)
    offsets = rng.normal(0, 0.15, 10)
    noisy = [
        replace(r, score=float(np.clip(r.score + offsets[int(r.trial.song.split()[1])], 0, 1)))
        if r.scorer == "haaqi"
        else r
        for r in rows(lambda x: x)
    ]
    fitted = fit_calibration(noisy, method)
    pairs = {r.trial.scene: {} for r in noisy}
    for r in noisy:
        pairs[r.trial.scene][r.scorer] = r.score
    seen = np.mean([(fitted(p["haaqinet"]) - p["haaqi"]) ** 2 for p in pairs.values()])
    assert fitted.cross_validated.mse > seen
    assert fitted.folds == 5


def test_calibrated_rows_are_of_another_scorer_and_raw_rows_stay():
    raw = rows(line)
    raw[0] = replace(raw[0], low=0.2, high=0.8)
    raw[2] = replace(raw[2], score=None, error="silent", message="silence")
    fitted = fit_calibration(raw)
    new = calibrate(raw, fitted)
    assert len(new) == 200
    assert {r.scorer for r in new} == {"haaqinet_calibrated"}
    assert {r.version for r in new} == {fitted.mapped_version}
    assert fitted.mapped_version.startswith("v1+affine-")
    assert new[0].score == pytest.approx(line(raw[0].score))
    assert new[0].parts == {"raw": raw[0].score}
    assert (new[0].low, new[0].high) == pytest.approx((0.0, line(0.8)))  # clipped at 0
    assert (new[1].score, new[1].error) == (None, "silent")
    assert {r.version for r in current_versions([*raw, *new]) if r.scorer == "haaqinet"} == {"v1"}


def test_maps_are_kept_as_json(tmp_path):
    fitted = fit_calibration(rows(bent, noise=0.05), "isotonic")
    write_calibration(tmp_path / "map.json", fitted)
    assert read_calibration(tmp_path / "map.json") == fitted
    record = json.loads((tmp_path / "map.json").read_text())
    assert {
        "challenge": "cad",
        "version": "v1",
        "true_version": "haaqi-v1/1",
        "n": 200,
        "songs": 10,
    }.items() <= (record.items())
    assert record["date"].endswith("+00:00")


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"format": "other"}, "is no calibration"),
        ({"curve": [[0, 1], [1, 0]]}, "is no rising one"),
        ({"curve": [[0, 1, 2], [0, 1]]}, "is no rising one"),
        ({"curve": [[0, 1], ["a", 1]]}, "damaged"),
        ({"more": 1}, "damaged"),
    ],
)
def test_damaged_maps_are_refused(tmp_path, change, fault):
    path = tmp_path / "map.json"
    write_calibration(path, fit_calibration(rows(line)))
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(InputError, match=fault):
        read_calibration(path)


def test_a_map_fits_its_own_challenge_and_version_only():
    fitted = fit_calibration(rows(line))
    with pytest.raises(InputError, match=r"the map is of version v1; the rows are of v2"):
        calibrate(rows(line, version="v2"), fitted)
    with pytest.raises(InputError, match=r"the map is of version v1"):  # the newest version counts
        calibrate([*rows(line), *rows(line, version="v2")], fitted)
    with pytest.raises(InputError, match=r"the map is of challenge cad; the rows are of other"):
        calibrate(rows(line, challenge="other"), fitted)
    with pytest.raises(InputError, match="no rows of scorer haaqinet"):
        calibrate([r for r in rows(line) if r.scorer == "haaqi"], fitted)


def test_what_no_map_can_be_fitted_to():
    with pytest.raises(InputError, match="method 'cubic'"):
        fit_calibration(rows(line), "cubic")
    with pytest.raises(InputError, match="10 trials of 10 songs"):
        fit_calibration(rows(line, count=10))
    with pytest.raises(InputError, match="200 trials of 1 song "):
        fit_calibration([replace(r, trial=replace(r.trial, song="one")) for r in rows(line)])
    with pytest.raises(InputError, match="several challenges: cad, other"):
        fit_calibration([*rows(line), *rows(line, challenge="other")])
    for method in ("affine", "isotonic"):
        with pytest.raises(InputError, match="do not rise"):
            fit_calibration(rows(lambda x: 1 - x), method)


def command(capsys, *args):
    """Exit code, stdout and stderr of `haaqinet calibrate ARGS`."""
    return run(capsys, "calibrate", *args)


def test_commands(tmp_path, capsys):
    given, map, out = (tmp_path / name for name in ("results.csv", "map.json", "out.csv"))
    write_scores(given, rows(line, noise=0.02))
    code, text, _ = command(capsys, "fit", map, "--results", given, "--method", "isotonic")
    assert code == 0
    assert "calibrated, other songs" in text
    for _ in range(2):  # a second time changes nothing
        assert command(capsys, "apply", map, given, "--out", out)[0] == 0
        given = out
    mapped = read_scores(out)
    assert len(mapped) == 600
    assert [r for r in mapped if r.scorer != "haaqinet_calibrated"] == read_scores(tmp_path / "results.csv")
    assert command(capsys, "fit", map, "--results", tmp_path)[0] == 0  # the folder with results.csv
    there = sorted(tmp_path.iterdir())
    for wrong in (("apply", map, given, "--out", tmp_path), ("fit", tmp_path, "--results", given)):
        code, _, fault = command(capsys, *wrong)
        assert (code, fault) == (2, f"haaqinet: {tmp_path}: is a folder, not a file to write\n")
    assert sorted(tmp_path.iterdir()) == there
    code, _, fault = command(capsys, "fit", map, "--results", tmp_path / "none.csv", "--method", "cubic")
    assert (code, "method 'cubic' is unknown" in fault) == (2, True)
    write_scores(given, rows(lambda x: x, count=24, noise=0.05))
    code, _, fault = command(capsys, "fit", map, "--results", given, "--method", "isotonic")
    assert (code, fault.startswith("warning: on songs that the map was not fitted on")) == (0, True)
    code, _, fault = command(capsys, "fit", map)
    assert code == 2
    assert "either --results or --challenge" in fault


def test_a_store_has_the_rows_too(tmp_path, capsys):
    from haaqinet_eval.store import import_results, open_store, submissions

    given, url = tmp_path / "results.csv", f"sqlite:///{tmp_path / 'store.sqlite'}"
    write_scores(
        given,
        [
            replace(r, trial=replace(r.trial, challenge="cad_icassp_2024", system="one"))
            for r in rows(line, noise=0.01)
        ],
    )
    import_results(open_store(url), given, team="demo", expected=200)
    assert submissions(open_store(url))
    of_store, of_file = tmp_path / "store.json", tmp_path / "file.json"
    assert command(capsys, "fit", of_store, "--challenge", "cad_icassp_2024", "--store", url)[0] == 0
    assert command(capsys, "fit", of_file, "--results", given)[0] == 0
    one, other = (read_calibration(path) for path in (of_store, of_file))
    assert np.array(one.curve) == pytest.approx(np.array(other.curve))
    code, _, fault = command(capsys, "fit", of_store, "--challenge", "cad1_task1", "--store", url)
    assert code == 2
    assert "no scored submission to cad1_task1" in fault


@pytest.mark.parametrize("value", ["nan", "inf", "0,5", "1e999"])
def test_a_score_that_is_no_number_is_one_line_with_its_place(tmp_path, capsys, monkeypatch, value):
    table = tmp_path / "results.csv"
    write_scores(table, rows(line, count=20))
    lines = table.read_text().splitlines()
    column = lines[0].split(",").index("score")
    cells = lines[6].split(",")
    cells[column] = f'"{value}"'
    table.write_text("\n".join([*lines[:6], ",".join(cells), *lines[7:]]) + "\n")
    monkeypatch.setattr(
        sys, "argv", ["haaqinet", "calibrate", "fit", str(tmp_path / "map.json"), "--results", str(table)]
    )
    with pytest.raises(SystemExit) as ended:
        main()
    err = capsys.readouterr().err
    assert ended.value.code == 2
    assert err.startswith(f"haaqinet: {table}, line 7, column score: ")
    assert (err.count("\n"), value in err) == (1, True)
    assert not (tmp_path / "map.json").exists()
