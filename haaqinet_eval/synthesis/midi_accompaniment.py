"""Songs that programs play: more styles and instruments than any folder of free music has.

Musical MIDI Accompaniment (`mma`) plays a procedural chord chart with a procedural melody in a style of its
library; FluidSynth renders it with a soundfont; a bus compressor and a little saturation finish it.
Programs, styles and soundfonts are the user's (in Debian: mma, fluidsynth, fluid-soundfont-gm, …):
they make data, the product never needs them. A song is a function of seed and number, for the same
programs, styles and soundfonts.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.signal import lfilter

from ..audio import read_audio, rms
from ..errors import InputError

SECONDS = 40.0  # of a song at most; the chart is made for 32
SAMPLE_RATE = 44_100  # Hz
BEATS = 4  # of a bar, quarter notes
PARTS = re.compile(r"(intro|end|ending|fill|sus|plus)\d*$", re.IGNORECASE)  # grooves that are no whole style
GROOVE = re.compile(r"^DefGroove\s+(\S+)", re.IGNORECASE | re.MULTILINE)
NOTES = "cdefgab"
PROGRESSIONS = tuple(
    text.split()
    for text in (
        *("C Am F G7", "C G Am F", "Am F C G", "C F G C", "Dm7 G7 CM7 CM7", "Em7 A7 Dm7 G7", "C C7 F Fm"),
        *("Am G F E7", "C Em F G", "Am Dm G C", "F G Em Am", "C Bb F C", "Am C G D", "C Eb F Bb"),
        *("Am Am F G", "Cm Ab Eb Bb", "Cm Fm G7 Cm", "C D7 F C", "CM7 Am7 Dm7 G7", "Am E7 Am Dm"),
        *("C7 C7 F7 C7", "G7 F7 C7 G7", "Dm Bb F C", "Em C G D", "Am Em F C", "C Am Dm G"),
    )
)
LEADS = (
    *("Piano1", "Harpsichord", "Vibraphone", "Marimba", "Organ1", "Organ2", "Organ3", "Accordion"),
    *("Harmonica", "NylonGuitar", "SteelGuitar", "JazzGuitar", "CleanGuitar", "OverdriveGuitar"),
    *("DistortionGuitar", "Violin", "Cello", "Strings", "ChoirAahs", "VoiceOohs", "SynthVox", "Trumpet"),
    *("Trombone", "BrassSection", "SopranoSax", "AltoSax", "TenorSax", "Oboe", "Clarinet", "Flute"),
    *("PanFlute", "Recorder", "Whistle", "SquareWave", "SawWave", "Charang", "5thSawWave", "Fantasia"),
    *("PolySynth", "Sitar", "Banjo", "Fiddle"),
)

Rng = np.random.Generator


class Unplayable(Exception):
    """A groove that MMA cannot play, or that makes no sound."""


@dataclass(frozen=True)
class Band:
    """Who plays: styles by their file in MMA's library, and soundfonts."""

    library: Path
    styles: dict[str, tuple[str, ...]]  # a file below the library, as `casio/house`: its grooves
    fonts: tuple[Path, ...]


def read_band(library: str | Path, fonts: Sequence[str | Path]) -> Band:
    """The grooves of MMA's library (`*.mma` at any depth) that are whole styles, and the soundfonts.

    Raises:
        InputError: for a library without grooves; no soundfonts, or a file that is missing or is none.
    """
    library = Path(library).absolute()
    if not library.is_dir():
        raise InputError(f"{library}: no such folder of MMA styles; in Debian, `apt install mma`")
    styles = {}
    for file in sorted(library.rglob("*.mma")):
        grooves = GROOVE.findall(file.read_text(encoding="utf-8", errors="replace"))
        styles[file.relative_to(library).with_suffix("").as_posix()] = tuple(
            name for name in grooves if not PARTS.search(name)
        )
    styles = {name: grooves for name, grooves in styles.items() if grooves}
    if not styles:
        raise InputError(f"{library}: no MMA styles (*.mma with DefGroove) in this folder")
    if not fonts:
        raise InputError("fonts: none given; a song needs a soundfont")
    return Band(library, styles, tuple(_soundfont(Path(font)) for font in fonts))


def _soundfont(path: Path) -> Path:
    """A soundfont's path; FluidSynth would silently play another one for a file that is none."""
    if not path.is_file():
        raise InputError(f"{path}: no such soundfont")
    with path.open("rb") as file:
        head = file.read(12)
    if head[:4] != b"RIFF" or head[8:] != b"sfbk":
        raise InputError(f"{path}: no soundfont (SF2 or SF3): it begins with {head!r}")
    return path


def tune(rng: Rng) -> str:
    """A bar of four quarters in C major, as a riff in MMA's notation: `8c;4e+;…`."""
    notes, left, place = [], 2 * BEATS, int(rng.integers(7))
    while left:
        eighths = min(int(rng.choice([1, 1, 2, 2, 4])), left)
        eighths = 2 if eighths == 3 else eighths
        left -= eighths
        place = int(np.clip(place + rng.integers(-2, 3), 0, 13))
        pitch = "r" if rng.random() < 0.12 else NOTES[place % 7] + "+" * (place // 7)
        notes.append(f"{8 // eighths}{pitch}")
    return ";".join(notes) + ";"


def chart(library: Path, style: str, groove: str, rng: Rng, *, solo: bool = True) -> str:
    """A song of about 32 s for MMA: tempo, key, two progressions, with `solo` two times in three a tune."""
    tempo = int(rng.integers(72, 172))
    lines = [f"RndSeed {rng.integers(10**6)}", f"SetLibPath {library}", f"Tempo {tempo}"]
    lines += [f"Groove {style}:{groove}", f"Transpose {int(rng.integers(-6, 6))}"]
    progressions = [PROGRESSIONS[rng.integers(len(PROGRESSIONS))] for _ in range(2)]
    solo = rng.random() < 0.65 and solo
    if solo:
        lead, octave = LEADS[rng.integers(len(LEADS))], int(rng.integers(4, 7))
        volume = ("mp", "m", "mf", "f")[rng.integers(4)]
        lines += ["Begin Solo", f"Voice {lead}", f"Octave {octave}", f"Volume {volume}", "End"]
    motifs = [tune(rng) for _ in range(3)]
    for bar in range(int(32 * tempo / 60 / BEATS) + 1):
        if solo and rng.random() < 0.85:
            lines.append(f"Solo Riff {motifs[rng.integers(3)]}")
        lines.append(f"{bar + 1} {progressions[bar // 8 % 2][bar % 4]}")
    return "\n".join(lines) + "\n"


def call(*command: object) -> str:
    """Run a program, whatever it answers; the last line it wrote.

    Raises:
        InputError: if it is not installed.
    """
    words = [str(part) for part in command]
    try:
        done = subprocess.run(
            words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
        )
    except FileNotFoundError:
        raise InputError(f"{words[0]}: not installed; in Debian, `apt install {words[0]}`") from None
    return " ".join(done.stdout.decode(errors="replace").strip().splitlines()[-1:])


def play(band: Band, style: str, groove: str, font: Path, folder: Path, rng: Rng) -> np.ndarray:
    """A song [T, 2] at 44.1 kHz, by way of files in a folder. A style that isn't in 4/4 goes without a tune.

    Raises:
        InputError: if a program is not installed.
        Unplayable: if MMA or FluidSynth cannot play the groove, or nothing sounds.
    """
    text, midi, wav = (folder / f"song{suffix}" for suffix in (".mma", ".mid", ".wav"))
    for path in (midi, wav):
        path.unlink(missing_ok=True)
    for solo in (True, False):
        text.write_text(chart(band.library, style, groove, rng, solo=solo), encoding="utf-8")
        said = call("mma", "-w", "-f", midi, text)
        if midi.exists():
            break
    else:
        raise Unplayable(f"{style}, {groove}: MMA cannot play it: {said}")
    settings = {
        "reverb.active": int(rng.random() < 0.6),
        "reverb.level": 0.7 * rng.random(),
        "reverb.room-size": 0.8 * rng.random(),
        "chorus.active": int(rng.random() < 0.4),
    }
    options = [part for name, value in settings.items() for part in ("-o", f"synth.{name}={value}")]
    said = call("fluidsynth", "-ni", "-q", "-r", SAMPLE_RATE, "-g", "0.4", *options, "-F", wav, font, midi)
    if not wav.exists():
        raise Unplayable(f"{style}, {groove}: FluidSynth cannot play it: {said}")
    song = read_audio(wav).samples[: round(SECONDS * SAMPLE_RATE)]
    if np.abs(song).max(initial=0.0) < 0.01:
        raise Unplayable(f"{style}, {groove}: nothing sounds")
    return song


def finish(song: np.ndarray, rng: Rng) -> np.ndarray:
    """A song [T, C] as studios leave them: half compressed, nearly half saturated; peak -6 to -0.5 dBFS."""
    song = song / rms(song) * 0.1
    if rng.random() < 0.5:
        decay = np.exp(-1 / (SAMPLE_RATE * 0.05))
        level = lfilter([1 - decay], [1, -decay], np.abs(song).max(1)) + 1e-4
        gain = np.minimum(1.0, np.quantile(level, 0.3) / level) ** rng.uniform(0.2, 0.7)
        song = song * gain[:, None]
        song = song / rms(song) * 0.1
    if rng.random() < 0.45:
        drive = 3 * 10 ** (rng.uniform(-6, 12) / 20)
        song = np.tanh(song * drive) / drive
    return song / np.abs(song).max() * 10 ** (rng.uniform(-6.0, -0.5) / 20)


def make_song(band: Band, number: int, seed: int, folder: Path) -> tuple[str, np.ndarray]:
    """Style and sound [T, 2] of the song of a number; `folder` is for files on the way.

    Raises:
        InputError: if a program is not installed.
        Unplayable: for a song that cannot be played.
    """
    rng = np.random.default_rng([seed, number])
    style = list(band.styles)[rng.integers(len(band.styles))]
    grooves = band.styles[style]
    groove, font = grooves[rng.integers(len(grooves))], band.fonts[rng.integers(len(band.fonts))]
    return style, finish(play(band, style, groove, font, folder, rng), rng)
