"""Something to develop with where there is no recogniser: STOI of the vocals, which is no share of words.

For each ear, what the listener would hear of the vocals alone is compared with what is heard of the output,
by the short-time objective intelligibility measure (Taal et al. 2011): both through the simulated loss, the
vocals through the listener's compressor first. It tells whether the envelopes of the voice survive. It knows
no words and no language, its values are on another scale than shares of words, it was made for noisy speech,
and nobody has compared it with listeners to this challenge's songs. So it has a table of its own,
`stand_in.csv`, and never enters `scores.csv`, a store or a board.
"""

from __future__ import annotations

import csv
import warnings
from collections.abc import Mapping

import numpy as np
from rich.console import Console

from ...audiogram import EARS
from ...errors import Unscorable
from ...io.files import written
from ...io.progress import counting
from ...lyrics.hearing import FULL_SCALE, simulate_loss
from ..challenge import Pair
from ..enhanced import SignalFolder
from ..plan import Plan
from .segments import LyricsScenes

COLUMNS = ("scene", "song", "listener", "alpha", "stoi_left", "stoi_right", "stoi_better")
SHORTEST = 0.4  # s of voice, 30 frames of STOI


class VocalStoi:
    """STOI of the vocals in a system's output, ear by ear; what is heard of the vocals is kept."""

    def __init__(self, challenge: LyricsScenes, full_scale: float = FULL_SCALE) -> None:
        self.challenge, self.full_scale = challenge, full_scale
        self._clean: dict[tuple[str, str], np.ndarray] = {}  # by listener and ear, of one segment
        self._segment = ""

    def heard(self, listener: str, ear: str, signal: np.ndarray) -> np.ndarray:
        """What the simulated loss leaves of a signal [T]."""
        audiogram = self.challenge.listeners[listener].ear(ear)
        return simulate_loss(signal, self.challenge.input_sample_rate, audiogram, self.full_scale)

    def clean(self, pair: Pair, ear: str) -> np.ndarray:
        """What is heard of the vocals alone, through the listener's compressor. Raises `Unscorable`."""
        if self._segment != pair.song:
            self._segment, self._clean = pair.song, {}
        key = (pair.listener, ear)
        if key not in self._clean:
            vocals = self.challenge.load_stems(pair.song)["vocals"][:, EARS.index(ear)]
            if not vocals.any():
                raise Unscorable("silent_reference", f"{pair.song}: nobody sings")
            self._clean[key] = self.heard(*key, self.challenge.amplify(*key, vocals))
        return self._clean[key]

    def __call__(self, pair: Pair, samples: np.ndarray) -> tuple[float, float]:
        """Of a system's file [T, 2], left and right. Raises `Unscorable` where there is too little voice."""
        from pystoi import stoi

        found = []
        for i, ear in enumerate(EARS):
            clean, output = self.clean(pair, ear), self.heard(pair.listener, ear, samples[:, i])
            length = min(len(clean), len(output))
            with warnings.catch_warnings():
                warnings.simplefilter("error", RuntimeWarning)
                try:
                    value = stoi(clean[:length], output[:length], self.challenge.input_sample_rate)
                except RuntimeWarning:
                    raise Unscorable("too_short", f"less than {SHORTEST} s of voice") from None
            found.append(float(value))
        return found[0], found[1]


def write_stand_ins(challenge: LyricsScenes, plan: Plan, config: Mapping, console: Console) -> None:
    """Write `stand_in.csv` of each system of a plan; a pair that has none has empty cells."""
    measure = VocalStoi(challenge, config["evaluate"].get("equiv_0db_spl", FULL_SCALE))
    rows: dict[str, list[tuple]] = {system: [] for system in plan.systems}
    with counting("stand-in", len(plan.pairs) * len(plan.systems), console) as step:
        for pair in plan.pairs:
            name, seconds = challenge.enhanced_file(pair, "left", ""), challenge.seconds(pair.song)
            about = (pair.scene, challenge.track(pair.song), pair.listener, challenge.alpha(pair.scene))
            for system, folder in plan.enhanced.items():
                try:
                    samples = SignalFolder(folder).read_enhanced(name, challenge.enhanced, seconds)
                    ears = measure(pair, samples)
                    rows[system].append((*about, *ears, max(ears)))
                except Unscorable:
                    rows[system].append((*about, "", "", ""))
                step()
    for system, found in rows.items():
        path = plan.tables[system] / f"stand_in{plan.suffix}.csv"
        with written(path) as file:
            csv.writer(file).writerows([COLUMNS, *found])
        console.print(
            f"{path}: STOI of the vocals, to develop with: no share of words, and no official score",
            soft_wrap=True, markup=False,
        )  # fmt: skip
