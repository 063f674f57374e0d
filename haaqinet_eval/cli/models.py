"""Commands on network weights."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..errors import InputError


def convert(
    source: Annotated[
        Path, typer.Argument(help="haaqi_net_best.pth or the student's .pth, from its authors.")
    ],
    target: Annotated[Path, typer.Argument(help=".safetensors file to write.")],
    beats: Annotated[
        Path | None, typer.Option(help="BEATs_iter3_plus_AS2M.pt, if the checkpoint lacks BEATs.")
    ] = None,
    attention: Annotated[
        str | None,
        typer.Option(
            help="Of a student: published, the default: a token attends to itself; or repaired: to all."
        ),
    ] = None,
) -> None:
    """Convert an official HAAQI-Net checkpoint to safetensors; every wrong key is an error."""
    if target.suffix != ".safetensors":
        raise InputError(f"{target}: the converted file must end in .safetensors")
    if not target.parent.is_dir():
        raise InputError(f"{target}: no such folder")
    from ..model.paper import convert_official

    convert_official(source, target, beats, attention)
    typer.echo(f"Wrote {target}")
