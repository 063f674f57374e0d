"""What may go wrong with a trial, told apart from a bug.

`Unscorable` is the only exception that the evaluate loop catches: such a trial
keeps its row, with the reason. Any other exception is a bug and stops the run.

Messages are without secrets: they are redacted where an error is made.
"""

from .io.redaction import redact


class Unscorable(ValueError):
    """A trial that cannot be given a score, and why.

    Args:
        code: short reason code, lower case with underscores, e.g. ``"silent_reference"``;
            the same fault always has the same code, so that failures can be counted.
        message: one sentence that names the file or field and the offending value.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(redact(message))
        self.code = code
        self.message = redact(message)

    def __reduce__(self) -> tuple:  # keeps `code` when the error crosses a process
        return type(self), (self.code, self.message)


class _Told(Exception):
    """An error whose message is for people."""

    def __init__(self, *words: object) -> None:
        super().__init__(*(redact(word) if isinstance(word, str) else word for word in words))


class InputError(_Told, ValueError):
    """A user's mistake outside a trial: a bad option, file or record.

    The command line prints the message without a traceback and exits with `exit_code`.
    """

    exit_code = 2


class Stopped(_Told, RuntimeError):
    """The machine ended a run: a full disk, a locked store, a scheduler that is gone.

    What was scored is kept, and the same command goes on from there. The command line prints
    the message without a traceback and exits with 3.
    """
