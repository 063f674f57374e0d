"""The row that records a score, and the file of rows.

A results file is a CSV with one row per trial and scorer. Rows are appended as
they are made; a failed trial keeps its row, with the reason in place of the score.
A finished run's table has its rows in the order of the trials (`write_table`).
Nothing is averaged when it is written.

Parts: `row`, `writing`, `reading` (strict, for every command), `score_file` (one that grows, and batches).
"""

from .reading import RESULTS, read_scores, results_path
from .row import COLUMNS, KEY_COLUMNS, Key, Score
from .score_file import ScoreFile, merge_scores
from .writing import times_file, write_scores, write_table

__all__ = [
    "COLUMNS",
    "KEY_COLUMNS",
    "RESULTS",
    "Key",
    "Score",
    "ScoreFile",
    "merge_scores",
    "read_scores",
    "results_path",
    "times_file",
    "write_scores",
    "write_table",
]
