"""A baseline of this project's own: HAAQI-Net's ear and a ridge regression.

It knows neither lyrics nor the kind of loss. The audio has the simulated loss already, so the ear has none:
an audiogram of 0 dB. Of what each of its 32 bands is like over the clip (levels, modulations, texture) the
means of four bands are kept, of both channels together. The strength of the ridge is chosen by parts of the
training prompts, so that no prompt is in two parts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from ..audio import read_audio, resample
from ..errors import InputError, Unscorable
from ..io.files import written
from .labels import Labels

RATE = 24_000  # Hz, of the ear
LEVEL1 = 85.0  # dB SPL that an RMS of 1 means
BANDS_EACH = 4
STRENGTHS = np.logspace(0, 6, 13)
FOLDS = 5
SHORTEST = 0.25  # s
KEEP_EACH = 500  # signals between two writings of what was heard


def signal_path(labels: Labels, signal: str) -> Path:
    """Where a signal lies as listeners heard it; below `audio`, too, where pyclarity's recipe has it.

    Raises:
        InputError: where it is in neither.
    """
    places = [labels.root / labels.split, labels.root / "audio" / labels.split]
    for place in places:
        if (path := place / "signals" / f"{signal}.flac").is_file():
            return path
    raise InputError(f"{places[0]}/signals/{signal}.flac: no such file")


@cache
def _hearing() -> Any:
    from ..model.front_end import FrontEnd

    return FrontEnd()


def describe(path: Path) -> np.ndarray:
    """What the ear hears of a signal, [F] float32, both channels together.

    Raises:
        Unscorable: for a file that cannot be read, or lasts less than 0.25 s.
    """
    import torch

    from ..model.description import describe_bands

    audio = read_audio(path)
    if audio.seconds < SHORTEST:
        raise Unscorable("too_short", f"{path}: lasts {audio.seconds:.2f} s; {SHORTEST} s are needed")
    ears = resample(audio.samples, audio.sample_rate, RATE)
    signals = torch.tensor(ears.T, dtype=torch.float32)
    no_loss = torch.zeros(len(signals), 32)
    with torch.inference_mode():
        heard = _hearing()(signals, no_loss, torch.full((len(signals),), LEVEL1))
        bands = describe_bands(heard, no_loss)  # [channels, D, 32]
    each = bands.reshape(*bands.shape[:2], -1, BANDS_EACH).mean(-1)
    return each.mean(0).flatten().numpy()


def descriptions(
    labels: Labels, cache: Path, track: Callable[[Sequence[str]], Iterable[str]] = iter
) -> np.ndarray:
    """Descriptions [N, F] of all signals of a split; those in `cache` (.npz) are not made again.

    Args:
        track: shows progress over the signals that are left.

    Raises:
        InputError: names a signal that is not there or cannot be heard.
    """
    known = dict(np.load(cache)) if cache.is_file() else {}
    left = [signal for signal in labels.signals if signal not in known]
    for number, signal in enumerate(track(left), start=1):
        try:
            known[signal] = describe(signal_path(labels, signal))
        except Unscorable as error:
            raise InputError(str(error)) from None
        if number % KEEP_EACH == 0 or number == len(left):
            with written(cache, binary=True) as file:
                np.savez(file, **known)
    return np.stack([known[signal] for signal in labels.signals])


def predict(train: Labels, known: np.ndarray, labels: Labels, heard: np.ndarray) -> dict[str, float]:
    """Per cent of words for each signal of `labels`.

    Args:
        train: labels to learn from; known: their descriptions [N, F].
        labels: what is to be predicted; heard: its descriptions [M, F].

    Raises:
        InputError: for a training split without labels, or with one prompt only.
    """
    from sklearn.linear_model import Ridge
    from sklearn.model_selection import GridSearchCV, GroupKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    signals = list(train.signals.values())
    prompts = [signal.prompt for signal in signals]
    if not train.known or len(set(prompts)) < 2:
        raise InputError(f"{train.root}: {train.split} needs labels of two prompts or more to learn from")
    target = np.array([signal.correctness for signal in signals])
    search = GridSearchCV(
        make_pipeline(StandardScaler(), Ridge()),
        {"ridge__alpha": STRENGTHS},
        scoring="neg_mean_squared_error",
        cv=GroupKFold(min(FOLDS, len(set(prompts)))),
    )
    search.fit(known, target, groups=prompts)
    predicted = np.clip(search.predict(heard), 0, 100)
    return dict(zip(labels.signals, map(float, predicted), strict=True))
