"""Commands on network weights."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..errors import InputError

TORCH = (b"PK", b"\x80\x02")  # how torch's files begin: a zip, before version 1.6 a pickle


def convert(
    source: Annotated[
        Path, typer.Argument(help="haaqi_net_best.pth or the student's .pth, from its authors.")
    ],
    target: Annotated[Path, typer.Argument(help=".safetensors file to write.")],
    beats: Annotated[
        Path | None, typer.Option(help="BEATs_iter3_plus_AS2M.pt, if the checkpoint lacks BEATs.")
    ] = None,
) -> None:
    """Convert an official HAAQI-Net checkpoint to safetensors; every wrong key is an error."""
    if target.suffix != ".safetensors":
        raise InputError(f"{target}: the converted file must end in .safetensors")
    if not target.parent.is_dir():
        raise InputError(f"{target}: no such folder")
    if source.is_file() and source.suffix != ".safetensors":
        with source.open("rb") as file:
            start = file.read(2)
        if start not in TORCH:
            raise InputError(f"{source}: is no checkpoint of torch")
    from ..model import convert_official

    convert_official(source, target, beats)
    typer.echo(f"Wrote {target}")
