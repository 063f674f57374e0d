"""Tells a round's webhook that a submission is finished; no score of a private split leaves this way."""

from __future__ import annotations

import json
import logging
import urllib.request

from ..store import Store, challenge, is_hidden, standings, submission, webhook_of

SECONDS = 10.0
_LOG = logging.getLogger(__name__)


def message(store: Store, id: int) -> dict[str, object]:
    """What is told of a submission: whose it is, its state, and its means where these are public."""
    entry = submission(store, id)
    told: dict[str, object] = {
        "submission": entry.id,
        "challenge": entry.challenge,
        "split": entry.split,
        "team": entry.system.team,
        "system": entry.system.name,
        "state": entry.state,
    }
    if not is_hidden(challenge(store, entry.challenge, entry.split)):
        rows = standings(store, entry.challenge, entry.split)
        told["means"] = {e.scorer: e.mean for e in rows if e.submission == id and e.origin == "here"}
    return told


def tell(store: Store, id: int) -> bool:
    """Send it, where the round has a webhook; a webhook that does not answer stops nothing."""
    entry = submission(store, id)
    address = webhook_of(store, entry.challenge, entry.split)
    if not address:
        return False
    data = json.dumps(message(store, id)).encode()
    request = urllib.request.Request(address, data, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=SECONDS):
            return True
    except (OSError, ValueError) as error:
        _LOG.warning("submission %d: the webhook was not told: %s", id, error)
        return False
