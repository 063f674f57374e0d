"""What users rely on beside accuracy: frame scores show where it is bad, levels count as in HAAQI, and
what is not music is said to be unfamiliar.

    python benchmarks/haaqinet_behaviour.py [--music FOLDER] [--sounds FOLDER] [--split test] [--songs 8]

Without a folder of clips (with index.csv) the music is made up, from seeds that training never draws.
A folder of sounds that are not music has an index.csv with columns path and kind.
"""

from __future__ import annotations

import argparse
import itertools
from pathlib import Path

import numpy as np

from haaqinet_eval import Audiogram, Stimulus, load_scorer
from haaqinet_eval.analysis.agreement import agreement
from haaqinet_eval.audio import read_audio, resample
from haaqinet_eval.haaqi import Reference
from haaqinet_eval.nalr import NalR
from haaqinet_eval.scorers import Scorer
from haaqinet_eval.synthesis import hearing_losses
from haaqinet_eval.synthesis.clips import read_rows
from haaqinet_eval.synthesis.conditions import CONDITIONS
from haaqinet_eval.synthesis.degradations import babble_noise
from haaqinet_eval.synthesis.render import NFIR, SAMPLE_RATE
from haaqinet_eval.tuning.tasks import Song, make_songs

SECONDS, BAD = 9.0, (4.0, 5.0)  # s: of a clip, and from where to where it has babble
AWAY = 1.0  # s: frames nearer to the babble than this count neither as bad nor as good
SNRS = (10, 0, -10)  # dB, babble to the clip's RMS
DROP, RETURN = 0.2, 0.1  # a fall that counts; how near the frames after it must come to those before
FAMILIES = ("flat", "sloping", "high_frequency")
NUMBER = {"validation": 8, "test": 9}  # hearing-loss patterns that training never draws
LEVELS = tuple(range(50, 85, 5))  # dB SPL of RMS 1
SYSTEMS = ("clean", "babble-2", "clipping-2", "lowpass-2", "tilt_down-2", "unamplified")


def localise(scorer: Scorer, songs: list[Song], split: str) -> None:
    """Frame scores before, in and after a second of babble."""
    nalr = NalR(NFIR, SAMPLE_RATE)
    print(f"\nOne second of babble at {BAD[0]:g} s of {SECONDS:g} s: means of frame scores\n")
    print("| SNR (dB) | clips | before | in it | after | fall | falls by 0.2 | and comes back |")
    print("| ---: " * 8 + "|")
    for snr in SNRS:
        rows = []
        for n, (song, family) in enumerate(itertools.product(songs, FAMILIES)):
            rng, ear = np.random.default_rng(n), hearing_losses.pattern(family, NUMBER[split])
            signal = song.parts.sum(0)
            part = slice(*(round(t * SAMPLE_RATE) for t in BAD))
            noise = babble_noise(part.stop - part.start, SAMPLE_RATE, rng)
            signal[part] += 10 ** (-snr / 20) * noise / np.std(noise)
            result = scorer(Stimulus(nalr.amplify(ear, signal), SAMPLE_RATE, ear))
            times, frames = result.frame_times, result.frames
            inside = (times > BAD[0] + 0.1) & (times < BAD[1] - 0.1)
            rows.append([frames[m].mean() for m in (times < BAD[0] - AWAY, inside, times > BAD[1] + AWAY)])
        before, bad, after = np.array(rows).T
        fall = np.minimum(before, after) - bad
        back = (fall >= DROP) & (np.abs(after - before) <= RETURN)
        means = (f"{x.mean():.3f}" for x in (before, bad, after, fall))
        print(
            f"| {snr} | {len(rows)} | {' | '.join(means)} | {(fall >= DROP).mean():.0%} | {back.mean():.0%} |"
        )


def score_levels(scorer: Scorer, song: Song, ear: Audiogram, seed: int) -> np.ndarray:
    """Predicted and true score of each system at each level, [systems, levels, 2]."""
    nalr = NalR(NFIR, SAMPLE_RATE)
    clean = song.parts.sum(0)[: round(6 * SAMPLE_RATE)]
    table = np.empty((len(SYSTEMS), len(LEVELS), 2))
    signals = []
    for name in SYSTEMS:
        rng = np.random.default_rng(seed)
        signal = CONDITIONS[name].process(clean, SAMPLE_RATE, rng)
        signals.append(signal if CONDITIONS[name].fitting == "none" else nalr.amplify(ear, signal))
    for j, level1 in enumerate(LEVELS):
        reference = Reference(nalr.amplify(ear, clean), SAMPLE_RATE, ear, equalisation=2, level1=level1)
        for i, signal in enumerate(signals):
            predicted = scorer(Stimulus(signal, SAMPLE_RATE, ear, level1)).value
            table[i, j] = predicted, reference.score(signal, SAMPLE_RATE).value
    return table


def follow_levels(scorer: Scorer, songs: list[Song], split: str) -> None:
    """Predicted against true scores from 50 to 80 dB SPL."""
    ears = [hearing_losses.pattern(family, NUMBER[split]) for family in FAMILIES]
    pairs = enumerate(itertools.product(songs, ears))
    table = np.array([score_levels(scorer, song, ear, n) for n, (song, ear) in pairs])
    predicted, true = table[..., 0], table[..., 1]  # [ears, systems, levels]
    print(f"\nLevels: {len(table)} ears, systems {', '.join(SYSTEMS)}\n")
    print("| dB SPL | true | predicted | LCC | mean error | mean absolute error |\n" + "| ---: " * 6 + "|")
    for j, level in enumerate(LEVELS):
        a = agreement(predicted[..., j].ravel(), true[..., j].ravel())
        means = true[..., j].mean(), predicted[..., j].mean(), a.lcc, a.bias
        error = np.abs(predicted[..., j] - true[..., j]).mean()
        print(f"| {level} | " + " | ".join(f"{x:.3f}" for x in (*means, error)) + " |")
    print("\nChange of the score from 50 to 80 dB SPL, mean per system\n")
    print("| system | true | predicted | LCC of the changes |\n| --- | ---: | ---: | ---: |")
    for i, name in enumerate(SYSTEMS):
        x, y = (side[:, i] - side[:, i].mean(-1, keepdims=True) for side in (predicted, true))
        lcc = agreement(x.ravel(), y.ravel()).lcc
        change = [(side[:, i, -1] - side[:, i, 0]).mean() for side in (true, predicted)]
        print(f"| {name} | {change[0]:+.3f} | {change[1]:+.3f} | {lcc:.2f} |")
    x, y = (side - side.mean(-1, keepdims=True) for side in (predicted, true))
    print(f"\nLCC of all changes with level: {agreement(x.ravel(), y.ravel()).lcc:.3f}")


def strange_sounds(folder: str | None) -> dict[str, list[np.ndarray]]:
    """Sounds [T] that are not music, by kind: noises, synthetic talkers, and recordings."""
    rng, length = np.random.default_rng(4), round(6 * SAMPLE_RATE)
    found = {
        "white noise": [rng.standard_normal(length) for _ in range(3)],
        "synthetic babble": [babble_noise(length, SAMPLE_RATE, rng) for _ in range(3)],
    }
    for row in read_rows(Path(folder) / "index.csv", ("path", "kind")) if folder else []:
        audio = read_audio(Path(folder) / row["path"])
        sound = resample(audio.samples.mean(1), audio.sample_rate, SAMPLE_RATE)
        found.setdefault(row["kind"], []).append(np.resize(sound, length))
    return found


def flag(scorer: Scorer, songs: list[Song], folder: str | None, split: str) -> None:
    """How often sounds are called unfamiliar, and how wide their intervals are."""
    nalr = NalR(NFIR, SAMPLE_RATE)
    ears = [hearing_losses.pattern(family, NUMBER[split]) for family in FAMILIES]
    sounds = {"music": [song.parts.sum(0)[: round(6 * SAMPLE_RATE)] for song in songs]}
    print("\nSounds as they are, amplified for three ears\n")
    print("| sound | n | called unfamiliar | width of the interval | score |\n| --- " + "| ---: " * 4 + "|")
    for kind, some in (sounds | strange_sounds(folder)).items():
        rows = []
        for sound, ear in itertools.product(some, ears):
            result = scorer(Stimulus(nalr.amplify(ear, sound / np.std(sound)), SAMPLE_RATE, ear))
            rows.append((result.unfamiliar, result.interval[1] - result.interval[0], result.value))
        often, width, score = np.mean(rows, 0)
        print(f"| {kind} | {len(rows)} | {often:.0%} | {width:.2f} | {score:.2f} |")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--music", help="folder of clips with index.csv; default: procedural songs")
    parser.add_argument("--sounds", help="folder of sounds that are not music, with index.csv")
    parser.add_argument("--split", default="test", choices=NUMBER)
    parser.add_argument("--songs", type=int, default=8)
    options = parser.parse_args()
    songs = make_songs(options.music, "index.csv", options.split, options.songs, SECONDS)
    scorer = load_scorer("haaqinet")
    print(f"{scorer.version}, {len(songs)} songs, {'clips' if options.music else 'made up'}, {options.split}")
    localise(scorer, songs, options.split)
    follow_levels(scorer, songs, options.split)
    flag(scorer, songs, options.sounds, options.split)


if __name__ == "__main__":
    main()
