"""Runs scripts as a user does, without the seconds that loading their packages takes each time.

A process without threads loads the packages once (`forkserver`); each script runs in a fork of it, with its
own arguments, folder, environment and output, as `__main__`.
"""

import multiprocessing
import os
import runpy
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

PACKAGES = (
    *("hydra", "numba", "scipy.signal", "scipy.stats", "torch", "matplotlib.pyplot", "rich.progress"),
    *("haaqinet_eval.cadenza.run", "haaqinet_eval.model", "haaqinet_eval.synthesis.render"),
)
LIMIT = 300.0  # s, of a script


def run_script(
    script: Path, *options: object, cwd: Path | None = None, check: bool = False, env: dict | None = None
) -> subprocess.CompletedProcess:
    """What `python script options` gives: exit code, stdout and stderr as text.

    Args:
        cwd: the folder that it runs in; None for this process's.
        check: raise `CalledProcessError` for an exit code other than 0.
        env: variables that it has besides.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(PACKAGES))
    command = [str(script), *map(str, options)]
    with tempfile.TemporaryDirectory() as folder:
        outputs = [os.path.join(folder, name) for name in ("stdout", "stderr")]
        environment = {**os.environ, **(env or {})}
        process = context.Process(target=_run, args=(command, str(cwd or Path.cwd()), environment, outputs))
        process.start()
        process.join(LIMIT)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise TimeoutError(f"{command} ran for {LIMIT:g} s")
        told = [Path(output).read_text(encoding="utf-8") for output in outputs]
    done = subprocess.CompletedProcess([sys.executable, *command], process.exitcode, *told)
    if check:
        done.check_returncode()
    return done


def _run(command: list[str], cwd: str, environment: dict[str, str], outputs: list[str]) -> None:
    """Be that script, in the fork."""
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(cwd)
    for number, output in enumerate(outputs, start=1):
        os.dup2(os.open(output, os.O_WRONLY | os.O_CREAT), number)
    sys.stdout, sys.stderr = (open(n, "w", encoding="utf-8", closefd=False) for n in (1, 2))  # noqa: SIM115
    sys.argv, sys.path[0] = command, os.path.dirname(os.path.abspath(command[0]))
    code: object = 0
    try:
        runpy.run_path(command[0], run_name="__main__")
    except SystemExit as end:
        code = end.code or 0
        if not isinstance(code, int):
            print(code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 1)
