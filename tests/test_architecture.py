"""Who may import whom, what stays out of the core, and what is light."""

import ast
import graphlib
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from places import ROOT, TESTS

PACKAGE = ROOT / "haaqinet_eval"

# part -> parts of ours that it may import; every part may import itself and these
EVERYWHERE = {"deprecated", "errors", "io", "__version__"}
ARROWS = {
    "deprecated": set(),
    "errors": set(),
    "io": set(),
    "error_codes": set(),
    "registry": set(),
    "recipe": {"registry"},
    "audiogram": set(),
    "audio": set(),
    "nalr": {"audiogram"},
    "trials": {"audiogram", "audio"},
    "haaqi": {"audio", "audiogram", "nalr", "trials"},
    "hasqi": {"nalr", "trials", "haaqi"},
    "haspi": {"nalr", "trials", "haaqi"},
    "inference": {"haaqi", "nalr"},
    "model": {"audiogram", "nalr", "haaqi", "inference"},
    "embeddings": {"audiogram", "model"},
    "scorers": {
        *("audiogram", "audio", "nalr", "trials", "registry"),
        *("haaqi", "hasqi", "haspi", "inference", "model", "mixture_aware", "embeddings", "lyrics"),
    },
    "mixture_aware": {"audiogram", "audio", "nalr", "trials", "haaqi", "model", "synthesis", "analysis"},
    "scores": {"registry", "audiogram", "trials"},
    "analysis": {"registry", "audiogram", "nalr", "trials", "scores"},
    "evaluate": {"trials", "scores", "scorers"},
    "distribute": {"audio", "trials", "scores", "scorers", "evaluate"},
    "synthesis": {"audiogram", "audio", "trials", "nalr"},
    "lyrics": {"audio", "audiogram", "registry"},
    "cadenza": {
        *("audiogram", "audio", "trials", "nalr", "haaqi", "registry", "scorers"),
        *("distribute", "evaluate", "scores", "analysis", "synthesis", "lyrics"),
    },
    "systems": {"audiogram", "audio", "trials", "nalr", "model", "registry", "scorers", "cadenza"},
    "submissions": {"registry", "error_codes", "audiogram", "audio", "nalr", "cadenza"},
    "clip": {*("audio", "cadenza", "model", "registry", "submissions", "synthesis")},
    "training": {"audiogram", "audio", "trials", "haaqi", "model", "synthesis", "analysis"},
    "tuning": {"audiogram", "audio", "nalr", "haaqi", "model", "synthesis", "trials"},
    "neighbours": {
        *("audio", "audiogram", "trials", "nalr", "registry", "scorers", "scores"),
        *("evaluate", "analysis", "synthesis"),
    },
    "joint": {
        *("audiogram", "audio", "nalr", "trials", "haaqi"),
        *("model", "synthesis", "analysis", "training"),
    },
    "ustc": {
        *("audio", "audiogram", "model", "nalr", "trials", "haaqi", "cadenza"),
        *("systems", "synthesis", "analysis", "training"),
    },
    "weights": set(),
    "conf": set(),
    "filescore": {"audiogram", "audio", "trials", "nalr", "haaqi", "scorers"},
    "published": {"registry"},
    "store": {*("registry", "audiogram", "trials"), *("scores", "analysis", "published")},
    "site": {"registry", "audiogram", "analysis", "published", "store"},
    "worker": {
        *("trials", "scores", "registry", "scorers", "evaluate"),
        *("distribute", "cadenza", "submissions", "store", "clip", "lyrics"),
    },
}
ANYTHING = {"cli", "pyclarity_recipe", "__init__"}

# third-party package -> parts that may import it
WALLS = {
    "torch": {
        *("clip", "embeddings", "joint", "model", "training", "ustc"),
        *("systems", "scorers", "tuning", "mixture_aware"),
    },
    "torchaudio": {"model", "systems"},
    "clarity": {"cadenza", "lyrics", "systems", "pyclarity_recipe"},
    "alt_eval": {"lyrics"},
    "jiwer": {"lyrics"},
    "whisper": {"lyrics"},
    "pystoi": {"cadenza", "scorers"},
    "pesq": {"scorers"},
    "torchmetrics": {"scorers"},
    "torch_log_wmse": {"scorers"},
    "visqol": {"scorers"},
    "speechmos": {"scorers"},
    "recipes": set(),
    "hydra": {"recipe"},
    "omegaconf": {"recipe"},
    "streamlit": set(),
    "sqlalchemy": {"store"},
    "alembic": {"store"},
    "psycopg": set(),  # by URL only
    "pyarrow": {"store"},
    "dask": {"distribute"},
    "distributed": {"distribute"},
    "dask_jobqueue": {"distribute"},
    "upath": {"io"},
    "librosa": {"systems"},
    "pedalboard": set(),  # these three and librosa by name, in synthesis/independent/tools.py
    "audiomentations": set(),
    "pyroomacoustics": set(),
    "sklearn": {"clip", "mixture_aware"},
    "matplotlib": {"analysis", "joint", "neighbours", "training", "ustc"},
    "typer": {"cli"},
}

POSIX = {"resource", "fcntl", "pwd", "grp", "termios", "tty", "pty", "syslog", "posix"}


def part_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    """Absolute dotted names of all modules that a file imports."""
    package = ["haaqinet_eval", *path.relative_to(PACKAGE).parent.parts]
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            names |= {f"{module}.{alias.name}" for alias in node.names}
    return names


FILES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_arrows_and_walls(path):
    part = part_of(path)
    for name in imported(path):
        top, _, rest = name.partition(".")
        if top == "haaqinet_eval" and part not in ANYTHING:
            target = rest.partition(".")[0]
            assert target in ARROWS[part] | EVERYWHERE | {part}, f"{part} imports {name}"
        if top in WALLS:
            assert part in WALLS[top], f"{part} imports {name}"


def test_no_files_import_each_other_in_a_circle():
    """Not even for their types: `graphlib` raises for a circle and names its files."""
    modules = {
        ".".join(["haaqinet_eval", *path.relative_to(PACKAGE).with_suffix("").parts]): path for path in FILES
    }
    graph = {
        name: {n for used in imported(path) for n in (used, used.rpartition(".")[0]) if n in modules} - {name}
        for name, path in modules.items()
    }
    assert sum(map(len, graph.values())) > len(graph)
    graphlib.TopologicalSorter(graph).prepare()


def test_every_part_is_in_the_table():
    assert {part_of(path) for path in FILES} <= set(ARROWS) | ANYTHING


def test_recipes_are_no_package_and_import_no_recipe():
    assert not list((ROOT / "recipes").rglob("__init__.py"))
    for path in (ROOT / "recipes").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                assert not (node.module or "").startswith("recipes")
        assert len(path.read_text().splitlines()) <= 60, f"{path.name} is more than a thin script"


def test_a_file_has_one_idea():
    """One that needs more than 350 lines has two."""
    for folder in ("haaqinet_eval", "leaderboard", "recipes", "benchmarks", "examples"):
        for path in (ROOT / folder).rglob("*.py"):
            assert len(path.read_text(encoding="utf-8").splitlines()) <= 350, path


def test_tests_mirror_the_packages():
    """A folder of tests is named after a package, or after the part of the repository that it tests."""
    packages = {path.parent.name for path in PACKAGE.glob("*/__init__.py")} - {"conf"}
    others = {"docs", "leaderboard", "recipes"}
    folders = {path.parent.relative_to(TESTS).as_posix() for path in TESTS.rglob("test_*.py")} - {"."}
    assert folders <= packages | others
    elsewhere = {"hasqi", "filescore"}  # HASQI beside HASPI, single files by their command in tests/cli
    assert packages - folders == elsewhere


def run_python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("module", ["haaqinet_eval", "haaqinet_eval.cli"])
def test_import_is_light(module):
    heavy = ["torch", "clarity", "streamlit", "numba", "scipy", "hydra", "matplotlib", "soundfile", "librosa"]
    loaded = run_python(f"import sys, {module}; print(*[m for m in {heavy} if m in sys.modules])")
    assert loaded.split() == []


def test_every_module_can_be_imported_where_there_is_no_posix():
    """Windows has none of these modules; ours may want them only when they are used."""
    code = f"""
    import builtins, importlib, pkgutil
    real, posix = builtins.__import__, {POSIX}
    def without(name, globals=None, *rest, **more):
        if name in posix and (globals or {{}}).get("__name__", "").startswith("haaqinet_eval"):
            raise ModuleNotFoundError(name)
        return real(name, globals, *rest, **more)
    builtins.__import__ = without
    import haaqinet_eval
    for module in pkgutil.walk_packages(haaqinet_eval.__path__, "haaqinet_eval."):
        if not module.name.endswith((".__main__", ".migrations.env")):  # a program, and what Alembic runs
            print(importlib.import_module(module.name).__name__)
    """
    assert len(run_python(textwrap.dedent(code)).split()) > 200


def test_audio_is_opened_in_one_place():
    for path in FILES:
        if "soundfile" in {name.partition(".")[0] for name in imported(path)}:
            assert part_of(path) in {"audio", "clip", "systems", "cadenza", "submissions", "synthesis"}, path


def test_no_progress_bar_has_a_thread():
    with_thread = {
        "rich.progress.track",
        "rich.progress.Progress",
        "rich.live.Live",
        "rich.status.Status",
        "tqdm.tqdm",
    }
    scripts = [path for folder in ("recipes", "leaderboard") for path in (ROOT / folder).rglob("*.py")]
    for path in {*FILES, *scripts} - {PACKAGE / "io" / "progress.py"}:
        nodes = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)]
        names = {f"{node.module}.{alias.name}" for node in nodes for alias in node.names}
        assert not names & with_thread, f"{path}: haaqinet_eval.io.progress has bars without one"
