"""The store: challenges, submissions, scores and what a leaderboard reads of them.

    store = open_store()                                   SQLite in the user's data folder
    register_challenge(store, name, trials, listeners)     what every submission must have
    entry, new = submit(store, name, System("T1", "E1"), sha256=digest, scorers=["haaqi"])
    held = claim(store, "worker 1")                        a worker takes it …
    evaluate(works, scorers, StoredScores(store, held.submission))
    finish(store, held); refresh(store, [entry.id])        … and the board can show it
    standings(store, name)

One file per idea: `schema` (the tables), `opening`, `challenges`, `systems`, `submissions`, `queue`,
`rows`, `frames` (scores over time), `aggregates`, `board`, `groups`, `imports` (scores made
elsewhere), `published`, `transfer` (export, import, backup, check), `tables` (their files) and
`access` (tokens of organisers).
"""

from .access import Token, add_token, revoke_token, token_name, tokens
from .aggregates import KINDS, Subset, refresh
from .among import Among
from .board import (
    Entry,
    ScorerVersion,
    revision,
    scorer_versions,
    standings,
    standings_json,
)
from .challenges import (
    Challenge,
    challenge,
    challenge_listeners,
    challenges,
    expected_trials,
    register_challenge,
)
from .frames import frame_scores
from .groups import GroupMean, PairedRow, compare, group_table, paired_rows
from .imports import DIALECTS, import_results, import_scores
from .opening import Store, Unwritable, default_path, open_store, schema_version
from .published import load_published, published
from .queue import Claim, claim, end_run, fail, finish, heartbeat, note_run, release, runs, start_run
from .rows import StoredScores, read_rows, row_columns
from .submissions import (
    STATES,
    Event,
    Submission,
    events,
    rescore,
    submission,
    submissions,
    submit,
    withdraw,
)
from .systems import System
from .transfer import copy_store, store_backup, store_check, store_export, store_import

__all__ = [
    "DIALECTS",
    "KINDS",
    "STATES",
    "Among",
    "Challenge",
    "Claim",
    "Entry",
    "Event",
    "GroupMean",
    "PairedRow",
    "ScorerVersion",
    "Store",
    "StoredScores",
    "Submission",
    "Subset",
    "System",
    "Token",
    "Unwritable",
    "add_token",
    "challenge",
    "challenge_listeners",
    "challenges",
    "claim",
    "compare",
    "copy_store",
    "default_path",
    "end_run",
    "events",
    "expected_trials",
    "fail",
    "finish",
    "frame_scores",
    "group_table",
    "heartbeat",
    "import_results",
    "import_scores",
    "load_published",
    "note_run",
    "open_store",
    "paired_rows",
    "published",
    "read_rows",
    "refresh",
    "register_challenge",
    "release",
    "rescore",
    "revision",
    "revoke_token",
    "row_columns",
    "runs",
    "schema_version",
    "scorer_versions",
    "standings",
    "standings_json",
    "start_run",
    "store_backup",
    "store_check",
    "store_export",
    "store_import",
    "submission",
    "submissions",
    "submit",
    "token_name",
    "tokens",
    "withdraw",
]
