"""Progress bars: what they show, and that nothing of theirs outlives an error."""

import io
import subprocess
import sys
import textwrap
import threading

import pytest
from rich.console import Console

from haaqinet_eval.cadenza.progress import show_progress
from haaqinet_eval.io.progress import Bar, counting, track


def console(terminal):
    return Console(file=io.StringIO(), force_terminal=terminal, width=80, legacy_windows=False)


@pytest.mark.parametrize(
    ("items", "shown"),
    [(range(3), "3/3"), ((n for n in range(3)), "3/?"), ([], "0/?")],
    ids=["counted", "uncounted", "none"],
)
def test_track_shows_what_is_done_and_gives_every_item(items, shown):
    here = console(True)
    assert len(list(track(items, "making", here))) == int(shown[0])
    assert shown in here.file.getvalue()


def test_without_a_terminal_there_are_about_ten_lines():
    here = console(False)
    list(track(range(100), "[making]", here))
    assert here.file.getvalue().split("\n")[:2] == ["[making]: 10/100", "[making]: 20/100"]
    assert here.file.getvalue().count("\n") == 10


def test_no_bar_starts_a_thread():
    before = threading.enumerate()
    with (
        Bar("making", console=console(True)),
        counting("making", 2, console(True)) as step,
        show_progress(2, "signals", console(True)),
    ):
        step()
        for _ in track(range(2), "making", console(True)):
            assert threading.enumerate() == before


def test_a_program_ends_that_an_error_leaves_inside_a_bar():
    """What is being tracked is closed when Python ends, with the traceback that holds it."""
    program = """
        import sys
        from rich.console import Console
        from haaqinet_eval.io.progress import track
        def work():
            kept = sys.modules["kept"] = track(range(3), "making", Console(force_terminal=True, stderr=True))
            for _ in kept:
                raise ValueError("the work failed")
        work()
    """
    run = [sys.executable, "-c", textwrap.dedent(program)]
    done = subprocess.run(run, capture_output=True, text=True, timeout=60)
    assert (done.returncode, "ValueError: the work failed" in done.stderr) == (1, True)
