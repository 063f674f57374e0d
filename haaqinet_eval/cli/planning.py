"""An evaluation in batches: the commands for a scheduler, and what they will take."""

from __future__ import annotations

import math
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import InputError
from ..io.names import counted, printable

if TYPE_CHECKING:
    from ..cadenza.estimate import Estimate

FORMS = ("shell", "slurm")
MARGIN = 3  # times the estimate that a batch may take on Slurm
LEAST = 10  # min


def plan(
    script: Annotated[Path, typer.Argument(help="evaluate.py of a recipe.")],
    overrides: Annotated[
        list[str] | None, typer.Argument(help="Its options, as you would give them.")
    ] = None,
    batches: Annotated[
        int, typer.Option("--batches", min=2, help="Jobs that the work is divided into.")
    ] = 10,
    to: Annotated[str, typer.Option("--to", help="shell: a command per line; slurm: a job array.")] = "shell",
    price: Annotated[
        float | None, typer.Option("--price", min=0, help="Of one processor for one hour, for the estimate.")
    ] = None,
) -> None:
    """Print the commands of an evaluation in batches, and before them how long they will take.

    The commands go to stdout, the estimate to stderr: `haaqinet plan … > jobs.sh`. Time is measured here, on
    the first pair of a scene and a listener.
    """
    from ..cadenza import CHALLENGES
    from ..cadenza.estimate import estimate
    from ..cadenza.folders import absolute_paths
    from ..cadenza.plan import make_plan, scorer_names
    from ..recipe import compose
    from ..scorers import load_scorer
    from ..scorers.own import Loader

    given = list(overrides or ())
    if to not in FORMS:
        raise InputError(f"--to {to!r} is unknown; known: {', '.join(FORMS)}")
    challenge = script.absolute().parent.name
    if challenge not in CHALLENGES:
        raise InputError(f"{script}: its folder is no challenge; there are: {', '.join(CHALLENGES)}")
    config = absolute_paths(compose(script, given))
    names = scorer_names(config)
    made = make_plan(challenge, config, dict.fromkeys(names, ""))
    if batches > len(made.pairs):
        there = f"there {'is' if len(made.pairs) == 1 else 'are'} only {counted(len(made.pairs), 'pair')}"
        raise InputError(f"--batches {batches}: {there} of a scene and a listener to divide")
    load = Loader.from_option(
        names, config["evaluator"].get("weights"), "option evaluator.weights", load_scorer
    )
    found = estimate(made, {name: load(name) for name in names})
    typer.echo(_estimate_text(found, made, batches, price), err=True)
    command = ["python", str(script), *given]
    merging = shlex.join(["haaqinet", "merge", config["path"]["exp_folder"]])
    form = _slurm if to == "slurm" else _shell
    typer.echo(form(command, batches, found, merging))


def _estimate_text(found: Estimate, made: Any, batches: int, price: float | None) -> str:
    pairs, systems = counted(len(made.pairs), "pair"), counted(len(made.systems), "system")
    trials = counted(found.measured, "trial")
    each = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in found.scoring.items())
    hours = found.hours
    lines = [
        f"{counted(found.rows, 'row')}: {pairs} of a scene and a listener, {systems}",
        f"a row   {each}; reading {found.loading:.2f} s a trial (measured here on {trials})",
        f"in all  {_hours(hours)} of one processor like this one, {_hours(hours / batches)} a batch",
    ]
    if price is not None:
        lines.append(f"price   {hours * price:.4g}, at {price:g} an hour")
    return "\n".join(map(printable, lines))


def _hours(hours: float) -> str:
    """Hours, or minutes where there are few.

    >>> _hours(3.21), _hours(0.3)
    ('3.2 hours', '18 min')
    """
    return f"{hours:.1f} hours" if hours >= 2 else f"{max(math.ceil(round(hours * 60, 6)), 1)} min"


def _options(batch: str, batches: int) -> str:
    return f"evaluate.batch={batch} evaluate.batch_size={batches} executor=inline"


def _shell(command: list[str], batches: int, found: Estimate, merging: str) -> str:
    lines = [f"{shlex.join(command)} {_options(str(batch), batches)}" for batch in range(batches)]
    return "\n".join([*lines, f"{merging}  # after all the others"])


def _slurm(command: list[str], batches: int, found: Estimate, merging: str) -> str:
    minutes = max(LEAST, math.ceil(MARGIN * 60 * found.hours / batches))
    return "\n".join(
        [
            "#!/bin/bash",
            "#SBATCH --job-name=haaqinet",
            f"#SBATCH --array=0-{batches - 1}",
            "#SBATCH --cpus-per-task=1",
            "#SBATCH --mem=4G",
            f"#SBATCH --time={minutes}  # min",
            f"# after all jobs: {merging}",
            f"{shlex.join(command)} {_options('$SLURM_ARRAY_TASK_ID', batches)}",
        ]
    )
