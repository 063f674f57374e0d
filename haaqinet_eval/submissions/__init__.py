"""Submissions: zips and folders of enhanced audio, checked before anything is scored.

`validate` reports all findings at once; `expected_files` says what a challenge expects;
`Submission` reads an accepted file for scoring; `validate_command` is the command line's.
"""

from .challenges import expected_files, from_adapter
from .checks import validate
from .command import validate_command
from .findings import CODES, Finding, code_table, has_errors, to_json
from .reading import Submission

__all__ = [
    "CODES",
    "Finding",
    "Submission",
    "code_table",
    "expected_files",
    "from_adapter",
    "has_errors",
    "to_json",
    "validate",
    "validate_command",
]
