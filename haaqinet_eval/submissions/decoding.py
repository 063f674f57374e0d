"""Decoding in a child process, see `decoder`: started when needed, restarted after a crash."""

from __future__ import annotations

import os
import subprocess
import threading
import warnings
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np

from ..io.names import counted, printable
from ..io.programs import SAFE, module_command, search_path
from .findings import Fault
from .limits import DECODE_SECONDS
from .wire import CORRUPT, DONE, NO_MEMORY, REPLY, REQUEST

_KEPT = (  # of the environment: what finds Python and its libraries, and no secret
    *("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "SYSTEMROOT"),
    *("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PYTHONHOME", "PYTHONUSERBASE"),
)
_THREADS = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

UNLIMITED = "this system cannot limit the memory and time of decoding: open only zips that you trust"


@dataclass(frozen=True, eq=False)
class Pcm:
    """Decoded samples."""

    samples: np.ndarray  # [T, C] integers
    md5: bytes  # of the samples, as FLAC has it


class Decoder:
    """One child that decodes file after file; a context manager.

    Args:
        seconds: wall clock that one file may take.
        command: the child's command line; only tests have another.
    """

    def __init__(self, seconds: float = DECODE_SECONDS, command: tuple[str, ...] | None = None) -> None:
        self._seconds = seconds
        self._command = command or module_command("haaqinet_eval.submissions.decoder")
        self._child: subprocess.Popen | None = None

    def __enter__(self) -> Decoder:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the child."""
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            child.wait()
            child.stdout.close()
            with suppress(BrokenPipeError):  # of what the child did not read
                child.stdin.close()

    def decode(self, data: bytes, frames: int, channels: int, bits: int) -> Pcm:
        """Decode a FLAC stream whose header was checked; [T, C], at most `frames` + 1 samples.

        Raises:
            Fault: `corrupt_audio`, or `decoder_stopped` where the child ran out of time or
                memory or crashed.
        """
        child = self._running()
        late = threading.Event()

        def stop() -> None:
            late.set()
            child.kill()

        timer = threading.Timer(self._seconds, stop)
        timer.start()
        try:
            state, found, count, md5, text, body = self._exchange(child, data, frames + 1, bits)
        except (OSError, EOFError, ValueError) as error:
            self.close()
            reason = f"took more than {self._seconds:g} s" if late.is_set() else f"crashed: {error}"
            raise Fault("decoder_stopped", f"decoding {reason}") from None
        finally:
            timer.cancel()
            timer.join()
        if state == NO_MEMORY:
            raise Fault("decoder_stopped", "decoding ran out of memory")
        if state == CORRUPT:
            raise Fault("corrupt_audio", f"cannot be decoded: {printable(text)}")
        if found != channels:
            raise Fault("corrupt_audio", f"{counted(found, 'channel')} decoded, not {channels}")
        samples = np.frombuffer(body, "<i4" if bits > 16 else "<i2").reshape(count, channels)
        return Pcm(samples, md5)

    def _running(self) -> subprocess.Popen:
        if self._child is not None and self._child.poll() is not None:
            self.close()
        if self._child is None:
            if find_spec("resource") is None:
                warnings.warn(UNLIMITED, RuntimeWarning, stacklevel=2)
            kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
            self._child = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**kept, **_THREADS, **SAFE, "PYTHONPATH": search_path()},
                cwd=os.sep,
            )
        return self._child

    @staticmethod
    def _exchange(
        child: subprocess.Popen, data: bytes, most: int, bits: int
    ) -> tuple[int, int, int, bytes, str, bytes]:
        """Ask and read the answer.

        Raises:
            EOFError: where it is not whole.
            ValueError: where it has no sense.
        """

        def read(count: int) -> bytes:
            got = child.stdout.read(count)
            if len(got) < count:
                raise EOFError(f"exit code {child.wait()}")
            return got

        child.stdin.write(REQUEST.pack(len(data), most, bits))
        child.stdin.write(data)
        child.stdin.flush()
        state, channels, count, md5, length = REPLY.unpack(read(REPLY.size))
        if state not in (DONE, CORRUPT, NO_MEMORY) or count > most or channels > 8:
            raise ValueError("its answer has no sense")
        text = read(length).decode("utf-8", "replace")
        return state, channels, count, md5, text, read(count * channels * (4 if bits > 16 else 2))
