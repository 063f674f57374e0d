"""The command that writes a static copy of the board."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..io.names import counted
from .options import StoreOption


def export_site(
    out: Annotated[Path, typer.Option("--out", help="Folder: a new one, or an earlier copy to replace.")],
    store: StoreOption = None,
) -> None:
    """Write a static copy of the board: HTML and JSON, the Cadenza site's own format too."""
    from ..site import export_site as write
    from ..store import open_store

    number = counted(write(open_store(store, make=False), out), "file")
    typer.echo(f"Wrote {number} to {out}; open {out / 'index.html'}")
