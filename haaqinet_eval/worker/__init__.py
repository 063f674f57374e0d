"""From a zip to scores: a round of a challenge, what is handed in to it, and who scores it.

    split = open_split("cad_icassp_2024", root)               the challenge's data
    given = hand_in(store, "mine.zip", split, System("T1", "E1"), ["haaqi"])
    work_once(store, "worker 1")                              claims, scores, refreshes

One file per idea: `splits` (a challenge's data, and how the store remembers it), `digests`,
`handing_in` and `scoring`.
"""

from .digests import digest
from .handing_in import HandedIn, hand_in
from .scoring import work_once
from .splits import Split, open_split, register, reopen

__all__ = ["HandedIn", "Split", "digest", "hand_in", "open_split", "register", "reopen", "work_once"]
