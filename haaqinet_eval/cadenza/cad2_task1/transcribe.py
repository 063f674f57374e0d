"""From a system's files to what was understood of them: simulated ears, recogniser, counted words."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import nullcontext
from pathlib import Path

from rich.console import Console

from ...audiogram import EARS
from ...errors import InputError, Unscorable
from ...io.files import sha256
from ...io.location import locate
from ...io.names import counted
from ...io.progress import counting
from ...lyrics import Words, find_scoring
from ...lyrics.hearing import FULL_SCALE, SEVERE, simulate_loss
from ...lyrics.recognisers import OFFICIAL, Recogniser, load_recogniser
from ...lyrics.transcripts import Transcript, TranscriptFile, read_transcripts
from ...registry.recognisers import NONE, TRANSCRIPTS, recogniser_choices
from ..challenge import Pair
from ..enhanced import SignalFolder
from ..flac import Output
from ..plan import Plan
from .segments import LyricsScenes

WordsByPair = dict[tuple[str, str, str], Words]  # by system, scene and listener


def check_recogniser(config: Mapping) -> str:
    """The option `recogniser`; `none` where it is not given."""
    name = config.get("recogniser") or NONE
    if name not in recogniser_choices():
        raise InputError(f"option recogniser is {name!r}; known: {', '.join(recogniser_choices())}")
    if name == TRANSCRIPTS and not config.get("transcripts"):
        raise InputError("option transcripts is empty; recogniser=transcripts reads a CSV that it names")
    return name


def hands_in(config: Mapping) -> bool:
    """Whether the words come from a table that is handed in."""
    return check_recogniser(config) == TRANSCRIPTS


def count_transcripts(challenge: LyricsScenes, rows: Iterable[Transcript], where: str) -> WordsByPair:
    """Count the words of transcripts.

    Args:
        rows: of any systems; `where` they are from.

    Raises:
        InputError: for a scene and listener that are no pair.
    """
    songs = {(pair.scene, pair.listener): pair.song for pair in challenge.pairs()}
    texts: dict[tuple[str, str, str], dict[str, str]] = defaultdict(dict)
    for row in rows:
        if (row.scene, row.listener) not in songs:
            raise InputError(
                f"{where}: scene {row.scene!r} and listener {row.listener!r} are no pair of {challenge.name}"
            )
        texts[row.system, row.scene, row.listener][row.ear] = row.text
    return {
        key: Words.count(challenge.lyrics(songs[key[1:]]), found, challenge.scoring)
        for key, found in texts.items()
    }


def given_transcripts(challenge: LyricsScenes, path: str, systems: Iterable[str]) -> WordsByPair:
    """What a table says that was handed in; it needs a column `system` where there are several."""
    rows, names = read_transcripts(locate(path)), list(systems)
    if not all(row.system for row in rows):
        if len(names) > 1:
            raise InputError(f"{path}: has no column system, and there are several: {', '.join(names)}")
        rows = [Transcript(r.scene, r.listener, r.ear, r.text, names[0]) for r in rows]
    return count_transcripts(challenge, [row for row in rows if row.system in names], path)


def lacking(
    challenge: LyricsScenes, pairs: Iterable[Pair], systems: Iterable[str], heard: WordsByPair
) -> list[tuple[str, ...]]:
    """System, scene, listener and ear without a transcript, where the joint score needs one."""
    return [
        (*key, ear)
        for system in systems
        for pair in pairs
        if challenge.alpha(pair.scene)
        for key in [(system, pair.scene, pair.listener)]
        for ear in heard.get(key, Words()).missing
    ]


class Ears:
    """What a recogniser is given of a system's files.

    Args:
        simulated: each ear's simulated loss, one channel; if not, the file itself for either ear.
        full_scale: dB SPL, for the simulation.
    """

    def __init__(self, challenge: LyricsScenes, simulated: bool, full_scale: float = FULL_SCALE) -> None:
        self.challenge, self.simulated, self.full_scale = challenge, simulated, full_scale

    def write(self, signals: SignalFolder, pair: Pair, folder: Path) -> Iterator[tuple[str, Path]]:
        """Write what each ear hears: ear and file. Raises `Unscorable` for a file that cannot be used."""
        challenge = self.challenge
        name, rate = challenge.enhanced_file(pair, "left", ""), challenge.enhanced.sample_rate
        samples = signals.read_enhanced(name, challenge.enhanced, challenge.seconds(pair.song))
        for i, ear in enumerate(EARS):
            heard = samples
            if self.simulated:
                audiogram = challenge.listeners[pair.listener].ear(ear)
                heard = simulate_loss(samples[:, i], rate, audiogram, self.full_scale)
            path = folder / f"{name.stem}_hl_{ear}.flac"
            Output(path, heard, rate, rate).write()
            yield ear, path

    def warning(self, pairs: Iterable[Pair]) -> str:
        """What is to be said of listeners whose loss is too severe for the simulation; empty for none."""
        people = {pair.listener: self.challenge.listeners[pair.listener] for pair in pairs}
        severe = [id for id, one in people.items() if max(*one.left.levels, *one.right.levels) > SEVERE]
        if not severe or not self.simulated:
            return ""
        who = counted(len(severe), "listener")
        return f"{who} with more than {SEVERE:g} dB HL: the simulated loss is not realistic"


def transcribe(
    ears: Ears,
    recogniser: Recogniser,
    made: str,
    file: TranscriptFile,
    system: str,
    signals: SignalFolder,
    pairs: Iterable[Pair],
    kept: Path | None,
    console: Console,
) -> None:
    """Write down what a table of transcripts lacks of one system; a file that cannot be used has none.

    Args:
        made: how, for the table's column; rows that were made otherwise, or of other audio, are made anew.
        kept: folder for what the recogniser was given; None: it is removed.

    Raises:
        InputError: for a table that somebody else wrote.
    """
    if any(not row.made for row in file.rows):
        raise InputError(
            f"{file.path}: was not written by a recogniser here; move it, and name it with transcripts=…"
        )
    pairs = list(pairs)
    names = {(pair.scene, pair.listener): ears.challenge.enhanced_file(pair, "left", "") for pair in pairs}
    files = {key: signals.folder / name for key, name in names.items()}
    audio = {key: sha256(path) for key, path in files.items() if path.is_file()}
    good = [
        r for r in file.rows
        if (r.scene, r.listener) not in names or (r.made, r.audio) == (made, audio.get((r.scene, r.listener)))
    ]  # fmt: skip
    file.keep(good)
    there = {(row.scene, row.listener, row.ear) for row in file.rows}
    todo = [p for p in pairs if any((p.scene, p.listener, ear) not in there for ear in EARS)]
    with counting(f"{system}: words", len(todo), console) as step:
        for pair in todo:
            key = (pair.scene, pair.listener)
            try:
                with nullcontext(kept) if kept else tempfile.TemporaryDirectory() as folder:
                    rows = [
                        Transcript(*key, ear, recogniser(path), system, made, audio[key])
                        for ear, path in ears.write(signals, pair, Path(folder))
                        if (*key, ear) not in there
                    ]
            except Unscorable:
                rows = []  # its HAAQI says why
            file.append(rows)
            step()


def complete(
    challenge: LyricsScenes, recogniser: Recogniser | None, plan: Plan, config: Mapping, console: Console
) -> WordsByPair:
    """What a recogniser understood of the systems of a plan; nothing without one."""
    name = check_recogniser(config)
    if name == NONE:
        return {}
    evaluate = config["evaluate"]
    ears = Ears(
        challenge, find_scoring(challenge.scoring).simulated, evaluate.get("equiv_0db_spl", FULL_SCALE)
    )
    if said := ears.warning(plan.pairs):
        console.print(said, soft_wrap=True, markup=False)
    rows: list[Transcript] = []
    for system, folder in plan.tables.items():
        earlier = [
            row for p in sorted(folder.glob("transcripts_*.csv")) for row in read_transcripts(p, torn=True)
        ]
        folder.mkdir(parents=True, exist_ok=True)
        file = TranscriptFile(folder / f"transcripts{plan.suffix}.csv")
        if not plan.suffix and not file.rows:
            file.keep({(r.scene, r.listener, r.ear): r for r in earlier}.values())  # those of batches
        kept = folder / "heard" if evaluate.get("save_intermediate") else None
        made = f"{name} {recogniser.version}, {challenge.scoring}, {ears.full_scale:g} dB SPL"
        transcribe(
            ears,
            recogniser,
            made,
            file,
            system,
            SignalFolder(plan.enhanced[system]),
            plan.pairs,
            kept,
            console,
        )
        rows += file.rows
    return count_transcripts(challenge, rows, "transcripts")


def recogniser_of(challenge: LyricsScenes, config: Mapping) -> Recogniser | None:
    """The recogniser that is asked for, loaded; None for a choice that needs none."""
    name = check_recogniser(config)
    if name in (NONE, TRANSCRIPTS):
        return None
    weights = config["evaluate"].get("whisper_version") or OFFICIAL
    return load_recogniser(name, weights, find_scoring(challenge.scoring).temperature)
