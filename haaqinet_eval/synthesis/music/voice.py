"""A singer: source and filter.

A band-limited glottal source with a gliding, vibrating pitch, and noise for breath and
consonants, both shaped frame by frame (5.8 ms at 44.1 kHz) by five formants that move from
syllable to syllable. Vowel formants: means of Peterson and Barney (1952).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d, uniform_filter1d
from scipy.signal import lfilter

from .theory import Note, hertz
from .tones import harmonics, moving_filter, oscillate, wavetable

HOP = 256  # samples between control frames

_VOWELS = {  # F1, F2, F3 (Hz) of men
    "i": (270, 2290, 3010), "I": (390, 1990, 2550), "e": (530, 1840, 2480), "ae": (660, 1720, 2410),
    "a": (730, 1090, 2440), "o": (570, 840, 2410), "U": (440, 1020, 2240), "u": (300, 870, 2240),
    "V": (640, 1190, 2390), "er": (490, 1350, 1690),
}  # fmt: skip
_MURMUR = (280, 1100, 2300)  # Hz, of nasals
# consonant -> (noise band Hz, noise level, its length s, silence before it s, voicing during it)
_CONSONANTS = {
    "": ((300, 3000), 0.0, 0.0, 0.0, 1.0),
    "s": ((4800, 10500), 0.9, 0.11, 0.01, 0.0),
    "sh": ((2300, 7500), 0.9, 0.11, 0.01, 0.0),
    "f": ((1200, 12000), 0.25, 0.09, 0.01, 0.0),
    "h": ((500, 4500), 0.4, 0.07, 0.0, 0.1),
    "t": ((3000, 9000), 1.0, 0.03, 0.04, 0.0),
    "k": ((1200, 4200), 0.9, 0.035, 0.05, 0.0),
    "p": ((400, 2500), 0.5, 0.02, 0.05, 0.0),
    "d": ((2500, 7000), 0.5, 0.015, 0.03, 0.4),
    "z": ((4800, 10500), 0.4, 0.08, 0.0, 0.5),
    "v": ((1000, 9000), 0.12, 0.06, 0.0, 0.5),
    "m": ((200, 1000), 0.0, 0.08, 0.0, 0.35),
    "n": ((200, 1500), 0.0, 0.07, 0.0, 0.4),
    "l": ((200, 2500), 0.0, 0.06, 0.0, 0.6),
}
# lowest, highest pitch (MIDI), scale of the formants against men's
_KINDS = {
    "soprano": (62, 79, 1.17),
    "alto": (56, 73, 1.14),
    "tenor": (51, 68, 1.02),
    "baritone": (45, 62, 0.97),
}


@dataclass(frozen=True)
class Singer:
    """The timbre and the manner of one singer."""

    low: float  # MIDI
    high: float
    formants: float  # factor on the vowel formants
    breath: float  # noise against voice
    tilt: float  # dB an octave above 1 kHz, on top of the source's -6
    vibrato: float  # cents, peak
    rate: float  # of the vibrato, Hz
    glide: float  # s
    scoop: float  # semitones below the note at its onset
    jitter: float  # cents, slow wander


def make_singer(kind: str, rng: np.random.Generator) -> Singer:
    """Draw a singer of a kind: soprano, alto, tenor or baritone."""
    low, high, formants = _KINDS[kind]
    shift = rng.integers(-2, 3)
    return Singer(
        low + shift, high + shift, formants * rng.uniform(0.95, 1.06), breath=10 ** rng.uniform(-2.0, -1.1),
        tilt=rng.uniform(-5.0, -0.5), vibrato=rng.uniform(8, 60), rate=rng.uniform(4.8, 6.4),
        glide=rng.uniform(0.02, 0.06), scoop=rng.uniform(0.2, 1.8), jitter=rng.uniform(4, 14),
    )  # fmt: skip


@dataclass
class _Score:
    """Control signals at HOP: pitch [N] MIDI; voicing, noise [N]; formants [N, 5], bands [N, 2] Hz."""

    pitch: np.ndarray
    voicing: np.ndarray
    noise: np.ndarray
    formants: np.ndarray
    bands: np.ndarray


def _write_score(
    notes: list[Note], singer: Singer, frames: int, rate: float, rng: np.random.Generator
) -> _Score:
    """Made-up words: a line of six syllables that comes back, often with other syllables in it."""
    score = _Score(np.full(frames, np.nan), np.zeros(frames), np.zeros(frames), np.full((frames, 5), np.nan),
                   np.tile((500.0, 3000.0), (frames, 1)))  # fmt: skip
    vowels, consonants = list(_VOWELS), list(_CONSONANTS)
    lyric = [(rng.choice(consonants), rng.choice(vowels)) for _ in range(6)]
    end = -1.0
    for i, note in enumerate(notes):
        word = lyric[i % 6] if rng.random() < 0.6 else (rng.choice(consonants), rng.choice(vowels))
        scoop = singer.scoop if note.start - end > 0.15 or rng.random() < 0.2 else 0.0
        _write_syllable(score, note, word, scoop, singer, HOP / rate, rng)
        end = note.start + note.duration
    score.formants[:, 3:] = np.array((3400, 4300)) * singer.formants
    return score


def _write_syllable(
    score: _Score, note: Note, word: tuple[str, str], scoop: float, singer: Singer, dt: float, rng
) -> None:
    """One syllable, (consonant, vowel), on one note; `dt` is the time between frames (s)."""
    consonant, vowel = word
    band, level, length, silence, voiced = _CONSONANTS[consonant]
    first = int(note.start / dt)
    last = min(int((note.start + note.duration) / dt), len(score.pitch))
    if last <= first:
        return
    t = np.arange(last - first) * dt
    fades = rng.random() < 0.7  # away, or in
    swell = 0.75 + 0.25 * np.exp(-t / 0.25) if fades else 0.7 + 0.3 * np.minimum(t / 0.5, 1)
    shape = note.velocity**1.5 * np.minimum(1, 0.15 + t / 0.05) * swell
    release = min(len(t), 8)
    shape[-release:] *= np.linspace(1, 0.3, release)
    score.voicing[first:last] = shape * np.where(t < length, voiced, 1.0)
    score.voicing[max(0, first - int(silence / dt)) : first] = 0.0
    hiss = np.exp(-t / 0.012) if consonant in "tkpd" else np.sin(np.pi * t / max(length, dt))
    score.noise[first:last] = level * note.velocity * np.where(t < length, hiss, 0.0)
    score.bands[first:last] = band

    depth = singer.vibrato / 100 * np.clip((t - 0.18) / 0.25, 0, 1)
    cycles = np.cumsum(singer.rate * (1 + 0.05 * gaussian_filter1d(rng.standard_normal(len(t)), 20)) * dt)
    bend = depth * np.sin(2 * np.pi * cycles) - scoop * np.exp(-t / 0.05)
    score.pitch[first:last] = note.pitch + bend

    score.formants[first:last, :3] = np.array(_VOWELS[vowel]) * singer.formants
    if rng.random() < 0.3:  # a diphthong closes towards i or u
        half = (first + last) // 2
        score.formants[half:last, :3] = np.array(_VOWELS[rng.choice(("I", "U"))]) * singer.formants
    if consonant in ("m", "n", "l"):
        score.formants[first : first + int(length / dt), :3] = np.array(_MURMUR) * singer.formants


def _hold(values: np.ndarray) -> np.ndarray:
    """Fill NaN with the last value before, or the first after."""
    index = np.where(np.isnan(values), 0, np.arange(len(values)))
    index = np.maximum.accumulate(index)
    filled = values[index]
    known = values[~np.isnan(values)]
    return np.where(np.isnan(filled), known[0] if len(known) else 0.0, filled)


def _formant_gains(score: _Score, singer: Singer, rate: float) -> np.ndarray:
    """Amplitude of the vocal tract, [N, HOP * 2 + 1]: five resonances over a tilted floor."""
    f = np.maximum(np.arange(2 * HOP + 1) * rate / (4 * HOP), 30.0)
    power = np.ones((len(score.formants), len(f)))
    widths, peaks = (90, 110, 160, 240, 350), (13.0, 14.0, 10.0, 8.0, 5.0)
    for k in range(5):
        centre = score.formants[:, k : k + 1]
        power += (peaks[k] ** 2 * (0.35 if k == 0 else 1.0)) / (
            1 + ((f**2 - centre**2) / (f * widths[k] * 1.25)) ** 2
        )
    tilt = 10 ** (singer.tilt * np.log2(np.maximum(f, 1000) / 1000) / 20)
    return np.sqrt(power) * tilt


def _source(pitch: np.ndarray, length: int, rate: float, rng: np.random.Generator) -> np.ndarray:
    """A band-limited sawtooth with this pitch [N] (MIDI, a value every HOP) -> [length]."""
    frame = np.arange(length) / HOP
    hz = hertz(np.interp(frame, np.arange(len(pitch)), pitch))
    cycles = np.cumsum(hz) / rate
    out = np.zeros(length)
    band = np.floor(np.log2(hz / 60.0) * 3).astype(int)  # a table for every third of an octave
    for number in np.unique(band):
        table = wavetable(harmonics(60.0 * 2 ** ((number + 1) / 3), rate))
        where = band == number
        out[where] = oscillate(table, cycles[where])
    return out


def sing(
    notes: list[Note], singer: Singer, seconds: float, sample_rate: float, rng: np.random.Generator
) -> np.ndarray:
    """Sing the notes on invented syllables -> [T]."""
    length = int(seconds * sample_rate)
    frames = -(-length // HOP) + 4
    score = _write_score(notes, singer, frames, sample_rate, rng)
    dt = HOP / sample_rate
    pole = np.exp(-dt / singer.glide)
    wander = (
        gaussian_filter1d(rng.standard_normal(frames), 0.12 / dt) * (0.12 / dt) ** 0.5 * singer.jitter / 60
    )
    pitch = _hold(score.pitch)
    start = pitch[0]
    pitch = start + lfilter([1 - pole], [1, -pole], pitch - start) + wander
    for k in range(3):
        score.formants[:, k] = uniform_filter1d(_hold(score.formants[:, k]), max(1, int(0.05 / dt)))
    score.formants[:, 0] = np.maximum(score.formants[:, 0], 0.95 * hertz(pitch))  # singers tune F1 to f0
    tract = _formant_gains(score, singer, sample_rate)
    voicing = gaussian_filter1d(score.voicing, 1.2)
    shimmer = 1 + 0.06 * gaussian_filter1d(rng.standard_normal(frames), 3) * 3
    voiced = moving_filter(
        _source(pitch, length, sample_rate, rng), tract * (voicing * shimmer)[:, None], HOP
    )
    f = np.maximum(np.arange(2 * HOP + 1) * sample_rate / (4 * HOP), 30.0)
    low, high = score.bands[:, :1], score.bands[:, 1:]
    hiss = 1 / np.sqrt((1 + (low / f) ** 8) * (1 + (f / high) ** 8))
    breath = singer.breath * tract * voicing[:, None] * np.minimum(f / 1500, 1)
    noise = moving_filter(rng.standard_normal(length), breath + 1.5 * hiss * score.noise[:, None], HOP)
    return voiced + noise


def harmonise(notes: list[Note], key: int, scale: tuple[int, ...], steps: int) -> list[Note]:
    """The same line some scale steps higher or lower: a second voice."""
    degrees = [key % 12 + 12 * octave + s for octave in range(-1, 11) for s in scale]
    out = []
    for note in notes:
        place = int(np.argmin(np.abs(np.array(degrees) - note.pitch)))
        out.append(Note(note.start, note.duration, degrees[place + steps], 0.8 * note.velocity))
    return out
