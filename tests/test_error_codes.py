"""Every reason that is given anywhere is explained."""

import ast
from pathlib import Path

import haaqinet_eval
from haaqinet_eval.error_codes import CODES, TRIALS, meaning

CALLS = {"Unscorable", "Fault", "finding", "Refused", "_refusal"}


def given():
    """Reason codes that the library's code spells out."""
    for path in Path(haaqinet_eval.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            called = isinstance(node, ast.Call) and getattr(node.func, "id", "") in CALLS
            if called and node.args and isinstance(node.args[0], ast.Constant):
                yield node.args[0].value


def test_every_code_has_a_meaning():
    found = set(given())
    assert {"silent_file", "not_finite", "copy_of_mixture"} <= found
    assert {code for code in found if not meaning(code)} == set()


def test_codes_of_trials_and_files_do_not_contradict():
    assert not set(CODES) & set(TRIALS)
    assert meaning("reference_nonsense") == meaning("nonsense") == ""
