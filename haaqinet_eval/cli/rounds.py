"""The command that opens and closes rounds: `haaqinet store round`."""

from __future__ import annotations

from typing import Annotated

import typer

from .options import ChallengeOption, SplitOption, StoreOption

TIME = "UTC, as 2026-03-01T12:00; `none` for no such time."


def set_times(
    challenge: ChallengeOption,
    split: SplitOption = None,
    opens: Annotated[str | None, typer.Option("--opens", help=TIME)] = None,
    closes: Annotated[str | None, typer.Option("--closes", help=TIME)] = None,
    private: Annotated[
        bool | None, typer.Option("--private/--public", help="Whether scores wait for the close.")
    ] = None,
    webhook: Annotated[
        list[str] | None,
        typer.Option(
            "--webhook", help="https:// or mailto: address to tell of each finished submission; `none`."
        ),
    ] = None,
    store: StoreOption = None,
) -> None:
    """Say when a split takes submissions, and whether its scores are private until it closes."""
    from ..store import challenge as find
    from ..store import is_hidden, open_store, phase, set_round, set_webhook, when

    def time(text: str | None) -> float | str | None:
        return "keep" if text is None else None if text == "none" else when(text)

    opened = open_store(store, make=False)
    known = find(opened, challenge, split or "")
    known = set_round(
        opened, known.name, known.split, opens=time(opens), closes=time(closes), private=private
    )
    if webhook:
        set_webhook(opened, known.name, known.split, "" if webhook == ["none"] else " ".join(webhook))
    scores = "private until it closes" if is_hidden(known) else "public"
    typer.echo(f"{known.title}: {phase(known)}; scores are {scores}")
