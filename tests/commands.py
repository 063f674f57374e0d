"""The command line, run in this process."""

import sys

from haaqinet_eval.cli import main


def run(capsys, *args):
    """Exit code, stdout, stderr of `haaqinet ARGS`."""
    sys.argv = ["haaqinet", *map(str, args)]
    try:
        main()
        code = 0
    except SystemExit as exit:
        code = exit.code or 0
    out = capsys.readouterr()
    return code, out.out, out.err
