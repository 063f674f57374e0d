"""Working memory that is used again: fresh pages cost more than the arithmetic done on them."""

from __future__ import annotations

import threading
from collections import deque

import numpy as np

_LIMIT = 512 * 2**20  # bytes kept for the next score
_returned: deque[np.ndarray] = deque()
_free: list[np.ndarray] = []
_lock = threading.Lock()


def take(size: int) -> np.ndarray:
    """A flat float32 array [size], contents undefined."""
    with _lock:
        _sort_in()
        fitting = [i for i, array in enumerate(_free) if size <= array.size <= 2 * size]
        if fitting:
            return _free.pop(min(fitting, key=lambda i: _free[i].size))[:size]
    return np.empty(size, np.float32)


def give(*arrays: np.ndarray) -> None:
    """Arrays of `take` back; the caller must not touch them again.

    Never waits for the lock: the garbage collector may call this while `take` holds it.
    """
    _returned.extend(array if array.base is None else array.base for array in arrays)
    if _lock.acquire(blocking=False):
        try:
            _sort_in()
        finally:
            _lock.release()


def clear() -> None:
    """Keep nothing."""
    with _lock:
        _returned.clear()
        _free.clear()


def _sort_in() -> None:
    while _returned:
        _free.append(_returned.popleft())
    while sum(array.nbytes for array in _free) > _LIMIT:
        _free.pop(0)
