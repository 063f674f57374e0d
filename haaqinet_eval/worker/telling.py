"""Tells a webhook, or by e-mail, that a submission is finished; never a score of a private split."""

from __future__ import annotations

import json
import logging
import urllib.request

from ..errors import InputError
from ..io.redaction import redact
from ..store import Store, challenge, is_hidden, standings, submission, webhook_of
from .mail import send_mail

MAILTO = "mailto:"
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
    """Send it where the round says, by POST or e-mail; what does not answer stops nothing.

    Returns:
        Whether there is somebody to tell, and all were told.
    """
    entry = submission(store, id)
    addresses = webhook_of(store, entry.challenge, entry.split).split()
    told = [_told(store, id, address) for address in addresses]
    return bool(told) and all(told)


def _told(store: Store, id: int, address: str) -> bool:
    try:
        if address.startswith(MAILTO):
            about = message(store, id)
            subject = "{team} / {system}: {state}".format_map(about)
            send_mail([address.removeprefix(MAILTO)], subject, _mail_text(about), SECONDS)
        else:
            data = json.dumps(message(store, id)).encode()
            request = urllib.request.Request(address, data, {"Content-Type": "application/json"})
            with urllib.request.urlopen(request, timeout=SECONDS):
                pass
    except (OSError, ValueError, InputError) as error:
        what = "was sent no mail" if address.startswith(MAILTO) else "was not told"
        where = address if address.startswith(MAILTO) else "the webhook"
        _LOG.warning("submission %d: %s %s: %s", id, where, what, redact(str(error)))
        return False
    return True


def _mail_text(about: dict[str, object]) -> str:
    """A line for each thing that is told."""
    means = about.get("means", {})
    facts = {key: value for key, value in about.items() if key != "means" and value != ""}
    lines = [f"{key}: {value}" for key, value in facts.items()]
    lines += [f"mean of {name}: {mean}" for name, mean in means.items()]  # type: ignore[attr-defined]
    return "\n".join(lines) + "\n"
