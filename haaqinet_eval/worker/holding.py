"""Holding a claim while its submission is scored, and giving it back whatever happens."""

from __future__ import annotations

import threading
from contextlib import suppress

from ..errors import InputError, Stopped
from ..store import Claim, Store, Unwritable, fail, heartbeat, release


class ClaimLost(RuntimeError):
    """The claim was taken over, or the submission withdrawn."""


class Pulse:
    """Renews a claim from a thread of its own, since one pair may take longer than the lease."""

    def __init__(self, store: Store, held: Claim, lease: float) -> None:
        self._store, self._held, self._interval = store, held, lease / 3
        self._stop, self._over = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def __enter__(self) -> Pulse:
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


class Holding:
    """Gives a claim back in a state that tells what happened, whatever that is."""

    def __init__(self, store: Store, held: Claim) -> None:
        self._store, self._held = store, held

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> bool:
        if kind is None or isinstance(error, ClaimLost):
            return True
        if isinstance(error, KeyboardInterrupt | SystemExit | Stopped):
            with suppress(Unwritable):  # then its lease runs out
                release(self._store, self._held, str(error) or "the worker was stopped")
            return False
        known = isinstance(error, InputError | OSError)
        fail(self._store, self._held, str(error) if known else f"{kind.__name__}: {error}")
        return known
