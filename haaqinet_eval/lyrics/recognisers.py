"""What writes down the words of a recording. Whisper is the official one of CAD2 task 1."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any, Protocol

from ..errors import InputError
from ..io.files import sha256
from ..registry import RECOGNISERS

OFFICIAL = "base.en"  # Whisper's weights, as the challenge used them


class Recogniser(Protocol):
    """Something that writes down what is sung."""

    version: str  # changes whenever a transcript does

    def __call__(self, recording: Path) -> str:
        """The words of an audio file: FLAC, 16 bit, 44.1 kHz, one channel or two."""
        ...


def load_recogniser(name: str, weights: str = OFFICIAL, temperature: float | None = 0.0) -> Recogniser:
    """Load a recogniser.

    Args:
        weights: a name or a file, whatever it takes.
        temperature: 0 for the likeliest words; None for its own habit, which may be a matter of chance.

    Raises:
        InputError: for an unknown one, or what it lacks.
    """
    return RECOGNISERS.record(name).find_factory()(weights=weights, temperature=temperature)


class Whisper:
    """OpenAI's Whisper, as the official evaluator calls it; its weights must be on the disk.

    Args:
        weights: a name such as `base.en`, looked for where Whisper keeps its files, or a file.
        temperature: see `load_recogniser`.

    Raises:
        InputError: without the package, the program ffmpeg or the weights, or for weights that are not
            those of the name; says how to get them.
    """

    def __init__(self, weights: str = OFFICIAL, temperature: float | None = 0.0) -> None:
        try:
            import whisper
        except ModuleNotFoundError as error:
            raise InputError(
                f"recogniser whisper needs {error.name}: pip install openai-whisper; or hand in transcripts"
            ) from None
        if shutil.which("ffmpeg") is None:
            raise InputError("recogniser whisper needs the program ffmpeg, which reads its files")
        file = find_weights(weights, getattr(whisper, "_MODELS", {}))
        self.version = f"{getattr(whisper, '__version__', 'unknown')} {weights} {sha256(file)[:12]}"
        self._options: dict[str, Any] = {} if temperature is None else {"temperature": temperature}
        self._model = whisper.load_model(str(file))  # a file: of a name it would fetch what is missing

    def __call__(self, recording: Path) -> str:
        """What Whisper hears, as it writes it: with capitals, points and a blank at the begin."""
        return self._model.transcribe(recording.as_posix(), fp16=False, **self._options)["text"]


def find_weights(weights: str, known: dict[str, str]) -> Path:
    """The file of Whisper's weights; it is not fetched.

    Args:
        weights: a name or a file.
        known: names and addresses of the official ones, which hold their SHA-256.

    Raises:
        InputError: where it is not there, or not the official one of that name.
    """
    if weights not in known:
        if Path(weights).is_file():
            return Path(weights)
        raise InputError(
            f"Whisper's weights {weights!r} are no file and none of {', '.join(known) or 'nothing'}"
        )
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "whisper")
    file = cache / known[weights].rpartition("/")[2]
    if not file.is_file():
        fetch = f'python -c "import whisper; whisper.load_model({weights!r})"'
        raise InputError(f"{file}: no such file, and nothing is fetched unasked; {fetch} fetches it")
    if sha256(file) != known[weights].split("/")[-2]:
        raise InputError(f"{file}: is not the official {weights}: its SHA-256 is another")
    return file
