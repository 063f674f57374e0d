"""Where a system is worst, and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import InputError, Unscorable
from .comparing import (
    ListenersOption,
    MostOption,
    ScorerOption,
    SystemArgument,
    rows_of,
    split_system,
    trial_record,
    used_columns,
)
from .options import JsonOption, StoreOption

if TYPE_CHECKING:
    from ..analysis.diagnosis import Diagnosis
    from ..analysis.worst import Worst
    from ..scores import Key

DiagnoseOption = Annotated[
    bool,
    typer.Option("--diagnose", help="Say what is wrong with the worst signals; needs the run's own audio."),
]


def worst(
    system: SystemArgument,
    scorer: ScorerOption = "haaqi",
    store: StoreOption = None,
    listeners: ListenersOption = None,
    most: MostOption = 10,
    diagnose: DiagnoseOption = False,
    as_json: JsonOption = False,
) -> None:
    """A system's worst trials, scenes, listeners and ears, and which part of the score is low there."""
    from ..analysis.worst import find_worst

    scores, people = rows_of(system, store, listeners)
    found = find_worst(scores, scores[0].trial.system, scorer, people, most)
    told = _diagnoses(system, store, found) if diagnose else {}
    if as_json:
        from .tables import to_json

        typer.echo(to_json(_worst_record(found, told)))
        return
    _print_worst(found)
    if diagnose:
        _print_diagnoses(found, told)


def _diagnoses(given: str, store: str | None, found: Worst) -> dict[Key, Diagnosis | Unscorable]:
    """What is wrong with the signals of the worst trials, by their rows' keys."""
    from ..analysis.diagnosis import diagnose
    from ..cadenza.reload import reload_stimuli

    if store:
        raise InputError("--diagnose: a store keeps no audio; give the results file of a run")
    told: dict[Key, Diagnosis | Unscorable] = {}
    rows = [trial.score for trial in found.trials]
    for row, stimulus, other_ear in reload_stimuli(split_system(given)[0], rows):
        try:
            if isinstance(stimulus, Unscorable):
                raise stimulus
            told[row.key] = diagnose(stimulus, other_ear)
        except Unscorable as error:
            told[row.key] = error
    return told


def _print_worst(found: Worst) -> None:
    from ..analysis.worst import MEANING
    from .tables import columns

    failed = ", ".join(f"{code} {n}" for code, n in sorted(found.failed.items()))
    typer.echo(f"{found.system}, {found.scorer}: mean {found.mean:.4f} of {found.n} trials")
    if failed:
        typer.echo(f"Without a score: {failed}")
    rows = [
        (
            *(trial.scene, trial.song, trial.listener, t.severity, trial.ear, trial.stem),
            f"{t.score.score:.3f}",
            f"{t.low_part} -{t.below:.1f} SD" if t.low_part else "",
        )
        for t in found.trials
        for trial in [t.score.trial]
    ]
    head = ("scene", "song", "listener", "severity", "ear", "stem", "score", "lowest part, against its mean")
    typer.echo("\n" + used_columns(rows, head))
    for part in sorted({t.low_part for t in found.trials} - {""}):
        typer.echo(f"  {part}: {MEANING[part]}")
    for kind in ("scene", "listener", "ear"):
        groups = [(g.name, g.n, f"{g.mean:.3f}") for g in found.groups if g.kind == kind]
        typer.echo("\n" + columns(groups, (kind, "n", "mean")))


def _print_diagnoses(found: Worst, told: Mapping[Key, Diagnosis | Unscorable]) -> None:
    """The findings of each of the worst trials."""
    from ..io.names import printable

    typer.echo("\nWhat is wrong with them, as far as it can be measured against the reference")
    for trial in found.trials:
        row, said = trial.score, told[trial.score.key]
        text = f"{said.code}: {said.message}" if isinstance(said, Unscorable) else said.text
        name = " ".join(filter(None, (row.trial.scene, row.trial.listener, row.trial.ear, row.trial.stem)))
        typer.echo(printable(f"  {name}: {text}"))


def _diagnosis_record(said: Diagnosis | Unscorable | None) -> dict:
    if said is None:
        return {}
    if isinstance(said, Unscorable):
        return {"diagnosis": None, "error": said.code, "message": said.message}
    return {"diagnosis": [vars(finding) for finding in said.findings], "measures": dict(said.measures)}


def _worst_record(found: Worst, told: Mapping[Key, Diagnosis | Unscorable]) -> dict:
    return {
        "system": found.system,
        "scorer": found.scorer,
        "mean": found.mean,
        "n": found.n,
        "failed": dict(found.failed),
        "trials": [
            {
                **trial_record(t.score),
                "severity": t.severity,
                "score": t.score.score,
                "parts": dict(t.score.parts),
                "low_part": t.low_part,
                "below": t.below,
                **_diagnosis_record(told.get(t.score.key)),
            }
            for t in found.trials
        ],
        "groups": [vars(g) for g in found.groups],
    }
