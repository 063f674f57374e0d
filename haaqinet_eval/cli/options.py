"""Options that several commands have."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..registry import challenge_names, prediction_records

if TYPE_CHECKING:
    from ..scorers.own import Loader

CHALLENGES = (*challenge_names(), *prediction_records())

StoreOption = Annotated[
    str | None,
    typer.Option(
        "--store", help="Path, sqlite:///… or postgresql://…; default: $HAAQINET_STORE, else your own."
    ),
]
ChallengeOption = Annotated[str, typer.Option("--challenge", help=f"One of {', '.join(CHALLENGES)}.")]
RootOption = Annotated[
    Path, typer.Option("--root", help="The challenge's data: the folder with metadata and audio.")
]
SplitOption = Annotated[
    str | None, typer.Option("--split", help="As its metadata files are named; default: the recipe's own.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
FastOption = Annotated[bool, typer.Option("--fast", help="Check names and headers; decode no audio.")]
TeamOption = Annotated[str, typer.Option("--team", help="Name of the team.")]
SystemOption = Annotated[str, typer.Option("--system", help="Name of the system.")]
ScorerOption = Annotated[list[str] | None, typer.Option("--scorer", help="May be repeated.")]
CausalOption = Annotated[
    bool | None, typer.Option("--causal/--non-causal", help="Whether the output waits for later input.")
]
AugmentedOption = Annotated[
    bool | None, typer.Option("--augmented/--not-augmented", help="Trained on additional data.")
]
SizeOption = Annotated[int | None, typer.Option("--model-size", help="Number of parameters.")]
NoteOption = Annotated[str, typer.Option("--note", help="Shown on the board.")]
TrainedOption = Annotated[
    str, typer.Option("--trained-on", help="Training data, as declared; shown on the board.")
]
LookAheadOption = Annotated[
    float | None, typer.Option("--look-ahead", min=0, help="Later input that the output waits for, in ms.")
]
SpeedOption = Annotated[
    float | None, typer.Option("--real-time-factor", min=0, help="Seconds of work for a second of music.")
]
ReferenceOption = Annotated[
    str, typer.Option("--reference", help="passthrough, ideal, baseline, …: shown on the board, unranked.")
]
IdArgument = Annotated[int, typer.Argument(help="Number of the submission.")]
VisitorOption = Annotated[
    bool,
    typer.Option(
        "--visitor",
        hidden=True,
        help="From somebody of whom nothing is known: adds to what is there, changes nothing.",
    ),
]

WeightsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--weights",
        help="FILE of a network of your own, or SCORER=FILE; repeatable. Its version is in the rows.",
    ),
]


def own_weights(given: Sequence[str] | None, names: Iterable[str] | None = None) -> Loader:
    """What loads scorers, all there are or some, with the weights of the option.

    Raises:
        InputError: for a file that no scorer takes, or that is not there.
    """
    from ..registry import scorer_names
    from ..scorers.own import Loader

    names = dict.fromkeys(scorer_names() if names is None else names)
    files: dict[str, str] = {}
    for text in given or ():
        name, _, file = text.partition("=") if text.partition("=")[0] in scorer_names() else ("", "", text)
        files |= {name: file} if name else Loader.from_option(names, file, "--weights").weights
    return Loader.from_option(names, files or None, "--weights")
