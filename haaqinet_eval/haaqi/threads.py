"""Independent pieces of work in two threads. The numbers are the same on one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from numba import config

from ..errors import InputError

USEFUL = 2  # threads: work is cut in two
LONGEST = 2**22  # items of a piece, so that what is done with it takes little memory

_wanted = min(USEFUL, config.NUMBA_NUM_THREADS)
_helper: ThreadPoolExecutor | None = None


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


def each(function: Callable, items: Iterable) -> list:
    """[function(item) for item in items], the calling thread and one helper at work where two may be used.

    What the helper, busy with another call, has not begun, the caller does itself: calls may
    be nested and come from many threads.
    """
    global _helper
    items = list(items)
    if _wanted == 1:
        return [function(item) for item in items]
    if _helper is None:
        _helper = ThreadPoolExecutor(1, thread_name_prefix="haaqi")
    begun = [_helper.submit(function, item) for item in items[1:]]
    first = [function(item) for item in items[:1]]
    rest = zip(begun, items[1:], strict=True)
    return first + [function(item) if future.cancel() else future.result() for future, item in rest]


def halves(count: int) -> tuple[slice, slice]:
    """The first and the second half of `count` items."""
    return slice(0, count // 2), slice(count // 2, count)


def pieces(count: int, multiple: int = 1) -> list[slice]:
    """`count` items in two pieces, or in as many as it takes to have none long; all but the last are
    a multiple of `multiple` long.
    """
    number = max(USEFUL, -(-count // LONGEST))
    size = max(count // (number * multiple) * multiple, 1)
    return [slice(i * size, (i + 1) * size if i < number - 1 else count) for i in range(number)]


def _forget_helper() -> None:
    global _helper
    _helper = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_helper)  # a forked child has the pool, not its thread
