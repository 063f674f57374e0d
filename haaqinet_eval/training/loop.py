"""The training loop: regularised regression on HAAQI and its parts, resumable at any kill."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..errors import InputError
from ..io.files import whole
from ..model import OUTPUTS, Dimensions, HaaqiNet, find_device, load_model, save_model
from .augmentation import augment, crop, shuffled, splice
from .cache import Trials
from .curves import read_curve, write_curve
from .measures import measure, on_device
from .objective import Settings, haaqi_loss

OPTIONAL_FIELDS = {  # what runs of earlier versions lack, as it was then
    "condition_weight": 0.0,
    "hold_weight": 0.0,
    "convolutions": True,
    "music": False,
}
LISTS = str.maketrans("()", "[]")


def begin_with(net: torch.nn.Module, path: str | Path) -> None:
    """Give a network the weights of a checkpoint, but for how sure that one is where the network cannot say.

    Raises:
        InputError: for a checkpoint of another kind or other dimensions, which the message names.
    """
    start = load_model(path)
    if type(start) is not type(net):
        raise InputError(f"start={path}: holds a {type(start).__name__}, not a {type(net).__name__}")
    sure = {key: getattr(net.dims, key) for key in ("confidence", "music") if hasattr(net.dims, key)}
    theirs, ours = asdict(replace(start.dims, **sure)), asdict(net.dims)
    own = net.state_dict()
    unsaid = {key for key in start.state_dict() if key.startswith("confidence.")} - own.keys()
    state = {key: value for key, value in start.state_dict().items() if key not in unsaid}
    if {k: v.shape for k, v in state.items()} != {k: v.shape for k, v in own.items()}:
        said = {key: str(theirs[key]).replace(" ", "") for key in ours if theirs[key] != ours[key]}
        other = " ".join(f"dimensions.{key}={value}" for key, value in said.items()).translate(LISTS)
        raise InputError(f"start={path}: has other dimensions; to begin with it give {other}")
    net.load_state_dict(state)


class Trainer:
    """Trains one network in a folder: `last.pt` to go on from, `best.safetensors`, `curve.csv`.

    `last.pt` holds all that the other two are written from, and is written first: after a kill at any
    place the run goes on as if there had been none, and all three are of one epoch.

    Args:
        folder: where the run lives; a run that is there goes on.
        settings, dims: must be those the run was begun with.
        name: of the network, part of its version.
        start: weights to begin with; None for random ones.
        device: torch's name of the device to train on; on a GPU, too, in bfloat16 if the settings say so.

    What is trained, on what and with which loss is in `build`, `loss` and `measure`, which other
    networks' trainers replace.

    Raises:
        InputError: for a folder that holds a run with other settings.
    """

    def __init__(
        self,
        folder: str | Path,
        settings: Settings,
        dims: Dimensions,
        name: str,
        start: str | Path | None = None,
        device: str = "cpu",
    ) -> None:
        self.folder, self.settings, self.name, self.start = Path(folder), settings, name, start
        self.folder.mkdir(parents=True, exist_ok=True)
        self.best = self.folder / "best.safetensors"
        torch.manual_seed(settings.seed)
        self.device = find_device(device)
        self.net = self.build(dims).to(self.device)
        if start:
            begin_with(self.net, start)
        self.average = copy.deepcopy(self.net).requires_grad_(False)
        self.helpers = self.build_helpers(dims).to(self.device)
        self.optimizer = torch.optim.AdamW(
            [p for part in (self.net, self.helpers) for p in part.parameters() if p.requires_grad],
            settings.learning_rate,
            weight_decay=settings.weight_decay,
        )
        self.state = {"epoch": 0, "step": 0, "best": math.inf, "waited": 0}
        self.curve: list[dict] = []  # rows of `curve.csv`
        self.notes: dict[str, str] = {}  # what `best.safetensors` says of itself
        given = [
            {key: value for key, value in asdict(part).items() if value != OPTIONAL_FIELDS.get(key, ...)}
            for part in (settings, dims)
        ]
        self._resume(json.dumps(given))

    def build(self, dims: Dimensions) -> torch.nn.Module:
        """A network with random weights."""
        return HaaqiNet(dims)

    def build_helpers(self, dims: Dimensions) -> torch.nn.Module:
        """What is trained beside the network and not kept with it."""
        return torch.nn.ModuleList()

    def loss(self, trials: Trials, rows: np.ndarray, rng: np.random.Generator) -> Tensor:
        """The loss [] of some rows of the trials."""
        heard = crop(trials.heard(rows), self.settings, rng)
        labels = trials.labels[rows]
        if self.settings.splice:
            heard, labels = splice(heard, labels, trials.scenes[rows], self.settings.splice, rng)
        heard, hearing_loss = augment(heard, trials.hearing_loss[rows], self.settings, rng)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.settings.bfloat16):
            outputs = self.net.score_features(on_device(self.device, heard), hearing_loss.to(self.device))
        return haaqi_loss(outputs.float(), labels.to(self.device), self.settings)

    def measure(self, validation: Trials) -> dict[str, float]:
        """What a row of `curve.csv` says of the running mean of the weights; the lowest `mse` is kept."""
        return measure(self.average, validation)

    def _resume(self, about: str) -> None:
        self.about = about
        last = self.folder / "last.pt"
        if not last.exists():
            return
        saved = torch.load(last, map_location=self.device, weights_only=True)
        if saved["about"] != about:
            raise InputError(f"{last}: was begun with other settings; choose another run folder")
        self.net.load_state_dict(saved["net"])
        self.average.load_state_dict(saved["average"])
        self.helpers.load_state_dict(saved.get("helpers", {}))
        self.optimizer.load_state_dict(saved["optimizer"])
        self.state = saved["state"]
        self.notes = saved.get("notes", {})
        written = [row for row in read_curve(self.folder) if int(row["epoch"]) <= self.state["epoch"]]
        self.curve = saved.get("curve", written)  # an earlier version's `last.pt` holds none
        if written != [{key: str(value) for key, value in row.items()} for row in self.curve]:
            self._publish()

    def _save(self) -> None:
        content = {"about": self.about, "state": self.state, "curve": self.curve, "notes": self.notes}
        weights = {key: getattr(self, key).state_dict() for key in ("net", "average", "helpers", "optimizer")}
        with whole(self.folder / "last.pt") as part:
            torch.save({**content, **weights}, part)
        self._publish()

    def _publish(self) -> None:
        """What is written from `last.pt`: the best weights, if they are its own, and the curve."""
        if self.notes and not self.state["waited"]:
            save_model(self.average, self.best, settings=self.about, **self.notes)
        write_curve(self.folder, self.curve)

    def _rate(self, share: float) -> float:
        """The learning rate when a share of the training is done."""
        return self.settings.learning_rate * min(share / 0.05, 0.5 * (1 + math.cos(math.pi * share)))

    def step(self, trials: Trials, rows: np.ndarray, rng: np.random.Generator, share: float) -> float:
        """One update with some rows of the trials, when a share of the training is done; the loss."""
        for group in self.optimizer.param_groups:
            group["lr"] = max(self._rate(share), 1e-6)
        self.net.train()
        loss = self.loss(trials, rows, rng)
        self.optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        self.optimizer.step()
        self.state["step"] += 1
        self._follow()
        return loss.item()

    @torch.no_grad()
    def _follow(self) -> None:
        """Running mean of weights and batch statistics; quicker while there are few steps."""
        keep = min(self.settings.average, (1 + self.state["step"]) / (10 + self.state["step"]))
        for mean, now in zip(self.average.state_dict().values(), self.net.state_dict().values(), strict=True):
            if mean.data_ptr() == now.data_ptr():
                continue  # a frozen part that both share
            if mean.is_floating_point():
                mean.lerp_(now, 1 - keep)
            else:
                mean.copy_(now)

    def _epoch(self, train: Trials) -> float:
        """One pass; the mean loss."""
        settings, done = self.settings, self.state["epoch"]
        rng = np.random.default_rng([settings.seed, done])
        torch.manual_seed(int(rng.integers(2**62)))  # for dropout: a resumed run is the same run
        batches = max(len(train) // settings.batch_size, 1)
        order = shuffled(len(train), 2 if settings.splice else 1, rng)[: batches * settings.batch_size]
        losses = []
        for n, rows in enumerate(np.array_split(order, batches)):
            if settings.max_steps and self.state["step"] >= settings.max_steps:
                break
            losses.append(self.step(train, rows, rng, (done + (n + 1) / batches) / settings.epochs))
        self.state["epoch"] += 1
        return float(np.mean(losses or [math.nan]))

    def run(
        self, train: Callable[[], Trials], validation: Trials, report: Callable[[dict], None] = print
    ) -> Path:
        """Train until the last epoch or until patience ends; the path of the best weights.

        `train` is asked for the trials at each epoch, as there may be more by then.
        """
        while self.state["epoch"] < self.settings.epochs and self.state["waited"] < self.settings.patience:
            trials = train()
            loss = self._epoch(trials)
            row = self.measure(validation)
            if row["mse"] < self.state["best"]:
                self.state |= {"best": row["mse"], "waited": 0}
                notes = {"outputs": OUTPUTS, "trials": len(trials), "epoch": self.state["epoch"]}
                notes["data"] = trials.digest()
                self.notes = {key: json.dumps(value) for key, value in notes.items()} | {"name": self.name}
            else:
                self.state["waited"] += 1
            row = {"epoch": self.state["epoch"], "trials": len(trials), "loss": loss, **row}
            self.curve.append(row)
            self._save()
            report(row)
        return self.best
