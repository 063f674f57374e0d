"""The command that starts the leaderboard."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from enum import StrEnum
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
    "client.showErrorLinks": "false",
    "client.toolbarMode": "viewer",
    "server.fileWatcherType": "none",
    "server.headless": "true",
}


class Hearers(StrEnum):
    """Who may hear what teams handed in; music has licences."""

    NOBODY = "nobody"
    ORGANISERS = "organisers"
    EVERYBODY = "everybody"


def streamlit_command(host: str, port: int, upload_limit: int) -> list[str]:
    """How Streamlit is called; the limit of an upload is in MB."""
    options = {"server.address": host, "server.port": str(port), **OPTIONS}
    options["server.maxUploadSize"] = str(upload_limit)
    return [
        *(sys.executable, "-m", "streamlit", "run", str(APP)),
        *(f"--{name}={value}" for name, value in options.items()),
    ]


def _environment(url: str) -> dict[str, str]:
    """The server's: where the store is, which no list of processes shows, and where this package is."""
    paths = [str(APP.parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "HAAQINET_STORE": url, "PYTHONPATH": os.pathsep.join(paths)}


def leaderboard(
    store: StoreOption = None,
    host: Annotated[
        str, typer.Option(help="Address to listen at; 0.0.0.0 opens it to the network.")
    ] = LOOPBACK[0],
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen at.")] = 8501,
    allow_upload: Annotated[
        bool, typer.Option("--allow-upload", help="Everybody may hand in there, not only organisers.")
    ] = False,
    upload_limit: Annotated[int, typer.Option(min=1, max=4096, help="Largest upload, in MB.")] = 200,
    upload_folder: Annotated[
        Path | None, typer.Option(help="Where uploads are kept; default: `uploads` beside the store.")
    ] = None,
    audio: Annotated[
        Hearers, typer.Option(help="Who sees spectrograms of submissions, and hears them, at low level.")
    ] = Hearers.NOBODY,
) -> None:
    """Show the leaderboard in a browser, until Ctrl-C; only organisers can change anything.

    With --allow-upload, whoever reaches it may hand in submissions too.
    """
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
    if allow_upload:
        typer.echo("Uploads: whoever reaches the board may hand in, under any team's name.", err=True)
    environment = _environment(opened.url.render_as_string(hide_password=False))
    environment |= {"HAAQINET_ALLOW_UPLOAD": str(int(allow_upload)), "HAAQINET_AUDIO": audio.value}
    if upload_folder is not None:
        environment["HAAQINET_UPLOAD_FOLDER"] = str(upload_folder.absolute())
    opened.close()
    command = streamlit_command(host, port, upload_limit)
    sys.stdout.flush()
    if os.name == "posix":  # the server takes this process over, and with it all signals
        os.execve(command[0], command, environment)
    raise typer.Exit(subprocess.call(command, env=environment))
