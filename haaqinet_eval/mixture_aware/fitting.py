"""Fitting a model to rendered trials: trees, as many as suit the validation songs, and networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from . import dense
from .features import STEP
from .gain_features import GainFeatures
from .gains import ROLES
from .model import BOOSTERS, UNPROCESSED, TargetModel, margin_of
from .stems import RoleNet
from .trees import Booster, mean_of
from .trial_files import Tiles, Trials, columns


@dataclass(frozen=True)
class Settings:
    """Of the boosters."""

    rounds: int = 500  # at most
    rate: float = 0.03
    leaves: int = 20
    smallest: int = 12  # trials in a leaf
    ridge: float = 1.0
    share: float = 0.15  # of the features that each split may choose from
    quantile_rounds: int = 200
    seeds: int = 3  # boosters of the mean, whose sums are averaged


def with_gain_features(trials: Trials, scenes: Sequence[Tiles], net: RoleNet) -> Trials:
    """Trials with the features that need the roles' network; scenes in the trials' order."""
    rows = []
    for scene in scenes:
        envelopes = (STEP * scene.envelopes).astype(np.float32)
        signals = scene.signals()
        asked = GainFeatures(net, signals[0], scene.mixture, envelopes[0], scene.loss, scene.gains)
        heard = zip(signals[1:], scene.outputs, envelopes[1:], strict=True)
        rows += [asked.describe(*one) for one in heard]
    return trials.extended(rows)


def with_base(trials: Trials, base: TargetModel | None) -> Trials:
    """Trials with a base's answers for each output and for the scene's mixture, which is a system of each."""
    if base is None:
        return trials
    rows = columns(trials, base.names)
    own, whole = [base.answers(row) for row in rows], [base.answers(row, UNPROCESSED) for row in rows]
    through = np.flatnonzero(trials.about["system"] == "passthrough")
    of_scene = {trials.about["group"][i]: whole[i] for i in through}
    groups = trials.about["group"]
    return trials.extended([mine | of_scene[group] for mine, group in zip(own, groups, strict=True)])


def role_examples(scenes: Sequence[Tiles]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Mixtures' and stems' tiles of the scenes that have the four roles, for `fit_roles`."""
    return [
        (scene.mixture, scene.stems[[list(scene.gains).index(role) for role in ROLES]])
        for scene in scenes
        if set(scene.gains) == set(ROLES)
    ]


def fit_model(
    train: Trials,
    validation: Trials,
    names: Sequence[str],
    settings: tuple[Settings, dense.Settings],
    base: TargetModel | None = None,
) -> TargetModel:
    """A model of the mean and the 90 % interval, on a base or not.

    The number of rounds and the interval's margin are chosen on the validation songs.
    """
    x, y = columns(train, names), columns(validation, names)
    trees, networks = settings
    boosters = {}
    for name in BOOSTERS:
        seeds = range(trees.seeds if name == "mean" else 1)
        boosters[name] = mean_of(
            [_fit_booster(name, (x, train.true), (y, validation.true), trees, seed) for seed in seeds]
        )
    low, high = (_evaluate(boosters[name], y) for name in ("low", "high"))
    trained = tuple(dense.fit_dense(x, train.labels, networks, seed) for seed in range(networks.count))
    return TargetModel(tuple(names), boosters, margin_of(low, high, validation.true), trained, base)


def _fit_booster(name: str, train: tuple, validation: tuple, settings: Settings, seed: int) -> Booster:
    from sklearn.ensemble import HistGradientBoostingRegressor

    losses: Mapping[str, dict] = {
        "mean": {"loss": "squared_error"},
        "low": {"loss": "quantile", "quantile": 0.05},
        "high": {"loss": "quantile", "quantile": 0.95},
    }
    regressor = HistGradientBoostingRegressor(
        **losses[name],
        max_iter=settings.rounds if name == "mean" else settings.quantile_rounds,
        learning_rate=settings.rate,
        max_leaf_nodes=settings.leaves,
        min_samples_leaf=settings.smallest,
        l2_regularization=settings.ridge,
        max_features=settings.share,
        early_stopping=False,
        random_state=seed,
    ).fit(*train)
    staged = regressor.staged_predict(validation[0])
    worst = [_pinball(name, validation[1] - predicted) for predicted in staged]
    return Booster.from_regressor(regressor, int(np.argmin(worst)) + 1)


def _pinball(name: str, error: np.ndarray) -> float:
    """The booster's loss of errors (true less predicted) [N]."""
    if name == "mean":
        return float(np.mean(error**2))
    share = 0.05 if name == "low" else 0.95
    return float(np.mean(np.maximum(share * error, (share - 1) * error)))


def _evaluate(booster: Booster, rows: np.ndarray) -> np.ndarray:
    return np.array([booster(row) for row in rows])


def predict(model: TargetModel, trials: Trials) -> tuple[np.ndarray, np.ndarray]:
    """Scores [N] and intervals [N, 2] of rendered trials."""
    answers = [model.of_row(row) for row in columns(trials, model.names)]
    return np.array([score for score, _ in answers]), np.array([interval for _, interval in answers])
