"""ClaimGuard a claim while its submission is scored, and giving it back whatever happens."""

from __future__ import annotations

import logging
import threading
from contextlib import suppress

from ..errors import InputError, Stopped
from ..io.redaction import public_text
from ..store import Claim, Store, Unwritable, fail, heartbeat, release

_LOG = logging.getLogger(__name__)


class ClaimLost(RuntimeError):
    """The claim was taken over, or the submission withdrawn."""


class Heartbeat:
    """Renews a claim from a thread of its own, since one pair may take longer than the lease."""

    def __init__(self, store: Store, held: Claim, lease: float) -> None:
        self._store, self._held, self._interval = store, held, lease / 3
        self._stop, self._over = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def __enter__(self) -> Heartbeat:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _beat(self) -> None:
        try:
            while not self._stop.wait(self._interval):
                with suppress(Unwritable):  # the next beat may come through before the lease runs out
                    if not heartbeat(self._store, self._held):
                        return
        finally:
            self._over.set()

    def check(self) -> None:
        """Raise `ClaimLost` where the claim is not renewed any more."""
        if self._over.is_set():
            raise ClaimLost


class ClaimGuard:
    """Gives a claim back in a state that tells what happened, whatever that is.

    Everybody can read the reason on the board, so it names no place of this computer; the whole
    message goes to the log.
    """

    def __init__(self, store: Store, held: Claim) -> None:
        self._store, self._held = store, held
        self._places = (held.submission.path, store.url.database or "")

    def _public(self, error: BaseException) -> str:
        """What of an error everybody may read."""
        if isinstance(error, OSError):
            text = f"the worker's computer: {error.strerror or type(error).__name__}"
        elif isinstance(error, InputError | Stopped):
            text = public_text(str(error), self._places)
        else:
            text = "internal_error: a fault of the program ended the scoring"
        if text != str(error):
            _LOG.warning("submission %d: %s: %s", self._held.submission.id, type(error).__name__, error)
        return text

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> bool:
        if kind is None or isinstance(error, ClaimLost):
            return True
        if isinstance(error, KeyboardInterrupt | SystemExit | Stopped | Unwritable):
            told = isinstance(error, Stopped | Unwritable)
            with suppress(Unwritable):  # then its lease runs out
                release(self._store, self._held, self._public(error) if told else "the worker was stopped")
            return False
        known = isinstance(error, InputError | OSError)
        reason = self._public(error)
        try:
            fail(self._store, self._held, reason)
        except Unwritable as also:
            raise Unwritable(f"{also}; submission {self._held.submission.id}: {reason}") from error
        return known
