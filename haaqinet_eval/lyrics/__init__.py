"""How many words of sung lyrics somebody gets, as CAD2 task 1 counts them.

`hearing` simulates the listener's loss, a recogniser writes down what it hears, `counting` compares that with
the lyrics, `transcripts` are tables of what was written down. No recogniser comes with this package, and
none of its parts fetches one.

    Understood.count("i think you're right", "I think. You're right!", "official").share
"""

from .counting import COUNTINGS, count_hits
from .words import SCORINGS, Scoring, Understood, Words, find_scoring, joint_score

__all__ = [
    "COUNTINGS",
    "SCORINGS",
    "Scoring",
    "Understood",
    "Words",
    "count_hits",
    "find_scoring",
    "joint_score",
]
