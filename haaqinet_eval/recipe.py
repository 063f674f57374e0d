"""What every recipe's script needs: its options as plain data, and mistakes in one line."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial, wraps
from importlib.resources import files
from pathlib import Path
from typing import Any, NoReturn

from .errors import InputError
from .io.endings import ERRORS, ending, forgive_encodings
from .io.files import write_text
from .io.redaction import redact, redacted
from .registry import SYSTEMS, scorer_records

GROUPS = {"both": ("haaqi", "haaqinet"), "all": ("haaqi", "haaqinet", "haaqinet_target")}  # of `evaluator`


def plain_options(config: Any) -> dict[str, Any]:
    """Hydra's options, resolved, as a plain dict.

    Raises:
        InputError: names an option that must be given or cannot be resolved.
    """
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    try:
        return OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
    except OmegaConfBaseException as error:
        raise _mistake(error) from None


def compose(script: Path, overrides: Sequence[str]) -> dict[str, Any]:
    """The options that a recipe's script would run with.

    Args:
        script: its `config.yaml` lies beside it.
        overrides: as on its command line, `name=value`.

    Raises:
        InputError: for a script without options beside it, and for options that Hydra refuses.
    """
    import hydra

    if not script.with_name("config.yaml").is_file():
        raise InputError(f"{script}: no recipe: there is no config.yaml beside it")
    register_options()
    try:
        with hydra.initialize_config_dir(str(script.absolute().parent), version_base=None):
            return plain_options(hydra.compose("config", list(overrides)))
    except Exception as error:
        raise InputError(_before_a_job(error)[0]) from None


def _mistake(error: Any) -> InputError:
    """OmegaConf's refusal of an option, in one line."""
    return InputError(f"option {error.full_key}: {str(error).splitlines()[0]}")


class _Open:
    """A text stream that takes what is written when its reader has gone."""

    def __init__(self, stream: Any) -> None:
        self._stream = getattr(stream, "_stream", stream)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write, or drop."""
        with suppress(BrokenPipeError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush; a reader that has gone is replaced by nobody."""
        try:
            self._stream.flush()
        except BrokenPipeError:
            nobody = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nobody, self._stream.fileno())  # what is buffered goes there


_codes: list[int] = []  # of the jobs of this process; a Hydra sweep has several


def run_job(action: Callable[[], int | None]) -> None:
    """Run one job of a recipe; a sweep goes on after a job that failed.

    What `endings` knows, or an option that is not given or cannot be resolved, becomes one line on stderr and
    exit code 2 or 3; Ctrl-C ends the sweep with 130. A reader of stdout that goes away, such as
    `| head`, does not end the job.
    """
    from omegaconf.errors import OmegaConfBaseException
    from rich.console import Console

    sys.stdout = _Open(sys.stdout)
    _codes.append(1)  # of a job that has begun, until it ends
    try:
        _hide_secrets()
        _codes[-1] = action() or 0
    except (*ERRORS, OmegaConfBaseException) as error:
        said, _codes[-1] = ending(_mistake(error) if isinstance(error, OmegaConfBaseException) else error)
        _leave_no_empty_folder()
        Console(stderr=True).print(f"error: {said}", style="red", soft_wrap=True, markup=False)
    except KeyboardInterrupt:
        Console(stderr=True).print("stopped; the same command goes on from here")
        raise SystemExit(130) from None


def _leave_no_empty_folder() -> None:
    """Remove the folder that Hydra made for a job, if the job has put nothing there."""
    from hydra.core.hydra_config import HydraConfig

    if HydraConfig.initialized():
        with suppress(OSError):  # it is not empty, or not there
            Path(HydraConfig.get().runtime.output_dir).rmdir()


def _hide_secrets() -> None:
    """Take passwords and tokens out of what Hydra has written of this job's options; the job keeps them."""
    from hydra.core.hydra_config import HydraConfig
    from hydra.types import RunMode
    from omegaconf import OmegaConf

    if not HydraConfig.initialized():
        return
    hydra = HydraConfig.get()
    places = [Path(hydra.sweep.dir, "multirun.yaml")] if hydra.mode == RunMode.MULTIRUN else []
    if hydra.output_subdir:
        places += Path(hydra.runtime.output_dir, hydra.output_subdir).glob("*.yaml")
    for place in filter(Path.is_file, places):
        held = OmegaConf.to_container(OmegaConf.load(place), resolve=False)
        shown = redacted(held)
        if shown != held:
            write_text(place, OmegaConf.to_yaml(OmegaConf.create(shown)))


def _given_away(arguments: list[str]) -> str:
    """What is wrong with a secret among the options, where submitit keeps them in files of its own."""
    submitit = any(argument.lstrip("+").startswith("hydra/launcher=submitit") for argument in arguments)
    for shown in (redact(argument) for argument in arguments if submitit and redact(argument) != argument):
        return f"{shown}: submitit would write the secret to its folder; put it into the environment"
    return ""


def _missing_launcher(arguments: list[str]) -> str:
    """What is wrong with a launcher for Slurm on a machine that has none; submitit ends in a traceback."""
    if not any(argument.lstrip("+") == "hydra/launcher=submitit_slurm" for argument in arguments):
        return ""
    missing = [command for command in ("sbatch", "srun") if shutil.which(command) is None]
    where = "run this where jobs are submitted, or use submitit_local"
    return f"hydra/launcher=submitit_slurm: {', '.join(missing)}: not found; {where}" if missing else ""


def exit_code() -> int:
    """The highest exit code of the jobs of this process."""
    return max(_codes, default=0)


QUIET = {"run": {"dir": "."}, "output_subdir": None, "job": {"chdir": False}}


def register_options() -> None:
    """Make what configurations name beside their files: choices of `evaluator`, `quiet`, `hydra/help=recipe`.

    Every scorer of the registry is an evaluator, and so are `both` and `all`. `evaluator=[a,b]` merges
    choices, so each has its scorers as keys; `evaluator.scorers` lists them. `quiet` runs where the user is,
    without logs and copies of the configuration. The help has the script's aim and the options' values.
    """
    from hydra.core.config_store import ConfigStore

    store = partial(ConfigStore.instance().store, provider="haaqinet_eval")
    choices = {name: (name,) for name in scorer_records()} | GROUPS
    for choice, names in choices.items():
        node = {"chosen": dict.fromkeys(names, True), "scorers": "${oc.dict.keys:evaluator.chosen}"}
        node["weights"] = None  # a file, or {scorer: file}, in place of the weights that are shipped
        store(group="evaluator", name=choice, node=node)
    store(name="quiet", node={"hydra": QUIET}, package="_global_")
    about = (getattr(sys.modules["__main__"], "__doc__", None) or "").strip().replace("$", "")
    text = f"{about}\n\n== Values ==\n{_values()}\n== Options and their defaults (name=value) ==\n\n$CONFIG"
    node = {"app_name": "${hydra.job.name}", "header": "", "footer": "", "template": text}
    store(group="hydra/help", name="recipe", node=node)


def _values() -> str:
    """The values of a recipe's own options, as its help shows them."""
    evaluators = ", ".join([*scorer_records(), *(f"{name} ({', '.join(GROUPS[name])})" for name in GROUPS)])
    places = files("haaqinet_eval.conf").joinpath("executor").iterdir()
    executors = ", ".join(sorted(place.name.removesuffix(".yaml") for place in places))
    systems = ", ".join(SYSTEMS.records())
    return (
        f"evaluator  {evaluators}, or a list: [haaqi,haaqinet]\n"
        f"executor   {executors}\n"
        f"system     {systems}, or a list; evaluate.py: any folder with enhanced_signals in path.exp_folder\n"
    )


def run_main(main: Callable[[], None]) -> NoReturn:
    """Run a script's Hydra function and exit with `exit_code()`.

    What Hydra refuses before a job began is a mistake in the call: exit code 2, not Hydra's 1.
    """
    if wrong := _missing_launcher(sys.argv[1:]) or _given_away(sys.argv[1:]):
        print(f"error: {wrong}", file=sys.stderr)
        raise SystemExit(2)
    forgive_encodings()
    register_options()
    os.environ.setdefault("HYDRA_FULL_ERROR", "1")  # Hydra passes errors on; it would print tracebacks
    try:
        main()
    except SystemExit as stop:
        if stop.code == 1 and not _codes:
            raise SystemExit(2) from None
        raise
    except Exception as error:
        said, code = _before_a_job(error)
        print(f"error: {said}", file=sys.stderr)
        raise SystemExit(code) from None
    raise SystemExit(exit_code())


def earlier_options(config: Any, **names: str) -> None:
    """Take what an option's earlier name is given for its present one, with a line on stderr that says so."""
    for old, new in names.items():
        if config[old] is not None:
            print(f"option {old} is now {new}", file=sys.stderr)
            config[new] = config[old]


def recipe(config: str) -> Callable[[Callable[[Any], int | None]], Callable[[], NoReturn]]:
    """Makes a script of a function of its options (Hydra's `DictConfig`), which gives an exit code or None.

    Args:
        config: the YAML file of the options, as a path from the script's folder, without `.yaml`.
    """
    import hydra

    folder, _, name = config.rpartition("/")

    def make(action: Callable[[Any], int | None]) -> Callable[[], NoReturn]:
        @wraps(action)  # Hydra names the job after its file, and looks for the YAML beside that
        def job(options: Any) -> None:
            run_job(lambda: action(options))

        main = hydra.main(version_base=None, config_path=folder or ".", config_name=name)(job)
        return lambda: run_main(main)

    return make


def _before_a_job(error: Exception) -> tuple[str, int]:
    """What to say of an option that Hydra refuses, or of a folder that it cannot make; bugs pass through."""
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    if isinstance(error, HydraException | OmegaConfBaseException):
        cause = error.__cause__ if isinstance(error.__cause__, OmegaConfBaseException) else None
        return "; ".join(" ".join(str(e).split()) for e in (error, cause) if e), 2
    if isinstance(error, ERRORS):
        return ending(error)
    raise error
