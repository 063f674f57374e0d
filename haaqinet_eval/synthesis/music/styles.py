"""The styles: what a band of each kind plays, as tables.

Drum patterns have one character a step (a step is a sixteenth): `X` accent, `x` normal,
`o` ghost note, `.` rest. Bars of 16 steps are in 4/4, bars of 12 in 3/4 or 6/8.
Progressions are scale degrees, 0 the tonic, one chord a bar.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Style:
    """What may be drawn for a song of this style."""

    tempo: tuple[float, float]  # beats a minute; a beat is a quarter
    scales: tuple[str, ...]
    progressions: tuple[tuple[int, ...], ...]
    drums: tuple[dict[str, str], ...]  # alternatives; kit piece -> pattern
    bass: tuple[str, ...]  # line generators of `parts`
    bass_tone: tuple[str, ...]
    layers: tuple[tuple[str, ...], ...]  # alternatives; "instrument:figure" of `parts`
    voices: tuple[str, ...]  # kinds of singer of `voice`
    chord_size: int = 3
    steps: int = 16  # sixteenths in a bar
    swing: float = 0.5  # where the off-beat eighth lies in its beat: 0.5 straight, 0.67 triplet
    swing_steps: int = 2  # what is swung: 2 eighths, 1 sixteenths
    density: float = 0.5  # how busily is sung, 0 to 1
    room: tuple[float, float] = (0.4, 1.0)  # reverberation time at 1 kHz (s)
    wet: float = 0.15  # reverberation, share of the dry amplitude
    drum_level: float = 0.0  # dB against the usual balance
    harmony: float = 0.3  # chance of a second voice in the chorus


_POP = ((0, 4, 5, 3), (0, 5, 3, 4), (5, 3, 0, 4), (0, 3, 4, 3), (3, 0, 4, 5))
_MINOR = ((0, 5, 2, 6), (0, 3, 5, 4), (0, 6, 5, 6), (0, 3, 0, 4))

STYLES: dict[str, Style] = {
    "rock": Style(
        tempo=(100, 150),
        scales=("major", "mixolydian", "minor"),
        progressions=(*_POP[:4], (0, 6, 3, 0)),
        drums=(
            {"kick": "X.....x.X.x.....", "snare": "....X.......X..o", "hat": "x.o.x.o.x.o.x.o."},
            {"kick": "X..x....X.x..x..", "snare": "....X.......X...", "ride": "X.x.x.x.X.x.x.x."},
            {"kick": "X.x...x.X.......", "snare": "....X..o....X...", "openhat": "X...x...X...x..."},
        ),
        bass=("eighths", "root_fifth"),
        bass_tone=("picked", "fingered"),
        layers=(
            ("overdrive:eighths", "organ:sustain"),
            ("overdrive:sustain", "steel:arpeggio"),
            ("overdrive:strum", "overdrive:lead"),
        ),
        voices=("tenor", "alto", "baritone"),
        density=0.5,
        wet=0.12,
        drum_level=1.0,
    ),
    "ballad": Style(
        tempo=(62, 84),
        scales=("major", "minor"),
        progressions=(*_POP, (0, 2, 3, 4)),
        drums=(
            {"kick": "X.......x.x.....", "rim": "....x.......x...", "hat": "x.o.x.o.x.o.x.o."},
            {"kick": "X..x......x.....", "snare": "....x.......x...", "ride": "x.o.x.o.x.o.x.o."},
        ),
        bass=("sustain", "root_fifth"),
        bass_tone=("fingered", "round"),
        layers=(
            ("piano:arpeggio", "strings:sustain"),
            ("piano:comp", "pad:sustain"),
            ("nylon:arpeggio", "strings:sustain", "strings:lead"),
        ),
        voices=("soprano", "alto", "tenor"),
        density=0.3,
        room=(1.2, 2.4),
        wet=0.25,
        drum_level=-2.0,
        harmony=0.4,
    ),
    "funk": Style(
        tempo=(92, 116),
        scales=("dorian", "mixolydian"),
        progressions=((0, 0, 3, 3), (0, 3, 0, 4), (0, 6, 3, 0)),
        drums=(
            {"kick": "X.x....x..x.....", "snare": "....X..o.o..X..o", "hat": "XoxoXoxoXoxoXoxo"},
            {"kick": "X..x..x...x..x..", "snare": "....X..o.o.oX...", "hat": "x.xxx.xxx.xxx.xx"},
        ),
        bass=("slap", "syncopated"),
        bass_tone=("slap", "fingered"),
        layers=(
            ("clean:scratch", "epiano:comp"),
            ("clean:scratch", "brass:stab"),
            ("clavi:comp", "brass:stab"),
        ),
        voices=("tenor", "alto"),
        chord_size=4,
        swing=0.56,
        swing_steps=1,
        density=0.7,
        room=(0.25, 0.5),
        wet=0.1,
        drum_level=1.0,
    ),
    "electronic": Style(
        tempo=(118, 132),
        scales=("minor", "dorian"),
        progressions=(*_MINOR, (5, 6, 0, 0)),
        drums=(
            {"ekick": "X...X...X...X...", "clap": "....X.......X...", "hat": "..x...x...x...xo"},
            {
                "ekick": "X...X...X...X..x",
                "clap": "....x.......x...",
                "openhat": "..X...X...X...X.",
                "shaker": "xoxoxoxoxoxoxoxo",
            },
            {"ekick": "X..x..x...x.....", "esnare": "....X.......X...", "hat": "xxxxxxxxxxxxxxxx"},
        ),
        bass=("offbeat", "eighths", "octaves"),
        bass_tone=("saw", "square", "sub"),
        layers=(
            ("pad:sustain", "saw:arpeggio16"),
            ("saw:stab", "pad:sustain", "saw:lead"),
            ("strings:sustain", "square:arpeggio16"),
        ),
        voices=("soprano", "alto"),
        density=0.4,
        room=(0.8, 2.0),
        wet=0.2,
        drum_level=1.5,
        harmony=0.5,
    ),
    "folk": Style(
        tempo=(84, 126),
        scales=("major", "mixolydian", "dorian"),
        progressions=(*_POP[:2], (0, 3, 0, 4), (0, 6, 3, 0)),
        drums=(
            {"tom": "X.......x.......", "shaker": "x.o.x.o.x.o.x.o.", "tambourine": "....x.......x..."},
            {"kick": "X.......x.......", "brush": "x.o.X.o.x.o.X.o."},
        ),
        bass=("root_fifth", "sustain"),
        bass_tone=("upright", "round"),
        layers=(
            ("steel:fingerstyle", "violin:lead"),
            ("steel:strum", "banjo:arpeggio16"),
            ("nylon:fingerstyle", "accordion:sustain"),
        ),
        voices=("alto", "tenor", "baritone"),
        density=0.5,
        room=(0.3, 0.7),
        wet=0.12,
        drum_level=-3.0,
        harmony=0.5,
    ),
    "latin": Style(
        tempo=(88, 120),
        scales=("minor", "harmonic", "major"),
        progressions=((0, 3, 4, 4), (0, 3, 4, 0), (0, 5, 3, 4)),
        drums=(
            {
                "conga": "o.x.X.oxo.x.X.xx",
                "cowbell": "X...x...X...x...",
                "clave": "X..X..X...X.X...",
                "shaker": "xoxoxoxoxoxoxoxo",
                "kick": "x......xx......x",
            },
            {"kick": "X..xx..xX..xx..x", "rim": "X..X..X...X.X...", "hat": "xoxoxoxoxoxoxoxo"},
        ),
        bass=("tumbao",),
        bass_tone=("upright", "fingered"),
        layers=(
            ("piano:montuno", "brass:stab"),
            ("nylon:bossa", "flute:lead"),
            ("piano:montuno", "nylon:strum"),
        ),
        voices=("tenor", "soprano"),
        chord_size=4,
        density=0.6,
        room=(0.4, 0.8),
        wet=0.12,
    ),
    "jazz": Style(
        tempo=(104, 168),
        scales=("major", "dorian"),
        progressions=((1, 4, 0, 5), (0, 5, 1, 4), (2, 5, 1, 4)),
        drums=(
            {
                "ride": "X...x.x.X...x.x.",
                "hat": "....x.......x...",
                "kick": "o...o...o...o...",
                "snare": "......o.......o.",
            },
            {"brush": "x.o.X.o.x.o.X.o.", "ride": "x...x.x.x...x.x.", "kick": "o.........o....."},
        ),
        bass=("walking",),
        bass_tone=("upright",),
        layers=(("piano:comp", "sax:lead"), ("clean:comp", "brass:stab"), ("piano:comp", "clean:lead")),
        voices=("alto", "baritone"),
        chord_size=4,
        swing=0.64,
        density=0.5,
        room=(0.4, 0.9),
        wet=0.12,
        drum_level=-2.0,
    ),
    "pop": Style(
        tempo=(92, 124),
        scales=("major", "minor"),
        progressions=_POP,
        drums=(
            {
                "kick": "X.....x.X..x....",
                "snare": "....X.......X...",
                "clap": "....x.......x...",
                "hat": "x.x.x.x.x.xxx.x.",
            },
            {"ekick": "X..x..x.X..x..x.", "esnare": "....X.......X...", "shaker": "xoxoxoxoxoxoxoxo"},
        ),
        bass=("eighths", "syncopated", "octaves"),
        bass_tone=("saw", "fingered", "sub"),
        layers=(
            ("piano:comp", "pad:sustain", "clean:arpeggio"),
            ("epiano:comp", "saw:arpeggio16"),
            ("steel:strum", "strings:sustain", "square:lead"),
        ),
        voices=("soprano", "alto", "tenor"),
        density=0.6,
        room=(0.5, 1.2),
        wet=0.16,
        harmony=0.5,
    ),
    "waltz": Style(
        tempo=(96, 150),
        scales=("major", "harmonic"),
        progressions=((0, 0, 4, 4), (0, 3, 4, 0), (0, 5, 1, 4)),
        steps=12,
        drums=(
            {"kick": "X...........", "brush": "....x...x...", "tambourine": "....o...o.o."},
            {"kick": "X.......o...", "snare": "....o...x...", "ride": "x...x...x.x."},
        ),
        bass=("root_fifth", "sustain"),
        bass_tone=("upright", "tuba"),
        layers=(
            ("accordion:waltz", "violin:lead"),
            ("nylon:waltz", "flute:lead"),
            ("piano:waltz", "strings:sustain"),
        ),
        voices=("soprano", "baritone"),
        density=0.4,
        room=(0.5, 1.3),
        wet=0.16,
        drum_level=-2.0,
    ),
    "reggae": Style(
        tempo=(68, 84),
        scales=("major", "minor", "dorian"),
        progressions=((0, 3, 0, 3), (0, 4, 3, 0), (0, 5, 3, 4)),
        drums=(
            {"kick": "........X.......", "rim": "........X......o", "hat": "x.xox.xox.xox.xo"},
            {"kick": "X...X...X...X...", "snare": "........X..o....", "hat": "..x...x...x...xo"},
        ),
        bass=("dub",),
        bass_tone=("round", "sub"),
        layers=(("clean:skank", "organ:bubble"), ("piano:skank", "organ:bubble", "brass:stab")),
        voices=("tenor", "baritone"),
        swing=0.57,
        swing_steps=1,
        density=0.5,
        room=(0.8, 1.6),
        wet=0.2,
    ),
}
