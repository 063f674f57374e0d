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
from ..io.programs import environment as program_environment
from ..io.programs import module_command
from .options import StoreOption

APP = Path(__file__).parents[2] / "leaderboard" / "server.py"  # beside haaqinet_eval, installed or not
LOOPBACK = ("127.0.0.1", "::1", "localhost")
PROXY_HEADER = (
    "HAAQINET_PROXY_HEADER"  # variable that names the header by which a proxy vouches, see `access`
)
OPTIONS = {
    "browser.gatherUsageStats": "false",
    "client.showErrorDetails": "none",  # a traceback would show paths
    "client.showErrorLinks": "false",
    "client.toolbarMode": "viewer",
    "runner.postScriptGC": "false",  # it looks at all that is kept, which takes longer than a page
    "logger.hideWelcomeMessage": "true",  # it would ask another computer for this one's address
    "server.disconnectedSessionTTL": "60",  # s that a closed page is kept, for whoever comes back
    "server.enableAgentApi": "false",
    "server.fileWatcherType": "none",
    "server.headless": "true",
    "server.maxMessageSize": "64",  # MB; a stranger's message is in memory before it is looked at
    "server.maxWidgetStateSize": "1",
}


class AudioAccess(StrEnum):
    """Who may hear what teams handed in; music has licences."""

    NOBODY = "nobody"
    ORGANISERS = "organisers"
    EVERYBODY = "everybody"


def streamlit_command(host: str, port: int, upload_limit: int) -> list[str]:
    """How Streamlit is called; the limit of an upload is in MB."""
    options = {"server.address": host, "server.port": str(port), **OPTIONS}
    options["server.maxUploadSize"] = str(upload_limit)
    return [
        *module_command("streamlit", "run", str(APP)),
        *(f"--{name}={value}" for name, value in options.items()),
    ]


def _environment(url: str) -> dict[str, str]:
    """The server's: where the store is, which no list of processes shows, and where this package is."""
    return program_environment(HAAQINET_STORE=url)


def _warnings(host: str, allow_upload: bool) -> list[str]:
    """What whoever starts the board should know."""
    found = []
    if host not in LOOPBACK:
        found.append(f"Listening at {host}: whoever reaches this computer can read the board.")
        if header := os.environ.get(PROXY_HEADER, "").strip():
            found.append(
                f"{PROXY_HEADER}={header}: whoever reaches {host} past the proxy can send that header, and "
                "is an organiser. Let the board listen at 127.0.0.1, or let a firewall pass the proxy alone."
            )
    if allow_upload:
        found.append("Uploads: whoever reaches the board may hand in, under any team's name.")
    return found


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
        AudioAccess, typer.Option(help="Who sees spectrograms of submissions, and hears them, at low level.")
    ] = AudioAccess.NOBODY,
) -> None:
    """Show the leaderboard in a browser, until Ctrl-C; only organisers can change anything.

    With --allow-upload, whoever reaches it may hand in submissions too.
    """
    if importlib.util.find_spec("streamlit") is None:
        raise InputError("the leaderboard needs streamlit: pip install 'haaqinet-eval[leaderboard]'")
    if not APP.exists():
        raise InputError(f"the leaderboard is not installed: {APP} is missing")
    from ..store import challenges, open_store

    opened = open_store(store, make=False)
    known = [challenge.title for challenge in challenges(opened)]
    typer.echo(f"Store: {opened.name} ({', '.join(known) or 'empty'})")
    typer.echo(f"Board: http://{f'[{host}]' if ':' in host else host}:{port}")
    for warning in _warnings(host, allow_upload):
        typer.echo(warning, err=True)
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
