"""Ctrl-C once and twice, and SIGTERM."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType


@dataclass
class StopRequest:
    """Whether the user has asked for the end."""

    end: bool = False


@contextmanager
def stopping(tell: Callable[[], None]) -> Iterator[StopRequest]:
    """Inside, the first Ctrl-C is a wish and the second `KeyboardInterrupt`; SIGTERM exits with 143.

    Args:
        tell: called at the first Ctrl-C.
    """
    wish = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield wish  # signals belong to the main thread
        return

    def interrupted(number: int, frame: FrameType | None) -> None:
        if wish.end:
            raise KeyboardInterrupt
        wish.end = True
        tell()

    before = {signal.SIGINT: signal.signal(signal.SIGINT, interrupted)}
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        before[signal.SIGTERM] = signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        yield wish
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
