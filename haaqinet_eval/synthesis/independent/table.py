"""The conditions of the independent set; a change of one, or of how they are drawn, makes another version."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..conditions import Condition, Step
from . import tools as t

Sounds = Callable  # (samples, Hz, generator, how many) -> signals [T], all different recordings


def _pedals(*chain: tuple[str, dict]) -> Step:
    return t.pedals, {"chain": chain}


def _augmented(name: str, adds: bool = False, **options: float) -> Step:
    return t.augmented, {"name": name, "options": options, "adds": adds}


def _ffmpeg(filters: str) -> Step:
    return t.ffmpeg, {"filters": filters}


def _sox(effects: str) -> Step:
    return t.sox, {"effects": effects}


def _coded(form: str, options: str) -> Step:
    return t.coded, {"form": form, "options": options}


def _peaks(gain: float, *centers: float) -> Step:
    return _pedals(*(("PeakFilter", {"cutoff_frequency_hz": c, "gain_db": gain, "q": 3.0}) for c in centers))


def _room(t60: float, *metres: float) -> Step:
    return t.in_room, {"t60": t60, "metres": metres}


def _noise(snr_db: float) -> Step:
    return _augmented("AddGaussianSNR", True, min_snr_db=snr_db, max_snr_db=snr_db)


_COMPRESSOR = _pedals(("Compressor", {"threshold_db": -32, "ratio": 4, "attack_ms": 5, "release_ms": 80}))

_ALONE: dict[str, list[tuple[Step, ...]]] = {
    "compression": [
        (_pedals(("Compressor", {"threshold_db": -24, "ratio": 2.5, "attack_ms": 10, "release_ms": 150})),),
        (_pedals(("Compressor", {"threshold_db": -40, "ratio": 10, "attack_ms": 1, "release_ms": 40})),),
        (_ffmpeg("acompressor=threshold=0.03:ratio=6:attack=5:release=60:makeup=2"),),
        (_sox("compand 0.005,0.1 6:-70,-60,-40,-25,-20,-12 0 -90 0.01"),),
        (_ffmpeg("dynaudnorm=f=100:g=5:m=20"),),
        (_pedals(("Gain", {"gain_db": 18}), ("Limiter", {"threshold_db": -6, "release_ms": 60})),),
    ],
    "gate": [
        (_pedals(("NoiseGate", {"threshold_db": -24, "ratio": 6, "attack_ms": 1, "release_ms": 60})),),
        (_ffmpeg("agate=threshold=0.06:ratio=4:attack=2:release=80:range=0.01"),),
    ],
    "equaliser": [
        (_augmented("SevenBandParametricEQ", min_gain_db=-6.0, max_gain_db=6.0),),
        (_augmented("SevenBandParametricEQ", min_gain_db=-15.0, max_gain_db=15.0),),
        (_ffmpeg("superequalizer=1b=1:3b=0.2:5b=2.5:7b=0.3:9b=2:11b=0.4:13b=3:15b=0.3"),),
    ],
    "three_resonances": [
        (_peaks(9, 450, 1500, 3800),),
        (_peaks(15, 350, 1000, 2800),),
        (_peaks(20, 650, 2100, 5000),),
        (_peaks(15, 800, 1800, 4200), _pedals(("LowpassFilter", {"cutoff_frequency_hz": 3000}))),
    ],
    "tilt": [
        (_sox("bass -9 300 treble +9 3000"),),
        (_sox("bass +12 300 treble -12 3000"),),
        (_pedals(("HighShelfFilter", {"cutoff_frequency_hz": 1000, "gain_db": 15, "q": 0.5})),),
        (_pedals(("LowShelfFilter", {"cutoff_frequency_hz": 800, "gain_db": 15, "q": 0.5})),),
    ],
    "band": [
        (_sox("sinc 300-3400"),),
        (_ffmpeg("highpass=f=700:p=2"),),
        (_pedals(("LadderFilter", {"cutoff_hz": 1500, "resonance": 0.3})),),
        (_augmented("BandStopFilter", min_center_freq=500.0, max_center_freq=3000.0),),
        (_sox("rate 8000 rate 24000"),),
    ],
    "distortion": [
        (_pedals(("Distortion", {"drive_db": 12})),),
        (_pedals(("Distortion", {"drive_db": 30})),),
        (_sox("overdrive 20 20"),),
        (_augmented("TanhDistortion", min_distortion=0.2, max_distortion=0.7),),
        (_augmented("ClippingDistortion", min_percentile_threshold=5, max_percentile_threshold=40),),
        (_ffmpeg("acrusher=bits=3:mode=lin:aa=0.5"),),
        (_pedals(("Bitcrush", {"bit_depth": 4})),),
    ],
    "coding": [
        (_pedals(("MP3Compressor", {"vbr_quality": 9.5})),),
        (_pedals(("GSMFullRateCompressor", {})),),
        (_coded("adts", "-c:a aac -b:a 20k"),),
        (_coded("ogg", "-c:a libopus -b:a 12k"),),
        (_coded("ogg", "-c:a libspeex -ar 16000 -b:a 10k"),),
        (_coded("mp3", "-c:a libmp3lame -b:a 24k"),),
    ],
    "room": [
        (_room(0.25, 4.0, 3.0, 2.5),),
        (_room(0.6, 8.0, 6.0, 3.0),),
        (_room(1.2, 18.0, 12.0, 6.0),),
        (_pedals(("Reverb", {"room_size": 0.6, "wet_level": 0.4, "dry_level": 0.6})),),
        (_ffmpeg("aecho=0.8:0.8:60|110|230:0.5|0.35|0.2"),),
    ],
    "modulation": [
        (_pedals(("Chorus", {"rate_hz": 1.2, "depth": 0.4, "mix": 0.5})),),
        (_pedals(("Phaser", {"rate_hz": 0.8, "depth": 0.7, "mix": 0.6})),),
        (_sox("tremolo 6 70"),),
        (_sox("flanger"),),
    ],
    "dropouts": [
        (_augmented("TimeMask", min_band_part=0.05, max_band_part=0.1),),
        (_augmented("TimeMask", min_band_part=0.15, max_band_part=0.3),),
    ],
    "parts": [
        ((t.harmonic, {"part": "harmonic", "margin": 1.0}),),
        ((t.harmonic, {"part": "harmonic", "margin": 3.0}),),
        ((t.harmonic, {"part": "percussive", "margin": 1.0}),),
    ],
    "noise": [
        (_augmented("AddColorNoise", True, min_snr_db=20.0, max_snr_db=28.0),),
        (_augmented("AddColorNoise", True, min_snr_db=6.0, max_snr_db=14.0),),
        (_augmented("AddGaussianSNR", True, min_snr_db=-2.0, max_snr_db=6.0),),
    ],
    "denoised": [
        (_noise(12), _ffmpeg("afftdn=nr=20:nf=-30")),
        (_noise(6), _ffmpeg("afftdn=nr=40:nf=-25")),
        (_noise(8), (t.subtracted, {"db_reduc": 15, "lookback": 6, "beta": 8, "alpha": 2})),
    ],
}

SHARES = {"clean": 0.5, "talkers": 0.4, "talkers_compressed": 0.2, "surroundings": 0.4, "leftovers": 0.4}
SHARE = 0.2  # of all other kinds


def conditions(talkers: Sounds, surroundings: Sounds, songs: Sounds) -> dict[str, Condition]:
    """The table, with the sounds of a split."""
    crowds = [
        (t.crowded, {"talkers": talkers, "count": count, "snr_db": snr})
        for count, snr in ((1, 12), (3, 6), (6, 1), (8, -4), (2, 0), (5, 10))
    ]
    made = {
        "clean": [()],
        **_ALONE,
        "talkers": [(crowd,) for crowd in crowds],
        "talkers_compressed": [(crowd, _COMPRESSOR) for crowd in crowds[1:4]],
        "surroundings": [((t.around, {"sounds": surroundings, "snr_db": snr}),) for snr in (14, 8, 2, -4)],
        "leftovers": [
            ((t.soft_masked, {"songs": songs, "snr_db": 6, "power": 1}),),
            ((t.soft_masked, {"songs": songs, "snr_db": 0, "power": 2}),),
            ((t.soft_masked, {"songs": songs, "snr_db": 0, "power": 2, "jitter_db": 12}),),
            ((t.soft_masked, {"songs": songs, "snr_db": -4, "power": 1}),),
            ((t.unmixed, {"songs": songs, "snr_db": 0, "sweeps": 4}),),
            ((t.unmixed, {"songs": songs, "snr_db": -3, "sweeps": 12}),),
            ((t.around, {"sounds": songs, "snr_db": 9}),),
        ],
    }
    return {
        (name := f"{kind}-{n}" if kind != "clean" else kind): Condition(name, kind, steps)
        for kind, settings in made.items()
        for n, steps in enumerate(settings, 1)
    }


def shares_of(table: Mapping[str, Condition]) -> dict[str, float]:
    """How often each kind of a table is drawn; the kinds' order is part of the draw."""
    return {c.group: SHARES.get(c.group, SHARE) for c in table.values()}
