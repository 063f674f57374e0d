"""Two groups of bands in two threads. The numbers are the same on one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from numba import config

from ..errors import InputError

USEFUL = 2  # threads: one for each group of bands

_wanted = min(USEFUL, config.NUMBA_NUM_THREADS)
_pool: ThreadPoolExecutor | None = None


def set_threads(count: int) -> None:
    """How many threads one HAAQI may use: 1 or 2.

    At start it is the environment's NUMBA_NUM_THREADS, or the number of processors, up to 2.
    """
    global _wanted
    if count not in (1, USEFUL):
        raise InputError(f"threads: {count!r} is neither 1 nor 2")
    _wanted = count


def get_threads() -> int:
    """How many threads one HAAQI may use."""
    return _wanted


def each(function: Callable, items: Iterable, together: bool = True) -> list:
    """[function(item) for item in items], in two threads where they may be used.

    Args:
        together: False keeps to one at a time, where two would need too much memory.
    """
    global _pool
    if _wanted == 1 or not together:
        return [function(item) for item in items]
    if _pool is None:
        _pool = ThreadPoolExecutor(USEFUL, thread_name_prefix="haaqi")
    return list(_pool.map(function, items))


def _forget_pool() -> None:
    global _pool
    _pool = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_pool)  # a forked child has the pool, not its threads
