"""A measured head from a SOFA file (AES69), read by libmysofa: MIT's KEMAR, for instance."""

from __future__ import annotations

import ctypes
import ctypes.util
from pathlib import Path

import numpy as np

from ..errors import InputError

_FLOAT = ctypes.c_float


class MeasuredHead:
    """Head-related impulse responses by direction, between those that were measured.

    Args:
        path: a SOFA file of simple free-field responses; Debian's libmysofa1 brings
            MIT_KEMAR_normal_pinna.sofa.
        sample_rate: Hz, which the responses are resampled to; their level stays as it was measured.

    Raises:
        InputError: where libmysofa is not installed, or the file cannot be read by it.
    """

    def __init__(self, path: str | Path, sample_rate: int) -> None:
        self._library = _library(path)
        if not Path(path).is_file():
            raise InputError(f"head {path}: no such file")
        length, error = ctypes.c_int(), ctypes.c_int()
        opened = self._library.mysofa_open_no_norm(
            str(path).encode(), _FLOAT(sample_rate), ctypes.byref(length), ctypes.byref(error)
        )
        if not opened or error.value:
            raise InputError(f"head {path}: libmysofa cannot read it (error {error.value})")
        self._opened, self.length = ctypes.c_void_p(opened), length.value

    def close(self) -> None:
        """Free the file's memory."""
        self._library.mysofa_close(self._opened)

    def __call__(self, direction: np.ndarray) -> np.ndarray:
        """Responses of left and right ear [length, 2] to a source in a direction [3]: front, left, up."""
        sides = [(_FLOAT * self.length)() for _ in range(2)]
        delays = [_FLOAT() for _ in range(2)]  # s, where the file has them apart from the responses
        place = [_FLOAT(float(part)) for part in direction]
        self._library.mysofa_getfilter_float(self._opened, *place, *sides, *map(ctypes.byref, delays))
        if any(delay.value for delay in delays):
            raise InputError("head: its delays stand apart from its responses, which is not supported")
        return np.array([np.frombuffer(side, np.float32) for side in sides], np.float64).T


def _library(path: str | Path) -> ctypes.CDLL:
    try:
        library = ctypes.CDLL(ctypes.util.find_library("mysofa") or "libmysofa.so.1")
        library.mysofa_open_no_norm.restype = ctypes.c_void_p
    except (OSError, AttributeError):
        raise InputError(
            f"head {path}: to read it, libmysofa 1.1 or later is needed (Debian: libmysofa1)"
        ) from None
    library.mysofa_close.restype = None
    return library
