"""Multi-target training of separators, resumable at any kill."""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch

from ..errors import InputError
from ..io.files import whole, written
from .backbones import Choice
from .scenes import SceneSet
from .targets import HAAQI, check_targets, haaqi_loss, stages, target_loss


@dataclass(frozen=True)
class UstcSettings:
    """How to train; the paper's, but for the number of steps, which it does not tell.

    Attributes:
        targets: of `targets.STAGES`, and `haaqi`.
        steps: updates.
        batch_size: excerpts of an update.
        seconds: of an excerpt.
        learning_rate: of Adam, constant.
        haaqi_weight: of HAAQI as a target, whose loss is 1 less HAAQI; the others' are errors of some 0.05.
        haaqi_excerpts: of a batch, for which HAAQI is computed.
        every: updates between two checkpoints.
        seed: of everything.
    """

    targets: Sequence[str] = ("stems",)
    steps: int = 2000
    batch_size: int = 24
    seconds: float = 8.0
    learning_rate: float = 6e-4
    haaqi_weight: float = 0.1
    haaqi_excerpts: int = 2
    every: int = 25
    seed: int = 1


class UstcTrainer:
    """Trains one network in a folder: `last.pt` to go on from, `best` with its weights, `curve.csv`.

    Args:
        folder: where the run lives; a run that is there goes on.
        settings, choice: must be those the run was begun with.

    Raises:
        InputError: for unknown targets, a folder that holds a run with other settings, or as `Choice.make`.
    """

    def __init__(self, folder: str | Path, settings: UstcSettings, choice: Choice) -> None:
        check_targets(settings.targets)
        self.folder, self.settings = Path(folder), settings
        torch.manual_seed(settings.seed)
        self.net = choice.make()
        self.optimizer = torch.optim.Adam(self.net.learned(), settings.learning_rate, (0.9, 0.999))
        self.done, self.seconds, self.curve, self.best = 0, 0.0, [], float("inf")
        self.about = json.dumps([asdict(settings), asdict(choice)])
        if (self.folder / "last.pt").exists():
            self._resume()

    @property
    def best_path(self) -> Path:
        """Where the best weights are."""
        return self.folder / f"best{self.net.suffix}"

    def _resume(self) -> None:
        saved = torch.load(self.folder / "last.pt", weights_only=True)
        if saved["about"] != self.about:
            raise InputError(f"{self.folder}: was begun with other settings; choose another run folder")
        self.net.load_state_dict(saved["net"])
        self.optimizer.load_state_dict(saved["optimizer"])
        for name in ("done", "seconds", "curve", "best"):
            setattr(self, name, saved[name])

    def _save(self, better: bool) -> None:
        facts = {name: getattr(self, name) for name in ("about", "done", "seconds", "curve", "best")}
        with whole(self.folder / "last.pt") as part:
            torch.save(
                {"net": self.net.state_dict(), "optimizer": self.optimizer.state_dict(), **facts}, part
            )
        if better:
            self.net.write(self.best_path, settings=self.about, step=str(self.done))
        with written(self.folder / "curve.csv") as file:
            rows = csv.DictWriter(file, list(self.curve[0]))
            rows.writeheader()
            rows.writerows(self.curve)

    def _loss(self, scenes: SceneSet, rows: np.ndarray, rng: np.random.Generator) -> torch.Tensor:
        settings, batch = self.settings, scenes.batch(rows, self.settings.seconds, rng)
        true, factors = self.net.merged(batch.stems, batch.factors)
        given = (self.net(batch.stems.sum(1)), true)
        estimated, wanted = (stages(*batch.by_channel(stems, factors)) for stems in given)
        loss = target_loss(estimated, wanted, settings.targets)
        if HAAQI in settings.targets:
            ears = [ear for ear in batch.ears for _ in range(true.shape[2])]
            found = haaqi_loss(estimated, wanted, ears, settings.haaqi_excerpts)
            loss = loss + settings.haaqi_weight * found
        return loss

    def step(self, train: SceneSet) -> float:
        """One update; its loss."""
        rng = np.random.default_rng([self.settings.seed, self.done])  # a resumed run is the same run
        count = min(self.settings.batch_size, len(train))
        self.net.train()
        loss = self._loss(train, rng.choice(len(train), count, replace=False), rng)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.done += 1
        return loss.item()

    @torch.no_grad()
    def measure(self, validation: SceneSet) -> float:
        """Mean loss over a set, of the same stretches each time."""
        self.net.eval()
        rng = np.random.default_rng(self.settings.seed)
        parts = np.array_split(np.arange(len(validation)), -(-len(validation) // 8))
        losses = [self._loss(validation, rows, rng).item() for rows in parts]
        return float(np.average(losses, weights=[len(rows) for rows in parts]))

    def run(self, train: SceneSet, validation: SceneSet, report: Callable[[dict], None] = print) -> Path:
        """Train to the end, going on from what is there; where the best weights are."""
        began, losses = time.process_time() - self.seconds, []
        while self.done < self.settings.steps:
            losses.append(self.step(train))
            if self.done % self.settings.every == 0 or self.done == self.settings.steps:
                found = self.measure(validation)
                self.seconds = time.process_time() - began
                row = {"step": self.done, "seconds": round(self.seconds), "train": float(np.mean(losses))}
                self.curve.append(row | {"validation": found})
                losses, better = [], found < self.best
                self.best = min(found, self.best)
                self._save(better)
                report(self.curve[-1])
        return self.best_path
