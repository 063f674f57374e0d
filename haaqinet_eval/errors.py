"""What may go wrong with a trial, told apart from a bug.

`Unscorable` is the only exception that the evaluate loop catches: such a trial
keeps its row, with the reason. Any other exception is a bug and stops the run.
"""


class Unscorable(ValueError):
    """A trial that cannot be given a score, and why.

    Args:
        code: short reason code, lower case with underscores, e.g. ``"silent_reference"``;
            the same fault always has the same code, so that failures can be counted.
        message: one sentence that names the file or field and the offending value.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    def __reduce__(self) -> tuple:  # keeps `code` when the error crosses a process
        return type(self), (self.code, self.message)


class InputError(ValueError):
    """A user's mistake outside a trial: a bad option, file or record.

    The command line prints the message without a traceback and exits with 2.
    """


class Stopped(RuntimeError):
    """The machine ended a run: a full disk, a locked store, a scheduler that is gone.

    What was scored is kept, and the same command goes on from there. The command line prints
    the message without a traceback and exits with 3.
    """
