"""Counting the words of lyrics that a transcript has.

Both ways find the alignment with the fewest substitutions, deletions and insertions, as jiwer does. They
differ in what a word is. "alt-eval", which the official evaluator of CAD2 task 1 used (pyclarity 0.6.2):
Moses tokens without case and punctuation, contractions taken apart at the apostrophe. "raw", pyclarity 0.7 to
0.9: whatever stands between blanks, so that "Right." is not "right".
"""

from __future__ import annotations

from collections.abc import Callable

from ..errors import InputError

LANGUAGE = "en"


def count_hits(lyrics: str, transcript: str, counting: str) -> tuple[int, int]:
    """Words of the lyrics that a transcript has, and words of the lyrics.

    Args:
        counting: one of `COUNTINGS`.

    Raises:
        InputError: for lyrics without a word, for an unknown way, or where a package is missing.
    """
    if counting not in COUNTINGS:
        raise InputError(f"counting {counting!r} is unknown; known: {', '.join(COUNTINGS)}")
    try:
        found = COUNTINGS[counting](lyrics, transcript)
    except ModuleNotFoundError as error:
        raise InputError(f"counting words needs {error.name}: pip install 'haaqinet-eval[lyrics]'") from None
    except ValueError:  # jiwer's, for a reference without words
        found = 0, 0
    hits, words = found
    if not words:
        raise InputError(f"lyrics {lyrics!r}: hold no word, so no share of them can be understood")
    return hits, words


def _alt_eval(lyrics: str, transcript: str) -> tuple[int, int]:
    from alt_eval import compute_metrics

    try:
        found = compute_metrics([lyrics], [transcript], languages=LANGUAGE, include_other=False)
    except ZeroDivisionError:  # no token of the lyrics is a word
        return 0, 0
    return found["hits"], found["hits"] + found["substitutions"] + found["deletions"]


def _raw(lyrics: str, transcript: str) -> tuple[int, int]:
    from jiwer import process_words

    found = process_words(lyrics, transcript)
    return found.hits, found.hits + found.substitutions + found.deletions


COUNTINGS: dict[str, Callable[[str, str], tuple[int, int]]] = {"alt-eval": _alt_eval, "raw": _raw}
