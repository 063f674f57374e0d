"""What `recipes/clip/predict.py` does: predict with baselines, write their tables, judge them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..io.jsonfile import write_json
from ..io.progress import track
from ..registry import prediction_record
from .baselines import PRECOMPUTED, constant, from_measure, precomputed_scores, read_scores
from .labels import Labels, read_labels
from .measures import evaluate
from .predictions import Table, write_table

Predictor = Callable[[Labels, Labels], dict[str, float]]


def run_predictions(options: Mapping[str, Any], here: Path) -> None:
    """Write `<exp_folder>/<system>/<the official name>.csv` and, where labels are there, `measures.json`.

    Raises:
        InputError: for an option or data that cannot be used.
    """
    record = prediction_record(options["challenge"])
    root, folder = (here / options["path"][name] for name in ("root", "exp_folder"))
    wanted = options["system"] if isinstance(options["system"], list) else [options["system"]]
    predictors = {name: _predictor(name, options, folder) for name in wanted}
    train, labels = read_labels(root, options["train_split"]), read_labels(root, options["split"])
    for name, predict in predictors.items():
        values = predict(train, labels)
        file = record.file_name.format(split=labels.split, team=options["team"])
        write_table(folder / name / file, values.items())
        print(f"{folder / name / file}")
        if labels.known:
            found = evaluate(Table(file, values), labels)
            write_json(folder / name / "measures.json", [asdict(group) for group in found])
            whole = found[0]
            ncc = "" if whole.ncc is None else f", NCC {whole.ncc:.3f}"
            print(f"  RMSE {whole.rmse:.2f} (95 %: {whole.low:.2f} to {whole.high:.2f}){ncc}")


def _predictor(name: str, options: Mapping[str, Any], folder: Path) -> Predictor:
    """What predicts, by its name in the recipe."""
    if name in ("constant", "constant_by_severity"):
        return partial(constant, by_severity=name != "constant")
    if name in PRECOMPUTED:
        return partial(_precomputed, name)
    if name == "scores":
        if not options["scores"]:
            raise InputError("system=scores: give scores=[file, …], JSON lines with both splits' signals")
        files = [options["scores"]] if isinstance(options["scores"], str) else options["scores"]
        return partial(_from_files, files)
    if name == "ear":
        return partial(_ear, folder / "ear")
    known = ", ".join(("constant", "constant_by_severity", *PRECOMPUTED, "scores", "ear"))
    raise InputError(f"system {name!r} is unknown; known: {known}")


def _precomputed(measure: str, train: Labels, labels: Labels) -> dict[str, float]:
    scores = precomputed_scores(measure, train.split) | precomputed_scores(measure, labels.split)
    return from_measure(scores, train, labels, measure)


def _from_files(files: list[str], train: Labels, labels: Labels) -> dict[str, float]:
    scores = {signal: score for file in files for signal, score in read_scores(file).items()}
    return from_measure(scores, train, labels, "scores")


def _ear(folder: Path, train: Labels, labels: Labels) -> dict[str, float]:
    import torch

    from . import ear

    torch.set_num_threads(1)  # signals are short
    heard = []
    for part in (train, labels):
        progress = partial(track, what=f"hearing {part.split}")
        heard.append(ear.descriptions(part, folder / f"heard.{part.split}.npz", progress))
    return ear.predict(train, heard[0], labels, heard[1])
