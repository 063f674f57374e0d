"""The training loop: regularised regression on HAAQI and its parts, resumable at any kill."""

from __future__ import annotations

import copy
import json
import math
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..agreement import agreement
from ..errors import InputError
from ..model import OUTPUTS, Dimensions, HaaqiNet, Heard, find_device, load_model, save_model
from ..model.net import STRIDE
from .cache import Trials
from .curves import read_curve, write_curve

LATER = {"condition_weight": 0.0, "music": False}  # what runs of earlier versions lack, as it was then
TOP = 0.95  # true scores above are those of untouched and hardly touched music


@dataclass(frozen=True)
class Settings:
    """How to train."""

    epochs: int = 24
    batch_size: int = 32
    learning_rate: float = 2e-3  # the highest; cosine, with a warm-up of 5 % of the steps
    weight_decay: float = 0.05
    part_weight: float = 0.5  # of the loss on HAAQI's four parts
    frame_weight: float = 0.1  # of the loss on frame scores, Eq. 3 of the paper has 1
    top_weight: float = 1.0  # extra weight of trials without audible fault, so that clean music scores high
    condition_weight: float = 0.0  # of telling a trial's condition, a label for free; for clip networks
    crop: tuple[float, float] = (0.3, 0.8)  # shortest and longest share of a clip that is shown
    bfloat16: bool = True  # mixed precision
    band_shift: int = 1  # bands and loss are moved together by up to so many bands
    splice: float = 0.0  # share of trials of which a stretch is put into another rendering of the same clip
    masks: int = 1  # SpecAugment: stretches of time and of bands replaced by the bands' means
    average: float = 0.998  # decay of the running mean of the weights, which is what is kept
    patience: int = 8  # epochs without a better validation MSE
    max_steps: int = 0  # stop early, for tests; 0 for no limit
    seed: int = 1


def haaqi_loss(outputs: Tensor, labels: Tensor, settings: Settings) -> Tensor:
    """Squared error of clip means [B, 5, N] to labels [B, 5], and of the frame scores.

    Labels [B, 5, N] say what each frame is to score; frames that differ within a clip weigh fully.
    """
    if labels.ndim == 2:
        labels = labels[..., None].expand(-1, -1, outputs.shape[-1])
    clip = labels.mean(-1)
    weight = 1 + settings.top_weight * (clip[:, :1] > TOP).float()
    weight = weight / weight.mean()
    error = ((outputs.mean(-1) - clip).square() * weight).mean(0)
    frames = ((outputs[:, 0] - labels[:, 0]).square() * weight).mean(-1)
    mixed = labels[:, 0].amax(-1) > labels[:, 0].amin(-1)
    frames = torch.where(mixed, frames, settings.frame_weight * frames).mean()
    return error[0] + settings.part_weight * error[1:].mean() + frames


def crop(heard: Heard, settings: Settings, rng: np.random.Generator) -> Heard:
    """The same random stretch of every envelope, whole frame scores long; the texture stays the clip's."""
    frames = heard.envelope.shape[-1]
    length = int(frames * rng.uniform(*settings.crop)) // STRIDE * STRIDE
    start = int(rng.integers(frames - length + 1))
    return heard._replace(envelope=heard.envelope[..., start : start + length])


def splice(
    heard: Heard, labels: Tensor, scenes: np.ndarray, share: float, rng: np.random.Generator
) -> tuple[Heard, Tensor]:
    """Puts stretches of renderings into other renderings of the same clip: a fault that comes and goes.

    Args:
        heard: some of the B trials are of one scene.
        labels: [B, 5].
        scenes: [B].
        share: of trials that get a stretch of another, where there is another of their scene.

    Returns:
        what is heard then, its texture a mean of both; and labels of each frame score [B, 5, L / 32]: of
        a stretch those of the rendering that it is of. No HAAQI was computed of the mixtures.
    """
    mixed, texture = heard.envelope.clone(), heard.texture.clone()
    count = mixed.shape[-1] // STRIDE
    targets = labels[..., None].repeat(1, 1, count)
    for row in range(len(scenes)):
        others = np.flatnonzero((scenes == scenes[row]) & (np.arange(len(scenes)) != row))
        if not len(others) or rng.random() >= share or count < 6:
            continue
        other, width = int(rng.choice(others)), int(rng.integers(count // 6, count // 2 + 1))
        at = int(rng.integers(count - width + 1))
        stretch = slice(at * STRIDE, (at + width) * STRIDE)
        mixed[row, :, stretch] = heard.envelope[other, :, stretch]
        texture[row] = torch.lerp(heard.texture[row], heard.texture[other], width / count)
        targets[row, :, at : at + width] = labels[other, :, None]
    return heard._replace(envelope=mixed, texture=texture), targets


def shift_bands(x: Tensor, bands: int, axis: int = 1) -> Tensor:
    """Move by some bands, which are along an axis, repeating the band at the edge."""
    index = (torch.arange(x.shape[axis]) - bands).clamp(0, x.shape[axis] - 1)
    return x.index_select(axis, index)


def augment(heard: Heard, loss: Tensor, settings: Settings, rng: np.random.Generator) -> tuple[Heard, Tensor]:
    """A shift of what is heard and of the loss [B, 32] by bands, and SpecAugment's masks."""
    envelope, spectrum, texture, _ = heard
    length = envelope.shape[-1]
    if settings.band_shift:
        shift = int(rng.integers(-settings.band_shift, settings.band_shift + 1))
        envelope, spectrum, loss = (shift_bands(x, shift) for x in (envelope, spectrum, loss))
        texture = shift_bands(texture, shift, 2)
    envelope = envelope.clone()
    mean = envelope.mean(-1, keepdim=True)
    for _ in range(settings.masks):
        for one, m in zip(envelope, mean, strict=True):
            width = int(rng.integers(length // 12 + 1))
            at = int(rng.integers(length - width + 1))
            one[:, at : at + width] = m
            width = int(rng.integers(4))
            at = int(rng.integers(one.shape[0] - width + 1))
            one[at : at + width] = m[at : at + width]
    return Heard(envelope, spectrum, texture), loss


def _shuffled(count: int, together: int, rng: np.random.Generator) -> np.ndarray:
    """Rows in random order; neighbours, which are mostly of one scene, stay together by twos, threes, ...

    >>> sorted(_shuffled(7, 2, np.random.default_rng(0)).tolist())
    [0, 1, 2, 3, 4, 5]
    """
    return (rng.permutation(count // together)[:, None] * together + np.arange(together)).ravel()


def _on(device: torch.device, heard: Heard) -> Heard:
    return Heard(*(None if x is None else x.to(device) for x in heard))


@torch.inference_mode()
def predict(net: HaaqiNet, trials: Trials, batch_size: int = 64) -> np.ndarray:
    """Clip outputs [N, 5] of a network for cached trials."""
    net.eval()
    device, out = next(net.parameters()).device, []
    for start in range(0, len(trials), batch_size):
        rows = slice(start, start + batch_size)
        outputs = net.score_features(_on(device, trials.heard(rows)), trials.loss[rows].to(device))
        out.append(outputs.mean(-1).cpu())
    return torch.cat(out).numpy()


def measure(net: HaaqiNet, trials: Trials) -> dict[str, float]:
    """Agreement on a split, and the mean score of untouched music (NaN where there is none)."""
    return summarise(predict(net, trials)[:, 0], trials)


def summarise(predicted: np.ndarray, trials: Trials) -> dict[str, float]:
    """The same of given scores [N]."""
    result = agreement(predicted, trials.labels[:, 0].numpy())
    clean = predicted[trials.systems == "clean"]
    mean = float(clean.mean()) if len(clean) else math.nan
    return {"lcc": result.lcc, "srcc": result.srcc, "mse": result.mse, "bias": result.bias, "clean": mean}


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
        self.folder, self.settings, self.name = Path(folder), settings, name
        self.folder.mkdir(parents=True, exist_ok=True)
        self.best = self.folder / "best.safetensors"
        torch.manual_seed(settings.seed)
        self.device = find_device(device)
        self.net = self.build(dims).to(self.device)
        if start:
            self.net.load_state_dict(load_model(start).state_dict())
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
            {key: value for key, value in asdict(part).items() if value != LATER.get(key, ...)}
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
        heard, loss = augment(heard, trials.loss[rows], self.settings, rng)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.settings.bfloat16):
            outputs = self.net.score_features(_on(self.device, heard), loss.to(self.device))
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
        part = self.folder / "last.part"
        content = {"about": self.about, "state": self.state, "curve": self.curve, "notes": self.notes}
        weights = {key: getattr(self, key).state_dict() for key in ("net", "average", "helpers", "optimizer")}
        torch.save({**content, **weights}, part)
        os.replace(part, self.folder / "last.pt")
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
        order = _shuffled(len(train), 2 if settings.splice else 1, rng)[: batches * settings.batch_size]
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
