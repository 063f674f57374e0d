"""What the leaderboard may import: it reads the store and draws; only organisers write."""

import ast
import subprocess
import sys

import pytest
from places import ROOT

FOLDER = ROOT / "leaderboard"
FILES = sorted(FOLDER.rglob("*.py"))
OURS = {
    "__version__",
    "analysis",
    "audio",
    "published",
    "audiogram",
    "clip",
    "error_codes",
    "errors",
    "io",
    "registry",
    "scores",
    "site",
    "store",
}
SOUND = "submissions.listening"  # reads one signal of a submission, where an organiser allows it
HEARERS = {"sound.py", "trial_timeline.py"}
OTHERS = {"altair", "leaderboard", "numpy", "pandas", "pyarrow", "starlette", "streamlit", "vl_convert"}
OTHERS |= sys.stdlib_module_names
WRITERS = {
    *("StoredScores", "submit", "withdraw", "rescore", "claim", "finish", "fail", "release", "refresh"),
    "set_round",
    "add_judgement",
    *(
        "register_challenge",
        "import_results",
        "import_scores",
        "load_published",
        "copy_store",
        "store_import",
    ),
}


def imported(path):
    """Absolute names of all that a file imports."""
    package = ["leaderboard", *path.relative_to(FOLDER).parent.parts]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(FOLDER)))
def test_it_imports_what_it_may(path):
    for name in imported(path):
        top, _, rest = name.partition(".")
        if top == "haaqinet_eval":
            hears = path.name in HEARERS and rest.startswith(SOUND)
            assert rest.split(".")[0] in OURS or hears, name
            writes = rest.split(".")[-1] in WRITERS
            assert not writes or path.name == "organiser.py", f"{name} writes to the store"
        else:
            assert top in OTHERS, name


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(FOLDER)))
def test_files_are_short(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 350


def test_no_network_is_loaded_to_draw():
    pytest.importorskip("streamlit", reason="streamlit is not installed")
    code = (
        f"import sys; sys.path.insert(0, {str(FOLDER.parent)!r})\n"
        "from leaderboard import charts, choices, exports, trial_timeline, reading, upload_form, labels\n"
        "print(*[m for m in ('torch', 'numba', 'clarity', 'haaqinet_eval.model') if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not result.stdout.split()
