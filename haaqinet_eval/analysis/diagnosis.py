"""What is wrong with a signal, as far as it can be measured against its reference.

`diagnose` compares what one ear hears with its reference and names what differs: first what makes the rest
worthless (time, loudness, amplification), then what panels of listeners found to matter for music: clarity
(noise, other sounds), distortion (clipping, gaps, artefacts) and balance (stems, bands).

What a filter that stays the same makes of reference and mixture is told apart from the rest of the output by
two-input spectra (Bendat and Piersol, "Random Data", 4th edition, chapter 7). The rest is noise if it sounds
while the music pauses, too, and an artefact if it comes and goes with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from ..audiogram import Audiogram
from ..errors import Unscorable
from ..nalr import NALR_FREQUENCIES, NalR, nalr_gains, thresholds_at
from ..trials import Stimulus

WINDOW = 2048  # samples of a frame
CENTRES = 125.0 * 2.0 ** np.arange(8)  # Hz, of the octave bands, as far as the sample rate goes
FAR = 60.0  # dB below the loudest: what is not looked at
SHORTEST = 0.5  # s

# from where on a measure is told
DELAY_MS = 20.0
LOUDNESS_LU = 2.0
BAND_DB = 3.0
AMPLIFICATION = 0.4  # share of the prescribed gain
EXPLAINED = 0.6  # share of the bands' differences
BALANCE = 0.15  # share of the way from the mixture to the reference
CLIPPED = 0.0005  # share of samples
SILENT_S = 0.2
RESIDUAL_DB = -25.0  # against what the filter explains
FOLLOWS = 0.5  # correlation of levels with the music's
DYNAMICS = 0.15  # dB by which a level changes less per dB


@dataclass(frozen=True)
class Finding:
    """One thing that differs from the reference; `size` is 1 where it begins to be told."""

    aspect: str  # time, loudness, amplification, clarity, distortion or balance
    text: str
    size: float


@dataclass(frozen=True)
class Diagnosis:
    """Findings, the gravest first, and the measures that they were read from, by name and unit."""

    findings: tuple[Finding, ...]
    measures: Mapping[str, float]

    @property
    def text(self) -> str:
        """The findings in one line.

        >>> Diagnosis((Finding("time", "30 ms late", 1.5),), {"delay_ms": 30.0}).text
        '30 ms late'
        """
        return "; ".join(finding.text for finding in self.findings) or "nothing that can be measured"


def diagnose(stimulus: Stimulus, other_ear: Audiogram | None = None) -> Diagnosis:
    """What differs between a signal and its reference at one ear.

    Args:
        stimulus: with a reference at the rate of `processed`; with the mixture, the balance of stems is told.
        other_ear: of the listener, to tell whether its amplification was given to the wrong ear.

    Raises:
        Unscorable: without a reference, for less than 0.5 s, and where one of the signals is silent.
    """
    rate = float(stimulus.sample_rate)
    processed, sources = _signals(stimulus, rate)
    lag, inverted = _lag(processed, sources[0], int(rate))
    if lag > 0:
        processed, sources = processed[lag:], [signal[: len(signal) - lag] for signal in sources]
    elif lag:
        processed, sources = processed[:lag], [signal[-lag:] for signal in sources]
    output, heard = _spectra(processed), np.stack([_spectra(signal) for signal in sources])
    measures: dict[str, float] = {}
    gaps = _gaps(output, heard[0])
    silent = (gaps.sum() + np.sum(np.diff(gaps, prepend=False) & gaps)) * WINDOW / 2 / rate
    whole = ~np.convolve(gaps, np.ones(3), "same").astype(bool)  # without what a gap begins or ends in
    output, heard = output[whole], heard[:, whole]
    bands, steady = _Bands(rate), _steady(output, heard)
    findings = [
        *_timing(1000 * lag / rate, inverted, measures),
        *_loudness(processed, sources[0], rate, measures),
        *_clipping(processed, measures),
        *_silence(float(silent), measures),
        *_levels(steady, heard[0], bands, stimulus.audiogram, other_ear, measures),
        *_dynamics(output, steady, bands, measures),
        *_balance(output, heard, bands, measures),
        *_residual(output, steady, heard[0], bands, measures),
    ]
    told = sorted((f for f in findings if f.size >= 1), key=lambda finding: -finding.size)
    return Diagnosis(tuple(told), measures)


class _Bands:
    """Octave bands below half the sample rate: centres (Hz), and the bins of each."""

    def __init__(self, rate: float) -> None:
        hz = np.fft.rfftfreq(WINDOW, 1 / rate)
        self.centres = CENTRES[CENTRES * np.sqrt(2) <= rate / 2]
        self.bins = [(hz >= c / np.sqrt(2)) & (hz < c * np.sqrt(2)) for c in self.centres]

    def powers(self, spectra: np.ndarray) -> np.ndarray:
        """[L, F] -> [B, L]."""
        power = np.abs(spectra) ** 2
        return np.array([power[:, bins].sum(1) for bins in self.bins])

    def follow(self, sound: np.ndarray, output: np.ndarray) -> np.ndarray:
        """A sound [L, F] at the levels that it has in an output, by least squares in each band and frame."""
        made = sound.copy()
        for bins in self.bins:
            own = sound[:, bins]
            like = (own.conj() * output[:, bins]).real.sum(1) / np.maximum((np.abs(own) ** 2).sum(1), 1e-30)
            made[:, bins] *= like[:, None]
        return made


def _signals(stimulus: Stimulus, rate: float) -> tuple[np.ndarray, list[np.ndarray]]:
    """The processed signal; reference and, where there is one, mixture, amplified: all of one length [T]."""
    if stimulus.reference is None:
        raise Unscorable("needs_reference", "a diagnosis compares with the reference; there is none")
    given = [stimulus.reference]
    if stimulus.mixture is not None:
        given.append(stimulus.mixture() if callable(stimulus.mixture) else stimulus.mixture)
    sources = [np.asarray(signal, dtype=float) for signal in given]
    if not stimulus.amplified:
        nalr = NalR(220, rate)
        sources = [nalr.amplify(stimulus.audiogram, signal) for signal in sources]
    processed = np.asarray(stimulus.processed, dtype=float)
    for name, signal in zip(("processed", "reference", "mixture"), (processed, *sources), strict=False):
        if not np.isfinite(signal).all():
            raise Unscorable(
                "not_finite", f"{name} sample {int(np.argmin(np.isfinite(signal)))} is no number"
            )
    longest, length = (choose(map(len, (processed, *sources))) for choose in (max, min))
    if stimulus.reference_sample_rate not in (None, stimulus.sample_rate) or longest - length > longest / 10:
        rates = f"at {stimulus.reference_sample_rate or stimulus.sample_rate:g} and {rate:g} Hz"
        told = f"reference and processed signal have {len(sources[0])} and {len(processed)} samples {rates}"
        raise Unscorable("length_mismatch", told)
    if length < SHORTEST * rate:
        told = f"{length / rate:.3g} s are too short to diagnose; {SHORTEST} s are needed"
        raise Unscorable("too_short", told)
    if not np.any(sources[0][:length]):
        raise Unscorable("silent_reference", "every sample of the reference is 0")
    if not np.any(processed[:length]):
        raise Unscorable("silent", "every sample of the processed signal is 0")
    return processed[:length], [signal[:length] for signal in sources]


def _lag(processed: np.ndarray, reference: np.ndarray, most: int) -> tuple[int, bool]:
    """Samples by which the processed signal is late, at most `most`, and whether its sign is turned.

    It is where the magnitude of the correlation is largest.
    """
    from scipy.signal import correlate

    most = min(most, len(reference) // 4)
    middle = len(reference) - 1
    near = correlate(processed, reference, method="fft")[middle - most : middle + most + 1]
    place = int(np.abs(near).argmax())
    return place - most, bool(near[place] < 0)


def _spectra(signal: np.ndarray) -> np.ndarray:
    """[T] -> [L, F]: Hann windows that overlap by half."""
    padded = np.pad(signal, (0, WINDOW))
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[:: WINDOW // 2]
    return np.fft.rfft(frames * np.hanning(WINDOW), axis=1)


def _db(power: np.ndarray | float) -> np.ndarray:
    return 10 * np.log10(np.maximum(power, 1e-30))


def _timing(ms: float, inverted: bool, measures: dict) -> Iterator[Finding]:
    measures["delay_ms"] = ms
    yield Finding("time", "polarity inverted", float(inverted))
    yield Finding("time", f"{abs(ms):.0f} ms {'late' if ms > 0 else 'early'}", abs(ms) / DELAY_MS)


def _loudness(processed: np.ndarray, reference: np.ndarray, rate: float, measures: dict) -> Iterator[Finding]:
    """Integrated loudness against the reference's (ITU-R BS.1770)."""
    import pyloudnorm

    meter, peaks = pyloudnorm.Meter(rate), [np.abs(signal).max() for signal in (processed, reference)]
    lufs = [  # with a peak of 1, since the gate is at a fixed level
        meter.integrated_loudness(signal / peak) + 20 * np.log10(peak)
        for signal, peak in zip((processed, reference), peaks, strict=True)
    ]
    more = measures["loudness_lu"] = float(lufs[0] - lufs[1])
    if np.isfinite(more):
        text = f"{abs(more):.1f} LU too {'loud' if more > 0 else 'soft'}"
        yield Finding("loudness", text, abs(more) / LOUDNESS_LU)


def _clipping(processed: np.ndarray, measures: dict) -> Iterator[Finding]:
    """Samples at the largest magnitude that have an equal neighbour."""
    top = np.abs(processed) >= np.abs(processed).max() * (1 - 1e-4)
    flat = top & (np.r_[False, top[:-1]] | np.r_[top[1:], False])
    share = measures["clipped"] = float(flat.mean())
    yield Finding("distortion", f"clipped ({share:.2%} of samples)", share / CLIPPED)


def _gaps(output: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Frames [L] in which nothing sounds although the reference does."""
    own, true = (_db((np.abs(spectra) ** 2).sum(1)) for spectra in (output, reference))
    return (true > true.max() - FAR / 2) & (own < own.max() - FAR)


def _silence(seconds: float, measures: dict) -> Iterator[Finding]:
    measures["silent_s"] = seconds
    yield Finding("distortion", f"silent for {seconds:.1f} s", seconds / SILENT_S)


def _levels(
    steady: np.ndarray,
    reference: np.ndarray,
    bands: _Bands,
    ear: Audiogram,
    other: Audiogram | None,
    measures: dict,
) -> Iterator[Finding]:
    """Octave levels against the reference's: another amplification than prescribed, then what is left."""
    own, true = (_db(bands.powers(spectra).mean(1)) for spectra in (steady, reference))
    used = true > true.max() - FAR
    if used.sum() < 3:
        return
    centres, more = bands.centres[used], (own - true)[used]
    gains = _gains_at(ear, centres)
    models = []  # text, differences [B], size
    if np.ptp(gains) > BAND_DB:
        missing = measures["missing_amplification"] = -float(np.polyfit(gains, more, 1)[0])
        text = f"{min(missing, 1):.0%} of the ear's NAL-R amplification is missing"
        models.append((text, -missing * gains, missing / AMPLIFICATION))
    if other is not None:
        swapped = _gains_at(other, centres) - gains
        if np.ptp(swapped) > BAND_DB and 0.6 < np.polyfit(swapped, more, 1)[0] < 1.5:
            models.append(("amplified for the other ear", swapped, np.ptp(swapped) / BAND_DB))
    rest = more - np.median(more)
    explained = [1 - np.var(more - model) / max(np.var(more), 1e-12) for _, model, _ in models]
    left = [np.abs(more - model - (more - model).mean()).max() for _, model, _ in models]
    likely = [
        i
        for i, model in enumerate(models)
        if model[2] >= 1 and explained[i] >= EXPLAINED and left[i] < 2 * BAND_DB
    ]
    if likely and np.ptp(more) > BAND_DB:
        text, model, size = models[max(likely, key=explained.__getitem__)]
        yield Finding("amplification", text, size)
        rest = more - model - np.median(more - model)
    measures["band_db"] = float(np.abs(rest).max())
    parts = [f"{_hz(c)} {d:+.0f} dB" for c, d in zip(centres, rest, strict=True) if abs(d) >= BAND_DB]
    yield Finding("balance", f"bands off: {', '.join(parts)}", measures["band_db"] / BAND_DB)


def _dynamics(output: np.ndarray, steady: np.ndarray, bands: _Bands, measures: dict) -> Iterator[Finding]:
    """By how much less a band's level changes than after a filter that stays the same, in its louder half."""
    less = []
    for own, true in zip(_db(bands.powers(output)), _db(bands.powers(steady)), strict=True):
        loud = true > max(np.median(true), true.max() - FAR / 2)
        if loud.sum() >= 8 and np.ptp(true[loud]) > BAND_DB:
            slope, level = np.polyfit(true[loud], own[loud] - true[loud], 1)
            off = (own - true)[loud] - slope * true[loud] - level
            less.append(-slope if off.std() < 2 * BAND_DB else 0.0)
    if less:
        found = measures["dynamics_db_per_db"] = float(np.median(less))
        yield Finding("distortion", f"dynamics compressed by {found:.0%}", found / DYNAMICS)


def _balance(output: np.ndarray, sources: np.ndarray, bands: _Bands, measures: dict) -> Iterator[Finding]:
    """How far the output has come from the mixture to the target; nothing where the two are alike.

    In each band the output is fitted by real multiples of reference and mixture.
    """
    if len(sources) < 2:
        return
    way = weight = 0.0
    for bins in bands.bins:
        x, y = sources[:, :, bins].reshape(2, -1), output[:, bins].ravel()
        cross = (x.conj() @ x.T).real
        alike = cross[0, 1] ** 2 / max(cross[0, 0] * cross[1, 1], 1e-30)
        if not 0 < alike < 0.999:
            continue
        target, mixture = np.linalg.solve(cross, (x.conj() @ y).real)
        if target + mixture > 0:
            unlike = (1 - alike) * (np.abs(y) ** 2).sum()
            way, weight = way + unlike * target / (target + mixture), weight + unlike
    if weight:
        share = measures["way_to_target"] = float(way / weight)
        text = f"stems' gains {max(share, 0):.0%} of the way from the mixture to the target"
        yield Finding(
            "balance", text if share > -0.05 else "stems' gains the wrong way", abs(1 - share) / BALANCE
        )


def _residual(
    output: np.ndarray, steady: np.ndarray, reference: np.ndarray, bands: _Bands, measures: dict
) -> Iterator[Finding]:
    """What a filter that stays the same cannot explain of the output, and of which kind it is."""
    followed = bands.follow(steady, output)
    explained, error, less, clean = (
        bands.powers(part) for part in (steady, output - steady, output - followed, reference)
    )
    if less.sum() < error.sum() / 2:  # most of it is the same sound at levels that change
        moved = measures["moving_levels_db"] = float(_db(error.sum()) - _db(explained.sum()))
        if measures.get("dynamics_db_per_db", 0.0) < DYNAMICS:
            yield Finding("distortion", "levels move against the music's", 1 + (moved - RESIDUAL_DB) / 5)
        error = less
    ratio = measures["residual_db"] = float(_db(error.sum()) - _db(explained.sum()))
    follows = np.zeros(len(clean))
    for band, (music, rest) in enumerate(zip(clean, error, strict=True)):
        sounds = music > music.max() * 10 ** (-FAR / 10)
        if sounds.sum() >= 8 and rest[sounds].std() > 0 and music[sounds].std() > 0:
            follows[band] = np.corrcoef(_db(music[sounds]), _db(rest[sounds]))[0, 1]
    together = measures["residual_follows"] = float(np.average(follows, weights=error.sum(1) + 1e-30))
    where = "below" if ratio <= 0 else "above"
    what = ("distortion", "artefacts") if together >= FOLLOWS else ("clarity", "noise or other sounds")
    yield Finding(what[0], f"{what[1]}, {abs(ratio):.0f} dB {where} the music", 1 + (ratio - RESIDUAL_DB) / 5)


def _steady(output: np.ndarray, sources: np.ndarray) -> np.ndarray:
    """The part of an output [L, F] that filters of sources [S, L, F] explain: least squares in each bin."""
    cross = np.einsum("slf,tlf->fst", sources.conj(), sources)
    target = np.einsum("slf,lf->fs", sources.conj(), output)
    trace = np.trace(cross, axis1=1, axis2=2).real[:, None, None]
    filters = np.linalg.solve(cross + (1e-6 * trace + 1e-30) * np.eye(len(sources)), target[..., None])[
        ..., 0
    ]
    return np.einsum("slf,fs->lf", sources, filters)


def _gains_at(ear: Audiogram, centres: np.ndarray) -> np.ndarray:
    """NAL-R's gains (dB) for an ear at some frequencies (Hz)."""
    return np.interp(centres, NALR_FREQUENCIES, nalr_gains(thresholds_at(ear, NALR_FREQUENCIES)))


def _hz(centre: float) -> str:
    return f"{centre / 1000:g} kHz" if centre >= 1000 else f"{centre:g} Hz"
