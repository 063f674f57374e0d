"""Things that are made once and kept for everybody, up to a number of bytes; and turns for making them."""

from __future__ import annotations

import pickle
from collections import OrderedDict
from collections.abc import Callable
from threading import BoundedSemaphore, Lock

TURNS = BoundedSemaphore(2)  # pages made at a time: more slow one another down, and all come last


class Shelf:
    """Keeps what was used last; used by all threads, one of which makes a thing while others wait for it.

    Streamlit's own `cache_data` gives each visitor a copy, and `cache_resource` has no bound in bytes.

    Args:
        most: bytes of all that is kept, pickled.
    """

    def __init__(self, most: int) -> None:
        self._most, self.held = most, 0
        self._lock = Lock()
        self._things: OrderedDict[str, tuple[object, int]] = OrderedDict()
        self._making: dict[str, Lock] = {}

    def get(self, key: str, make: Callable[[], object]) -> object:
        """The thing of a key, made now if it is not there."""
        with self._lock:
            if key in self._things:
                self._things.move_to_end(key)
                return self._things[key][0]
            turn = self._making.setdefault(key, Lock())
        with turn:
            with self._lock:
                if key in self._things:  # made while this thread waited
                    return self._things[key][0]
            try:
                thing = make()
                self._put(key, thing, len(pickle.dumps(thing)))
            finally:
                with self._lock:
                    self._making.pop(key, None)
            return thing

    def _put(self, key: str, thing: object, size: int) -> None:
        with self._lock:
            if size > self._most or key in self._things:
                return
            self._things[key] = thing, size
            self.held += size
            while self.held > self._most:
                self.held -= self._things.popitem(last=False)[1][1]

    def clear(self) -> None:
        """Keep nothing of what is there."""
        with self._lock:
            self._things.clear()
            self.held = 0
