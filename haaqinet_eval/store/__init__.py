"""The store: challenges, submissions, scores and what a leaderboard reads of them.

    store = open_store()                                   SQLite in the user's data folder
    register_challenge(store, name, trials, listeners)     what every submission must have
    entry, new = submit(store, name, System("T1", "E1"), sha256=digest, scorers=["haaqi"])
    held = claim(store, "worker 1")                        a worker takes it …
    evaluate(groups, load, scorers, StoredScores(store, held.submission))
    finish(store, held); refresh(store, [entry.id])        … and the board can show it
    standings(store, name)

One file per idea: `schema` (the tables), `opening`, `challenges`, `systems`, `submissions`, `intake`
(what is handed in), `states` (of a submission), `queue`, `rows`, `columns` (rows for tables and plots),
`frames` (scores over time), `evaluations` (of tables of predictions), `aggregates`, `board`,
`standing_row`, `contests` (systems beside one another), `groups`, `imports` (scores made elsewhere),
`published`, `transfer` (export, import, backup, check), `tables` (their files), `access` (tokens),
`rounds` (when a split is open, and whose its scores are), `listening` (blind comparisons by ear),
`sqlite` and `clock` (the databases' own ways).
"""

from ..deprecated import old_names
from .access import Token, add_token, revoke_token, token_name, token_team, tokens
from .aggregates import KINDS, TrialFilter, refresh
from .board import (
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
from .columns import part_columns, part_means, score_columns, trial_columns
from .contests import Contest, best_for, complete, contest, told_apart
from .evaluations import (
    Evaluation,
    evaluations,
    finish_evaluation,
    judges_predictions,
    register_predictions,
    shows_scores,
    table_standings,
)
from .frames import frame_scores
from .groups import GroupMean, group_table
from .imports import OFFICIAL_TABLES, import_results, import_scores
from .intake import Refused, submit
from .listening import Heard, Panel, add_judgement, next_pair, panel
from .opening import Store, Unwritable, default_path, open_store, schema_version
from .published import load_published, published
from .queue import (
    Claim,
    claim,
    end_run,
    fail,
    finish,
    heartbeat,
    note_findings,
    note_run,
    release,
    runs,
    start_run,
    workers,
)
from .rounds import (
    Health,
    health,
    is_hidden,
    phase,
    queue_places,
    set_round,
    set_webhook,
    webhook_of,
    when,
)
from .rows import StoredScores, read_rows
from .standing_row import StandingRow
from .states import STATES, rescore, withdraw
from .submission_filter import SubmissionFilter
from .submissions import Event, Submission, events, submission, submissions
from .systems import System
from .transfer import copy_store, store_backup, store_check, store_export, store_import

__getattr__ = old_names(__name__)

__all__ = [
    "KINDS",
    "OFFICIAL_TABLES",
    "STATES",
    "Challenge",
    "Claim",
    "Contest",
    "Evaluation",
    "Event",
    "GroupMean",
    "Health",
    "Heard",
    "Panel",
    "Refused",
    "ScorerVersion",
    "StandingRow",
    "Store",
    "StoredScores",
    "Submission",
    "SubmissionFilter",
    "System",
    "Token",
    "TrialFilter",
    "Unwritable",
    "add_judgement",
    "add_token",
    "best_for",
    "challenge",
    "challenge_listeners",
    "challenges",
    "claim",
    "complete",
    "contest",
    "copy_store",
    "default_path",
    "end_run",
    "evaluations",
    "events",
    "expected_trials",
    "fail",
    "finish",
    "finish_evaluation",
    "frame_scores",
    "group_table",
    "health",
    "heartbeat",
    "import_results",
    "import_scores",
    "is_hidden",
    "judges_predictions",
    "load_published",
    "next_pair",
    "note_findings",
    "note_run",
    "open_store",
    "panel",
    "part_columns",
    "part_means",
    "phase",
    "published",
    "queue_places",
    "read_rows",
    "refresh",
    "register_challenge",
    "register_predictions",
    "release",
    "rescore",
    "revision",
    "revoke_token",
    "runs",
    "schema_version",
    "score_columns",
    "scorer_versions",
    "set_round",
    "set_webhook",
    "shows_scores",
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
    "table_standings",
    "token_name",
    "token_team",
    "tokens",
    "told_apart",
    "trial_columns",
    "webhook_of",
    "when",
    "withdraw",
    "workers",
]
