"""Two objectives through the ear, weighed by learned uncertainties; resumable at any kill.

Noise reduction: a normal ear hears the denoised as it hears the clean music. Compensation: the listener's ear
hears the amplified, noise and all, as a normal ear hears the unamplified. Each mask is applied by itself, so
that neither objective can lean on the other's mask. The weights are those of Kendall, Gal and Cipolla
(2018), "Multi-task learning using uncertainty to weigh losses for scene geometry and semantics".
"""

from __future__ import annotations

import csv
import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from ..audiogram import Audiogram
from ..errors import InputError
from ..io.files import whole, written
from ..model import band_losses
from ..model.auditory import SAMPLE_RATE
from ..model.joint import LEVEL1, Bands, JointDimensions, JointNet, Masks, encode_audiogram, save_joint
from ..model.low_delay import LowDelaySpectrum
from ..synthesis import hearing_losses
from ..synthesis.options import chosen
from .data import Excerpts
from .ear import SpectralEar

OBJECTIVES = ("two", "one")
HEARD = 2  # every so many frames are heard in training, which is quicker
UNIT = 10.0  # dB that count as a loss of 1


@dataclass(frozen=True)
class JointSettings:
    """How a network is trained.

    Attributes:
        objective: "two", as above, or "one": the listener's ear hears the output of both masks as a normal
            ear hears the clean music.
        steps: updates.
        batch_size: excerpts, each with a listener of its own.
        learning_rate: Adam's, at its highest.
        clip: norm that gradients are cut to.
        every: steps between two looks at the validation split.
        seed: of weights, listeners and order.
    """

    objective: str = "two"
    steps: int = 400
    batch_size: int = 8
    learning_rate: float = 0.003
    clip: float = 5.0
    every: int = 100
    seed: int = 1

    def __post_init__(self) -> None:
        chosen(self.objective, "settings.objective", OBJECTIVES)


def _power(spectra: Tensor) -> Tensor:
    return spectra.real.square() + spectra.imag.square()


class Objectives(nn.Module):
    """What a batch is worth, and the weights that are learned.

    Args:
        objective: "two" or "one".
        bands: of the network.
    """

    def __init__(self, objective: str, bands: int) -> None:
        super().__init__()
        self.objective = objective
        self.uncertainty = nn.Parameter(torch.zeros(2))  # log variances: noise reduction, compensation
        self.spectrum = LowDelaySpectrum(SAMPLE_RATE)
        self.bands = Bands(self.spectrum, bands)
        self.ear = SpectralEar(self.spectrum, LEVEL1)

    def forward(
        self, net: JointNet, signals: tuple[Tensor, Tensor], thresholds: Tensor, losses: Tensor
    ) -> tuple[Tensor, list[float]]:
        """The loss to lower, and those of noise reduction and compensation (or of the one objective, twice).

        Args:
            signals: clean and noisy, [B, T] at 24 kHz.
            thresholds: [B, 8] dB HL.
            losses: [B, 32] dB.
        """
        clean, noisy = (self.spectrum.frames(self.spectrum.pad(x)) for x in signals)
        masks = Masks(*(mask[:, ::HEARD] for mask in net(self.bands.levels(noisy, LEVEL1), thresholds)))
        power, normal = _power(noisy[:, ::HEARD]), torch.zeros_like(losses)

        def missed(decibels: Tensor, ears: Tensor, wanted: Tensor) -> Tensor:
            heard = self.ear(power * self.bands.factors(2 * decibels), ears)
            return (heard - wanted).abs().mean() / UNIT

        with torch.no_grad():
            heard_clean = self.ear(_power(clean[:, ::HEARD]), normal)
            heard_noisy = self.ear(power, normal)
        if self.objective == "one":
            both = missed(masks.noise + masks.gain, losses, heard_clean)
            return both, [both.item(), both.item()]
        parts = torch.stack([
            missed(masks.noise, normal, heard_clean),
            missed(masks.gain, losses, heard_noisy),
        ])  # fmt: skip
        return (torch.exp(-self.uncertainty) * parts + self.uncertainty).sum(), parts.tolist()


def draw_listeners(split: str, count: int, rng: np.random.Generator) -> list[Audiogram]:
    """Audiograms of a split: for training any of the families, for others the split's patterns."""
    if split == "train":
        return [hearing_losses.draw_varied(rng)[1] for _ in range(count)]
    return [hearing_losses.draw(split, rng)[1] for _ in range(count)]


class JointTrainer:
    """Trains one network in a folder: `last.pt` to go on from, `joint.safetensors`, `curve.csv`.

    Args:
        folder: where the run lives; a run that is there goes on.
        settings, dims: must be those the run was begun with.
        name: of the network.

    Raises:
        InputError: for a folder that holds a run with other settings.
    """

    def __init__(self, folder: str | Path, settings: JointSettings, dims: JointDimensions, name: str) -> None:
        self.folder, self.settings, self.name = Path(folder), settings, name
        torch.manual_seed(settings.seed)
        self.net, self.objectives = JointNet(dims), Objectives(settings.objective, dims.bands)
        learned = [*self.net.parameters(), self.objectives.uncertainty]
        self.optimizer = torch.optim.Adam(learned, settings.learning_rate)
        self.done, self.seconds, self.curve = 0, 0.0, []
        self.about = json.dumps([asdict(settings), asdict(dims)])
        if (self.folder / "last.pt").exists():
            self._resume()

    def _resume(self) -> None:
        saved = torch.load(self.folder / "last.pt", weights_only=True)
        if saved["about"] != self.about:
            raise InputError(f"{self.folder}: was begun with other settings; choose another run folder")
        for part in ("net", "objectives", "optimizer"):
            getattr(self, part).load_state_dict(saved[part])
        self.done, self.seconds, self.curve = saved["done"], saved["seconds"], saved["curve"]

    def _save(self) -> None:
        state = {part: getattr(self, part).state_dict() for part in ("net", "objectives", "optimizer")}
        facts = {"about": self.about, "done": self.done, "seconds": self.seconds, "curve": self.curve}
        with whole(self.folder / "last.pt") as part:
            torch.save({**state, **facts}, part)
        notes = {"settings": self.about, "step": str(self.done), "seconds": f"{self.seconds:.0f}"}
        save_joint(self.net, self.folder / "joint.safetensors", self.name, **notes)
        with written(self.folder / "curve.csv") as file:
            rows = csv.DictWriter(file, list(self.curve[0]))
            rows.writeheader()
            rows.writerows(self.curve)

    def _loss(
        self, excerpts: Excerpts, which: np.ndarray, listeners: list[Audiogram]
    ) -> tuple[Tensor, list[float]]:
        thresholds = torch.from_numpy(np.stack([encode_audiogram(ear) for ear in listeners]))
        losses = torch.from_numpy(np.stack([band_losses(ear) for ear in listeners])).float()
        return self.objectives(self.net, excerpts.batch(which), thresholds, losses)

    def step(self, train: Excerpts) -> list[float]:
        """One update; the parts of its loss."""
        settings = self.settings
        rng = np.random.default_rng([settings.seed, self.done])  # a resumed run is the same run
        share = self.done / settings.steps
        for group in self.optimizer.param_groups:
            group["lr"] = settings.learning_rate * max(
                min(20 * share, 0.5 + 0.5 * math.cos(math.pi * share)), 0.01
            )
        which = rng.choice(len(train.noisy), settings.batch_size, replace=False)
        self.net.train()
        loss, parts = self._loss(train, which, draw_listeners("train", settings.batch_size, rng))
        self.optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.net.parameters(), settings.clip)
        self.optimizer.step()
        self.done += 1
        return parts

    @torch.no_grad()
    def measure(self, validation: Excerpts) -> list[float]:
        """Means of the two losses over a split, with listeners that are the same each time."""
        self.net.eval()
        rng = np.random.default_rng(self.settings.seed)
        rows = np.array_split(np.arange(len(validation.noisy)), max(len(validation.noisy) // 16, 1))
        parts = [
            self._loss(validation, some, draw_listeners("validation", len(some), rng))[1] for some in rows
        ]
        return np.average(parts, axis=0, weights=[len(some) for some in rows]).tolist()

    def run(self, train: Excerpts, validation: Excerpts, report: Callable[[dict], None] = print) -> Path:
        """Train to the end, going on from what is there; where the weights are."""
        began, sums = time.process_time() - self.seconds, []
        while self.done < self.settings.steps:
            sums.append(self.step(train))
            if self.done % self.settings.every == 0 or self.done == self.settings.steps:
                noise, gain = self.measure(validation)
                self.seconds = time.process_time() - began
                trained = np.mean(sums, axis=0).tolist()
                weights = torch.exp(-self.objectives.uncertainty.detach()).tolist()
                row = {"step": self.done, "seconds": round(self.seconds)}
                row |= {"train_noise": trained[0], "train_gain": trained[1], "noise": noise, "gain": gain}
                row |= {"weight_noise": weights[0], "weight_gain": weights[1]}
                self.curve.append(row)
                sums = []
                self._save()
                report(row)
        return self.folder / "joint.safetensors"
