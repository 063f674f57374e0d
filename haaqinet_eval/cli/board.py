"""The command that starts the leaderboard."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from ..errors import InputError
from .options import StoreOption

APP = Path(__file__).parents[2] / "leaderboard" / "app.py"  # beside haaqinet_eval, installed or not
LOOPBACK = ("127.0.0.1", "::1", "localhost")
OPTIONS = {
    "browser.gatherUsageStats": "false",
    "client.showErrorDetails": "none",  # a traceback would show paths
    "client.toolbarMode": "viewer",
    "server.fileWatcherType": "none",
    "server.headless": "true",
}


def streamlit_command(host: str, port: int) -> list[str]:
    """How Streamlit is called."""
    options = {"server.address": host, "server.port": str(port), **OPTIONS}
    return [
        *(sys.executable, "-m", "streamlit", "run", str(APP)),
        *(f"--{name}={value}" for name, value in options.items()),
    ]


def leaderboard(
    store: StoreOption = None,
    host: Annotated[
        str, typer.Option(help="Address to listen at; 0.0.0.0 opens it to the network.")
    ] = LOOPBACK[0],
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen at.")] = 8501,
) -> None:
    """Show the leaderboard in a browser, until Ctrl-C; only organisers can change anything."""
    if importlib.util.find_spec("streamlit") is None:
        raise InputError("the leaderboard needs streamlit: pip install 'haaqinet-eval[leaderboard]'")
    if not APP.exists():
        raise InputError(f"the leaderboard is not installed: {APP} is missing")
    from ..store import challenges, open_store

    opened = open_store(store)
    known = [challenge.title for challenge in challenges(opened)]
    typer.echo(f"Store: {opened.name} ({', '.join(known) or 'empty'})")
    if host not in LOOPBACK:
        typer.echo(f"Listening at {host}: whoever reaches this computer can read the board.", err=True)
    url = opened.url.render_as_string(hide_password=False)
    opened.close()
    paths = [str(APP.parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "HAAQINET_STORE": url, "PYTHONPATH": os.pathsep.join(paths)}
    command = streamlit_command(host, port)
    sys.stdout.flush()
    if os.name == "posix":  # the server takes this process over, and with it all signals
        os.execve(command[0], command, environment)
    raise typer.Exit(subprocess.call(command, env=environment))
