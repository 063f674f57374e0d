"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

StoreOption = Annotated[
    str | None,
    typer.Option(
        "--store", help="Path, sqlite:///… or postgresql://…; default: $HAAQINET_STORE, else your own."
    ),
]
ChallengeOption = Annotated[
    str, typer.Option("--challenge", help="cad_icassp_2024, cad1_task1 or cad2_task2.")
]
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
ReferenceOption = Annotated[
    str, typer.Option("--reference", help="passthrough, ideal, baseline, …: shown on the board, unranked.")
]
IdArgument = Annotated[int, typer.Argument(help="Number of the submission.")]
