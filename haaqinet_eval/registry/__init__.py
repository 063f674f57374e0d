"""The registries of scorers, systems and challenges: one record each, read by everything else.

Recipes, command line, report, board, store and calibration list none of them themselves. Another
package adds one through an entry point whose value is a `ScorerRecord`, `SystemRecord`, `ChallengeRecord` or
`RecogniserRecord`:

    [project.entry-points."haaqinet_eval.scorers"]
    my_scorer = "my_package.scorer:RECORD"

    [project.entry-points."haaqinet_eval.systems"]
    my_system = "my_package.system:RECORD"

    [project.entry-points."haaqinet_eval.recognisers"]
    my_recogniser = "my_package.recogniser:RECORD"

Reading a registry imports no scorer, system or adapter, so it needs neither torch nor numba.
"""

from .challenges import (
    CHALLENGES,
    INTRUSIVE,
    ChallengeRecord,
    OfficialTable,
    PairScore,
    challenge_names,
    challenge_record,
    challenge_records,
    is_rebalanced,
    leading_scorer,
    official_scorer,
    pair_scores,
    rank_note,
)
from .predictions import (
    PREDICTIONS,
    PredictionRecord,
    is_prediction,
    prediction_record,
    prediction_records,
)
from .ranking import caution, is_ranked
from .recognisers import RECOGNISERS, RecogniserRecord, recogniser_choices
from .registry import Registry
from .scorer_record import CALIBRATED, KINDS, ScorerRecord
from .scorers import (
    SCORERS,
    predictors_of,
    scorer_bounds,
    scorer_names,
    scorer_record,
    scorer_records,
    scorer_title,
)
from .systems import SYSTEMS, SystemRecord

__all__ = [
    "CALIBRATED",
    "CHALLENGES",
    "INTRUSIVE",
    "KINDS",
    "PREDICTIONS",
    "RECOGNISERS",
    "SCORERS",
    "SYSTEMS",
    "ChallengeRecord",
    "OfficialTable",
    "PairScore",
    "PredictionRecord",
    "RecogniserRecord",
    "Registry",
    "ScorerRecord",
    "SystemRecord",
    "caution",
    "challenge_names",
    "challenge_record",
    "challenge_records",
    "is_prediction",
    "is_ranked",
    "is_rebalanced",
    "leading_scorer",
    "official_scorer",
    "pair_scores",
    "prediction_record",
    "prediction_records",
    "predictors_of",
    "rank_note",
    "recogniser_choices",
    "scorer_bounds",
    "scorer_names",
    "scorer_record",
    "scorer_records",
    "scorer_title",
]
