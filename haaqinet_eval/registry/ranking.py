"""Which scorers' means say which system is better."""

from __future__ import annotations

from .challenges import challenge_records, is_rebalanced
from .scorer_record import CALIBRATED
from .scorers import scorer_records


def caution(scorer: str, challenge: str) -> str:
    """What a table of scores does not tell on a challenge; empty where that is not so.

    >>> caution("haaqi", "cad1_task1"), caution("haaqinet_calibrated", "cad1_task1")[:33]
    ('', 'Not ranked: HAAQI-Net, calibrated')
    """
    base = scorer.removesuffix(CALIBRATED)
    record = scorer_records().get(base)
    if record is None:
        return ""
    if record.kind == "intrusive":
        speech = record.purpose == "speech" and challenge in challenge_records()
        return f"{record.label} was made for speech, and this is music." if speech else ""
    if record.kind == "neighbour":
        made = f"was made for {record.purpose} and knows no hearing loss"
        told = made if record.purpose else "was never compared with what listeners say"
        return f"Not ranked: {record.label} {told}. To rank, score with haaqi."
    known = challenge_records().get(challenge)
    unheard = known.unheard if known and record.kind == "predicted" else ""
    if not unheard and not is_rebalanced(challenge):
        return ""
    name = record.label + (", calibrated," if base != scorer else "")
    if unheard:
        told = f"hears the output alone and does not know {unheard}"
        return f"Not ranked: {name} {told}. To rank, score with haaqi."
    if record.kind == "predicted":
        cannot = "hears the output alone and cannot tell whether the right stems were turned up"
        told = f"Not ranked: {name} {cannot}. To rank, score"
        if record.predicts != "haaqi":
            return f"{told} with haaqi."
        twice = ", which takes only about twice as long" if base == "haaqinet" else ""
        return (
            f"{told} with haaqinet_target, which knows mixture and gains, or, where references exist, "
            f"with haaqi{twice}."
        )
    return (
        f"{name[0].upper()}{name[1:]}: may be deceived about which stem was changed; where references exist, "
        "haaqi tells the true order."
    )


def is_ranked(scorer: str, challenge: str) -> bool:
    """Whether a scorer's means say which system is better on a challenge."""
    return not caution(scorer, challenge).startswith("Not ranked")
