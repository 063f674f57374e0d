"""The command line: `haaqinet`.

Each command is a thin layer over the library; heavy packages are imported by the
command that needs them, so that `haaqinet --help` answers at once.

Exit codes: 0 done, 1 some rows could not be scored, 2 a mistake in the call, 3 the machine ended it: a
full disk, too little memory, a locked store, a scheduler that is gone; 130 Ctrl-C, 143 SIGTERM.
"""

import sys


def main() -> None:
    """Entry point; Ctrl-C ends it without a traceback, even while modules are imported."""
    try:
        from .commands import run

        run()
    except KeyboardInterrupt:
        sys.exit(130)
