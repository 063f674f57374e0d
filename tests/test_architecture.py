"""Who may import whom, what stays out of the core, and what is light."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "haaqinet_eval"

# part -> parts of ours that it may import; every part may import itself, `errors` and `jsonfile`
ARROWS = {
    "errors": set(),
    "jsonfile": set(),
    "names": set(),
    "reasons": set(),
    "recipe": set(),
    "audiogram": set(),
    "location": set(),
    "audio": {"location"},
    "nalr": {"audiogram"},
    "trials": {"audiogram", "audio"},
    "haaqi": {"audiogram", "nalr", "trials"},
    "model": {"audiogram", "nalr"},
    "scorers": {"audiogram", "audio", "nalr", "trials", "haaqi", "model", "target"},
    "target": {"audiogram", "audio", "nalr", "trials", "haaqi", "model", "synthesis", "agreement"},
    "frames": set(),
    "scores": {"audiogram", "frames"},
    "standings": {"audiogram", "scores"},
    "agreement": {"scores"},
    "calibration": {"audiogram", "scores", "standings", "agreement"},
    "evaluate": {"trials", "scores", "scorers"},
    "distribute": {"audio", "trials", "scores", "scorers", "evaluate"},
    "synthesis": {"audiogram", "audio", "trials", "nalr"},
    "cadenza": {
        *("audiogram", "audio", "trials", "nalr", "haaqi", "scorers"),
        *("location", "distribute", "evaluate", "scores", "frames", "summary", "synthesis"),
    },
    "systems": {"audiogram", "audio", "trials", "nalr", "cadenza"},
    "submissions": {"names", "reasons", "audiogram", "audio", "nalr", "cadenza"},
    "training": {"audiogram", "audio", "trials", "model", "agreement"},
    "rendering": {"haaqi", "model", "synthesis", "training"},
    "cards": {"agreement", "model", "synthesis", "training"},
    "tuning": {"audiogram", "audio", "nalr", "haaqi", "model", "synthesis", "trials"},
    "weights": set(),
    "conf": set(),
    "filescore": {"audiogram", "audio", "trials", "scorers"},
    "summary": {"audiogram", "scores", "standings", "agreement"},
    "report": {"audiogram", "scores", "standings", "agreement", "summary"},
    "statistics": set(),
    "spectrogram": set(),
    "published": set(),
    "store": {"names", "audiogram", "trials", "scores", "frames", "statistics", "published"},
    "site": {"statistics", "store"},
    "worker": {
        *("names", "trials", "scores", "scorers", "evaluate"),
        *("distribute", "cadenza", "submissions", "store"),
    },
}
ANYTHING = {"cli", "shim", "__init__"}

# third-party package -> parts that may import it
WALLS = {
    "torch": {"model", "training", "systems", "scorers", "tuning", "target"},
    "torchaudio": {"model", "systems"},
    "clarity": {"cadenza", "systems", "shim"},
    "recipes": set(),
    "hydra": set(),
    "omegaconf": {"recipe"},
    "streamlit": set(),
    "sqlalchemy": {"store"},
    "alembic": {"store"},
    "psycopg": set(),  # by URL only
    "pyarrow": {"store"},
    "dask": set(),
    "distributed": {"distribute"},
    "dask_jobqueue": {"distribute"},
    "upath": {"location"},
    "librosa": {"systems"},
    "sklearn": {"target"},
    "matplotlib": {"report", "training"},
    "typer": {"cli"},
}


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
            assert target in ARROWS[part] | {part, "errors", "jsonfile", "__version__"}, (
                f"{part} imports {name}"
            )
        if top in WALLS:
            assert part in WALLS[top], f"{part} imports {name}"


def test_every_part_is_in_the_table():
    assert {part_of(path) for path in FILES} <= set(ARROWS) | ANYTHING


def test_recipes_are_no_package_and_import_no_recipe():
    assert not list((ROOT / "recipes").rglob("__init__.py"))
    for path in (ROOT / "recipes").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                assert not (node.module or "").startswith("recipes")
        assert len(path.read_text().splitlines()) <= 60, f"{path.name} is more than a thin script"


def run_python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("module", ["haaqinet_eval", "haaqinet_eval.cli"])
def test_import_is_light(module):
    heavy = ["torch", "clarity", "streamlit", "numba", "scipy", "hydra", "matplotlib", "soundfile", "librosa"]
    loaded = run_python(f"import sys, {module}; print(*[m for m in {heavy} if m in sys.modules])")
    assert loaded.split() == []


def test_audio_is_opened_in_one_place():
    for path in FILES:
        if "soundfile" in {name.partition(".")[0] for name in imported(path)}:
            assert part_of(path) in {"audio", "systems", "cadenza", "submissions", "synthesis"}, path
