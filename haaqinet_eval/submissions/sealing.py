"""Walls around the decoding process, as far as the kernel has them.

The process reads bytes that a stranger made with a decoder written in C. Should that be led
astray, it finds no file, no network and no further process. What a kernel lacks is left out:
namespaces (unshare(2)) may be forbidden to users, Landlock (landlock(7)) came with Linux 5.13.
"""

from __future__ import annotations

import ctypes
import os
import platform
import sys
from contextlib import suppress

NOBODY = 65534
_NEW_USER, _NEW_NET = 0x10000000, 0x40000000  # of unshare(2)
_NO_NEW_PRIVILEGES = 38  # of prctl(2)
_CREATE_RULESET, _RESTRICT_SELF = 444, 446  # system calls of Landlock
_SAME_NUMBERS = {"x86_64", "i686", "aarch64", "armv7l", "riscv64", "ppc64le", "s390x"}
_VERSION = 1  # flag: tell the version


class _Rules(ctypes.Structure):
    """What is forbidden where no rule allows it: bits, see linux/landlock.h."""

    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scope", ctypes.c_uint64))


def seal() -> tuple[str, ...]:
    """Wall this process off for good, and name the walls that stand: network, user, processes, files.

    It must have one thread, and have imported what it needs.
    """
    if os.name != "posix":
        return ()
    stands = {"network": _leave_network(), "user": _leave_root(), "processes": _no_processes()}
    stands["files"] = _no_files()
    return tuple(name for name, here in stands.items() if here)


def _leave_network() -> bool:
    if sys.platform != "linux":
        return False
    kinds = _NEW_NET if os.geteuid() == 0 else _NEW_NET | _NEW_USER
    return ctypes.CDLL(None).unshare(kinds) == 0


def _leave_root() -> bool:
    """Be nobody rather than root, whom limits do not bind."""
    if os.geteuid() == 0:
        with suppress(OSError):
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
    return os.geteuid() != 0


def _no_processes() -> bool:
    import resource

    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    return os.geteuid() != 0


def _no_files() -> bool:
    """Nothing can be opened, made or removed any more, nor a port used or a signal sent."""
    if sys.platform != "linux" or platform.machine() not in _SAME_NUMBERS:
        return False
    libc = ctypes.CDLL(None)
    version = libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _VERSION)
    if version < 1:
        return False
    kinds = {1: 13, 2: 14, 3: 15, 4: 15}.get(version, 16)  # ways to use files that it knows
    rules = _Rules((1 << kinds) - 1, 0b11, 0b11)
    size = 8 if version < 4 else 16 if version < 6 else 24
    made = libc.syscall(_CREATE_RULESET, ctypes.byref(rules), ctypes.c_size_t(size), 0)
    if made < 0:
        return False
    libc.prctl(_NO_NEW_PRIVILEGES, *map(ctypes.c_ulong, (1, 0, 0, 0)))
    stands = libc.syscall(_RESTRICT_SELF, made, 0) == 0
    os.close(made)
    return stands
