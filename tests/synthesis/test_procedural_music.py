"""Procedural music: exact tuning and sums, musical levels, determinism."""

import numpy as np
import pyloudnorm
import pytest
from scipy.signal import welch

from haaqinet_eval.errors import InputError
from haaqinet_eval.synthesis.music import INSTRUMENTS, STEMS, STYLES, loudness, make_chamber, make_song
from haaqinet_eval.synthesis.music.levels import limit_gain
from haaqinet_eval.synthesis.music.lines import LINES, play_line
from haaqinet_eval.synthesis.music.parts import bass_figure, melody
from haaqinet_eval.synthesis.music.plan import make_plan
from haaqinet_eval.synthesis.music.space import pan
from haaqinet_eval.synthesis.music.theory import Note, hertz
from haaqinet_eval.synthesis.music.tones import harmonics, moving_filter, oscillate, pluck, wavetable

RATE = 44100


def octave_levels(signal: np.ndarray) -> np.ndarray:
    """Power in octaves around 63 Hz to 16 kHz (dB against all of it)."""
    f, power = welch(signal.T, RATE, nperseg=8192)
    power = power.mean(0)
    centres = 1000 * 2.0 ** np.arange(-4, 5)
    bands = [power[(f >= c / 2**0.5) & (f < c * 2**0.5)].sum() for c in centres]
    return 10 * np.log10(np.array(bands) / power.sum())


def fundamental(signal: np.ndarray, near: float) -> float:
    """Frequency (Hz) of the strongest partial within 3 % of `near`, by parabolic interpolation."""
    size = 2**19
    spectrum = np.log(np.abs(np.fft.rfft(signal * np.hanning(len(signal)), size)) + 1e-12)
    f = np.fft.rfftfreq(size, 1 / RATE)
    inside = np.flatnonzero((f > 0.97 * near) & (f < 1.03 * near))
    top = inside[np.argmax(spectrum[inside])]
    a, b, c = spectrum[top - 1 : top + 2]
    return (top + 0.5 * (a - c) / (a - 2 * b + c)) * RATE / size


@pytest.mark.parametrize("style", STYLES)
def test_song_has_musical_levels(style):
    stems = make_song(seed=3, style=style, duration=6.0)
    mixture = sum(stems.values())
    assert tuple(stems) == STEMS
    assert all(x.shape == (6 * RATE, 2) and np.isfinite(x).all() for x in stems.values())
    assert -20.5 < pyloudnorm.Meter(RATE).integrated_loudness(mixture) < -15.5
    peak, rms = np.abs(mixture).max(), np.sqrt(np.mean(mixture**2))
    assert peak < 0.9
    assert 10 < 20 * np.log10(peak / rms) < 20
    for name, stem in stems.items():
        assert loudness(stem, RATE) > -36, name
        assert name == "bass" or np.abs(stem[:, 0] - stem[:, 1]).max() > 1e-3, name


def test_spectrum_falls_as_real_music_does():
    """Octave levels of 20 real stems and mixes were within 6 dB of these on average."""
    real = np.array([-7, -9, -9, -8, -9, -13, -17, -20, -25])
    levels = [octave_levels(sum(make_song(5, s, 6.0).values())) for s in ("rock", "latin", "pop", "ballad")]
    assert np.abs(np.mean(levels, axis=0) - real).max() < 6
    assert np.min(levels, axis=0)[-1] > -45  # something above 12 kHz in each


def test_same_seed_same_samples():
    first, second = (make_song(11, "funk", 1.5) for _ in range(2))
    other = make_song(12, "funk", 1.5)
    for name in STEMS:
        np.testing.assert_array_equal(first[name], second[name])
        assert np.abs(first[name] - other[name]).max() > 0.01


def test_style_is_drawn_from_the_seed_and_errors_name_the_value():
    np.testing.assert_array_equal(make_song(4, None, 1.0)["other"], make_song(4, None, 1.0)["other"])
    with pytest.raises(InputError, match="'polka' is unknown; known: rock"):
        make_song(1, "polka")
    with pytest.raises(InputError, match=r"0.5 s"):
        make_song(1, "rock", 0.5)
    with pytest.raises(InputError, match="Kazoo"):
        make_chamber(1, instruments=("Kazoo", "Violin"))


def test_other_sample_rate():
    stems = make_song(2, "jazz", 2.0, 32000)
    assert stems["drums"].shape == (64000, 2)
    assert -20.5 < loudness(sum(stems.values()), 32000) < -15.5


@pytest.mark.parametrize("sample_rate", [32000, 44100, 48000])
def test_loudness_agrees_with_pyloudnorm(sample_rate):
    rng = np.random.default_rng(0)
    steps = np.repeat(10 ** rng.uniform(-2.5, 0, 12), sample_rate // 2)
    signal = steps[:, None] * rng.standard_normal((len(steps), 2)) * 0.2
    expected = pyloudnorm.Meter(sample_rate).integrated_loudness(signal)
    # pyloudnorm's shelf approximates the standard's; on white noise that is up to 0.07 LU
    assert loudness(signal, sample_rate) == pytest.approx(expected, abs=0.1)
    sine = np.sin(2 * np.pi * 997 * np.arange(3 * sample_rate) / sample_rate)
    assert loudness(sine[:, None], sample_rate) == pytest.approx(-3.01, abs=0.02)  # BS.1770's own check
    assert loudness(np.zeros((sample_rate, 2)), sample_rate) == -np.inf


@pytest.mark.parametrize("frequency", [82.41, 246.94, 987.77])
def test_pluck_is_in_tune(frequency):
    string = pluck(frequency, 1.5, RATE, decay=3.0, rng=np.random.default_rng(1))
    cents = 1200 * np.log2(fundamental(string, frequency) / frequency)
    assert abs(cents) < 2


def test_pluck_obeys_the_karplus_strong_recursion():
    """Without loop filter, y[n] = x[n] + g y[n - N]: after the excitation nothing else drives it."""
    period, decay = 100, 2.0
    string = pluck(RATE / period, 1.0, RATE, decay=decay, damping=0.0, rng=np.random.default_rng(2))
    g = np.exp(-6.91 / (decay * RATE / period))
    residual = string[period:] - g * string[:-period]
    quiet = slice(8 * period, len(residual) - 1000)
    assert np.abs(residual[quiet]).max() < 1e-5 * np.abs(string).max()
    level = [np.sqrt(np.mean(string[a : a + 4410] ** 2)) for a in (4410, 30870)]
    assert 20 * np.log10(level[0] / level[1]) == pytest.approx(60 * 0.6 / decay, abs=1.0)


def test_stiff_string_has_stretched_partials():
    b, f0 = 4e-4, 110.0
    string = pluck(f0, 1.5, RATE, decay=4.0, damping=0.1, stiffness=b, rng=np.random.default_rng(3))
    for k in (4, 8, 12):
        expected = k * f0 * np.sqrt(1 + b * k**2)
        assert fundamental(string, expected) == pytest.approx(expected, rel=1e-3)


def test_wavetable_does_not_alias():
    f0 = 1234.5
    wave = oscillate(wavetable(harmonics(f0, RATE)), f0 * np.arange(RATE) / RATE)
    spectrum = np.abs(np.fft.rfft(wave * np.blackman(RATE)))
    distance = np.abs((np.arange(len(spectrum)) + f0 / 2) % f0 - f0 / 2)
    assert spectrum[distance > 10].max() < 1e-3 * spectrum.max()


def test_moving_filter_at_gain_one_changes_nothing():
    noise = np.random.default_rng(4).standard_normal(10_001)
    out = moving_filter(noise, np.ones((-(-len(noise) // 256) + 4, 513)))
    np.testing.assert_allclose(out, noise, atol=1e-9)


def test_limit_gain_keeps_the_ceiling():
    signal = np.random.default_rng(5).standard_normal((RATE, 2))
    assert np.abs(signal * limit_gain(signal, RATE, 0.7)[:, None]).max() <= 0.7 + 1e-9


def test_pan_keeps_power_and_side():
    out = pan(np.ones(3), -0.6)
    assert out[0, 0] > out[0, 1]
    np.testing.assert_allclose((out**2).sum(1), 1)


@pytest.mark.parametrize("style", ["rock", "jazz", "waltz", "funk"])
def test_lines_stay_in_key_and_time(style):
    rng = np.random.default_rng(6)
    plan = make_plan(STYLES[style], 20.0, rng)
    tones = {(plan.key + s) % 12 for s in plan.scale}
    notes = melody(plan, 55, 72, rng)
    assert {int(n.pitch) % 12 for n in notes} <= tones
    assert len({n.pitch for n in notes}) >= 4
    first_beats = [n for n in bass_figure(STYLES[style].bass[0])(plan, 36, rng) if n.duration > 0]
    assert min(n.start for n in first_beats) < 1.5 * plan.style.steps * plan.step
    times = [plan.time(0, s) for s in range(plan.style.steps + 1)]
    assert (np.diff(times) > 0).all()
    assert times[-1] == pytest.approx(plan.style.steps * plan.step)
    if style == "jazz":
        assert times[2] > 2 * plan.step  # the off-beat comes late


@pytest.mark.parametrize("name", INSTRUMENTS)
def test_instruments_play_the_written_pitch(name):
    line = LINES[name.lower()]
    pitch = (line.low + line.high) // 2
    tone = play_line([Note(0.0, 2.0, pitch, 0.9)], name.lower(), 2.0, RATE, np.random.default_rng(7))
    assert abs(1200 * np.log2(fundamental(tone[RATE // 4 :], hertz(pitch)) / hertz(pitch))) < 25
    assert np.sqrt(np.mean(tone[: RATE // 200] ** 2)) < 0.3 * np.sqrt(np.mean(tone**2))  # a soft attack


def test_clarinet_has_weak_even_partials_and_oboe_does_not():
    def even_to_odd(name: str) -> float:
        tone = play_line([Note(0.0, 2.0, 57, 0.9)], name, 2.0, RATE, np.random.default_rng(8))
        spectrum = np.abs(np.fft.rfft(tone * np.hanning(len(tone))))
        k = [spectrum[int(2 * 220 * n) - 40 : int(2 * 220 * n) + 40].max() for n in (1, 2, 3, 4, 5)]
        return (k[1] + k[3]) / (k[0] + k[2] + k[4])

    assert even_to_odd("clarinet") < 0.4 * even_to_odd("oboe")


def test_chamber_numbers_repeated_instruments():
    piece = make_chamber(1, instruments=("Violin", "Violin"), duration=2.0)
    assert list(piece) == ["Violin_1", "Violin_2"]
    assert loudness(sum(piece.values()), RATE) == pytest.approx(-23, abs=0.3)
    assert np.abs(piece["Violin_1"] - piece["Violin_2"]).max() > 0.02
    assert len(make_chamber(2, n_voices=3, duration=1.0)) == 3
