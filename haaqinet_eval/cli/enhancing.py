"""Audio files through the network for noise reduction and hearing-loss compensation."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def enhance(
    file: Annotated[Path, typer.Argument(help="WAV, FLAC, Ogg or MP3 with one or two channels.")],
    out: Annotated[Path, typer.Option(help="What to write: .wav or .flac, stereo, 24 bits.")],
    audiogram: Annotated[
        str | None, typer.Option(help='dB HL at Hz, for both ears: "250:20,500:25,…".')
    ] = None,
    listener: Annotated[Path | None, typer.Option(help="Clarity listener JSON.")] = None,
    id: Annotated[str | None, typer.Option("--id", help="Listener in that file.")] = None,
    noise_reduction: Annotated[float, typer.Option(help="0: leave the noise; 1: as trained; up to 2.")] = 1.0,
    compensation: Annotated[float, typer.Option(help="0: do not amplify; 1: as trained; up to 2.")] = 1.0,
    fitting: Annotated[str, typer.Option(help="What amplifies: nalr, or network.")] = "nalr",
    level1: Annotated[float, typer.Option(help="dB SPL that an RMS of 1 means.")] = 85.0,
    weights: Annotated[Path | None, typer.Option(help="A network of your own.")] = None,
) -> None:
    """Take noise from a file and amplify it for a listener; nothing looks ahead by 5 ms or more."""
    from ..audiogram import Listener
    from ..filescore import EarSetup
    from ..systems.joint import Joint
    from ..systems.single_file import enhance_file

    ears = EarSetup.from_options(audiogram, listener, id, None)
    system = Joint(noise_reduction, compensation, fitting, level1, weights)
    written = enhance_file(file, out, Listener(id or "", ears.left, ears.right), system)
    told = (
        f"; turned down by {written.turned_down:.1f} dB, so that nothing clips" if written.turned_down else ""
    )
    typer.echo(f"Wrote {written.path}: {written.seconds:.1f} s at {written.sample_rate} Hz{told}")
