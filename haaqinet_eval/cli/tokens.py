"""Commands on organisers' tokens: `haaqinet store token …`."""

from __future__ import annotations

from typing import Annotated

import typer

from .options import StoreOption

app = typer.Typer(help="Tokens that let organisers act on the board.", no_args_is_help=True)
NameArgument = Annotated[str, typer.Argument(help="Of who has it; shown with what was done with it.")]


@app.command()
def add(
    name: NameArgument,
    team: Annotated[
        str, typer.Option("--team", help="Of this team, to see its own submissions; it may change nothing.")
    ] = "",
    store: StoreOption = None,
) -> None:
    """Make a token and print it: this once, since only its digest is kept."""
    from ..store import add_token, open_store

    typer.echo(add_token(open_store(store), name, team))
    may = f"see what {team} handed in" if team else "withdraw and rescore submissions"
    typer.echo(f"Shown this once; whoever has it may {may}.", err=True)


@app.command("list")
def list_(store: StoreOption = None) -> None:
    """List who has a token, and since when."""
    from ..store import open_store, tokens
    from .tables import columns

    known = tokens(open_store(store, make=False))
    rows = [(token.name, token.team or "organiser", f"{token.created:%Y-%m-%d %H:%M}") for token in known]
    typer.echo(columns(rows, ("name", "whose", "created (UTC)")) if rows else "no tokens")


@app.command()
def revoke(name: NameArgument, store: StoreOption = None) -> None:
    """Let a token open nothing any more, from now on."""
    from ..store import open_store, revoke_token

    revoke_token(open_store(store, make=False), name)
    typer.echo(f"Revoked the token of {name}")
