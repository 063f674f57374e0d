"""The audio of a finished run again, as its scorers heard it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from ..audiogram import EARS, Audiogram
from ..errors import InputError, Unscorable
from ..evaluate import load_stimulus
from ..io.runfile import last_run, read_run, run_beside
from ..scores import Score
from ..trials import Stimulus
from . import load_challenge
from .challenge import Pair
from .fingerprints import Fingerprints
from .folders import ENHANCED, find_systems, fingerprints_file, signals_folder
from .loaders import pair_loaders


def reload_stimuli(
    results: Path, rows: Sequence[Score]
) -> Iterator[tuple[Score, Stimulus | Unscorable, Audiogram]]:
    """Each row with what its scorer heard, or why that cannot be read, and the listener's other ear.

    Args:
        results: results file of an evaluate recipe; the `run.json` beside it says where the audio is.
        rows: some of it.

    Raises:
        InputError: where no `run.json` says it, or the challenge's files are not there.
    """
    record = read_run(run_beside(results))
    run = last_run(record)
    config = run.get("config")
    if not config or not record.get("challenge"):
        raise InputError(f"{results}: no run.json beside it says where the audio is")
    config = {**config, "path": {**config["path"], "exp_folder": str(results.parent.absolute())}}
    found = find_systems(signals_folder(config), sorted({row.trial.system for row in rows}))
    folders = {system: folder / ENHANCED for system, folder in found.items()}
    challenge = load_challenge(record["challenge"], config, folders)
    suffix = results.stem.removeprefix("results")
    noted = Fingerprints(fingerprints_file(results.parent.absolute(), suffix), results.parent.absolute())
    for row in rows:
        trial = row.trial
        pair = Pair(trial.scene, trial.song, trial.listener)
        (load,) = pair_loaders(challenge, pair, {trial.system: folders[trial.system]}, False)
        (other,) = (ear for ear in EARS if ear != trial.ear)
        stimulus = load_stimulus(load, trial)
        file = folders[trial.system] / challenge.enhanced_file(pair, trial.ear, trial.stem)
        if not isinstance(stimulus, Unscorable) and noted.changed(file):
            stimulus = Unscorable("changed_file", f"{file}: is not what was scored; evaluate again")
        yield row, stimulus, challenge.listeners[trial.listener].ear(other)
