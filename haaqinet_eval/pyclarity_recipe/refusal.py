"""How a stand-in ends a recipe that is not ours, and what to say of a package that it wants."""

from __future__ import annotations

INSTEAD = "recipes/cad2_task1 scores HAAQI without it, and takes transcripts"
_ADVICE = {  # package -> what to do
    "whisper": f"pip install openai-whisper 'jiwer<4', and the program ffmpeg; {INSTEAD}",
    "jiwer": f"pip install 'jiwer<4', since jiwer 4 has no compute_measures; {INSTEAD}",
}


def lacking(error: ImportError) -> str:
    """What to say of an import that failed.

    >>> lacking(ModuleNotFoundError("No module named 'wisper'", name="wisper"))
    'the recipe wants wisper, which is not installed'
    """
    package = (error.name or "").partition(".")[0]
    if isinstance(error, ModuleNotFoundError):
        said = f"the recipe wants {package}, which is not installed"
    else:
        said = f"the recipe stopped: {error}"
    return f"{said}: {_ADVICE[package]}" if package in _ADVICE else said


class Refusal(SystemExit):
    """Leaves a recipe from within; Hydra passes it on, where it would dress up an exception."""

    def __init__(self, message: str) -> None:
        super().__init__(2)
        self.message = message
