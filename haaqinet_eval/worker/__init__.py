"""From a zip to scores: a round of a challenge, what is handed in to it, and who scores it.

    split = open_split("cad_icassp_2024", root)               the challenge's data
    given = accept_submission(store, "mine.zip", split, System("T1", "E1"), ["haaqi"])
    work_once(store, "worker 1")                              claims, scores, refreshes

One file per idea: `challenge_data` (a challenge's data, and how the store remembers it), `digests`,
`accepting`, `tables` (of predictions) and `scoring`.
"""

from ..deprecated import old_names
from .accepting import Accepted, accept_submission
from .challenge_data import ChallengeData, open_split, register, reopen
from .digests import digest
from .scoring import work_once
from .tables import accept_table, open_labels

__getattr__ = old_names(__name__)

__all__ = [
    "Accepted",
    "ChallengeData",
    "accept_submission",
    "accept_table",
    "digest",
    "open_labels",
    "open_split",
    "register",
    "reopen",
    "work_once",
]
