"""Stores to look at the leaderboard with: empty, of invented rows, or with failures only.

    python tests/board_store.py example.sqlite

Every team is called "example": no figure in here was measured.
"""

from __future__ import annotations

import io
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import soundfile

from haaqinet_eval.audiogram import Audiogram, Listener
from haaqinet_eval.scores import Score
from haaqinet_eval.store import (
    Store,
    StoredScores,
    System,
    claim,
    end_run,
    expected_trials,
    fail,
    finish,
    import_scores,
    load_published,
    open_store,
    refresh,
    register_challenge,
    start_run,
    submit,
)
from haaqinet_eval.trials import Trial

CHALLENGE, SPLIT = "cad_icassp_2024", "example"
SCORERS = (("haaqi", "example-1"), ("haaqinet", "example-2"))
FRAMED = ("S00001", "S00002")  # scenes whose predicted scores have frames
FRAMES, RATE = 40, 32_000  # frames of a signal; Hz
NASTY = "example <b>$x$</b> [a](http://b.example) *c* | `d` :red[e]"
GENRES = {"Artist A - One": "jazz", "Artist B - Two": "rock", "Artist C - Three": "electronic"}
LISTENERS = {
    id: Listener(id, Audiogram(tuple(map(float, left))), Audiogram(tuple(map(float, right))))
    for id, left, right in [
        ("L9001", (10, 10, 10, 15, 20, 25, 25, 30), (5, 10, 10, 15, 15, 20, 30, 35)),
        ("L9002", (15, 20, 25, 35, 45, 50, 55, 60), (20, 20, 30, 40, 45, 55, 60, 65)),
        ("L9003", (30, 35, 45, 55, 60, 60, 70, 75), (45, 50, 60, 65, 70, 75, 80, 85)),
        ("L9004", (60, 65, 70, 75, 80, 85, 90, 90), (55, 60, 65, 70, 75, 80, 85, 90)),
    ]
}
# name, mean of its scores, and what it says about itself
SYSTEMS = (
    ("ideal", 0.92, {"reference": "ideal", "causal": False}),
    ("passthrough", 0.55, {"reference": "passthrough", "causal": True}),
    ("separate", 0.71, {"causal": False, "augmented": True, "model_size": 83_600_000}),
    ("stream", 0.69, {"causal": True, "augmented": False, "model_size": 1_200_000}),
    (NASTY, 0.40, {"note": "its name is hard to show"}),
)


def make_trials() -> list[Trial]:
    """Six scenes for each of four listeners, both ears."""
    return [
        Trial(CHALLENGE, "", f"S{scene:05}", list(GENRES)[scene % 3], listener, ear)
        for scene in range(1, 7)
        for listener in LISTENERS
        for ear in ("left", "right")
    ]


def make_rows(system: str, level: float, trials: list[Trial], lost: int = 0) -> list[Score]:
    """Invented scores of both scorers; the first `lost` trials failed.

    The predicted ones have intervals and frames, and some are of unfamiliar sound, but for those of
    the system "half", which an earlier version made.
    """
    rng = np.random.default_rng([ord(c) for c in system])
    people = list(LISTENERS)
    rows = []
    for i, t in enumerate(trials):
        true = level - 0.04 * people.index(t.listener) + 0.02 * (int(t.scene[1:]) - 3)
        true = float(np.clip(true + rng.normal(0, 0.02), 0, 1))
        guess = float(np.clip(0.3 + 0.6 * true + rng.normal(0, 0.04), 0, 1))
        parts = {"mel_cepstral_high": true**0.5, "bm_sync5": true, "d_loud": 0.9, "d_norm": 0.8}
        for (scorer, version), value, seconds in zip(SCORERS, (true, guess), (1.5, 0.05), strict=True):
            trial = (replace(t, system=system), scorer, version)
            if i < lost:
                rows.append(Score(*trial, None, {}, 0.0, "silent_file", "all samples are zero"))
            else:
                rows.append(Score(*trial, value, parts, seconds))
                if scorer == "haaqinet" and system != "half":
                    rows[-1] = with_doubt(rows[-1], i)
    return rows


def with_doubt(row: Score, number: int) -> Score:
    """A predicted score with an interval, a flag, and frames in the first two scenes."""
    width = 0.08 + 0.02 * (number % 5)
    unfamiliar = number % (2 if row.trial.system == NASTY else 16) == 0
    row = replace(
        row,
        low=max(0.0, row.score - width),
        high=min(1.0, row.score + width),
        unfamiliar=unfamiliar,
    )
    if row.trial.scene not in FRAMED:
        return row
    times = 0.064 + 0.128 * np.arange(FRAMES)
    wave = 0.1 * np.sin(times * (3 if row.trial.ear == "left" else 4) + number)
    return replace(row, frames=(np.clip(row.score + wave - wave.mean(), 0, 1), times))


def write_signals(path: Path) -> Path:
    """A zip with what the system "stream" made of the first scene: a sound that differs by listener."""
    t = np.arange(round(FRAMES * 0.128 * RATE)) / RATE
    with zipfile.ZipFile(path, "w") as archive:
        for number, listener in enumerate(LISTENERS):
            pulse = np.exp(-5 * np.mod(2 * t, 1))
            tones = sum(np.sin(2 * np.pi * (110 + 20 * number) * k * t) / k for k in range(1, 40))
            ears = 0.2 * np.stack([tones * pulse, 0.5 * tones * pulse[::-1]], axis=1)
            buffer = io.BytesIO()
            soundfile.write(buffer, ears, RATE, format="FLAC", subtype="PCM_16")
            archive.writestr(f"{FRAMED[0]}_{listener}_remix.flac", buffer.getvalue())
    return path


def enter(store: Store, system: System, rows: list[Score], reason: str = "", path: Path | None = None) -> int:
    """Submit a system and score it, or fail for a reason; gives the submission."""
    names = [name for name, _ in SCORERS]
    facts = {"path": str(path), "size": path.stat().st_size} if path else {}
    sha256 = f"{system.team}/{system.name}"
    entry, _ = submit(store, CHALLENGE, system, sha256=sha256, scorers=names, split=SPLIT, **facts)
    held = claim(store, "example worker", id=entry.id)
    if reason:
        fail(store, held, reason)
        return entry.id
    run = start_run(store, entry.id, {"haaqinet_eval": "0.1.0", "seed": 1}, "example worker")
    StoredScores(store, entry, run).append(rows)
    end_run(store, run)
    finish(store, held)
    return entry.id


def fill_failed(store: Store) -> None:
    """A challenge whose submissions all came to grief: invalid, failed, incomplete, and one that waits."""
    register_challenge(store, CHALLENGE, make_trials(), LISTENERS, split=SPLIT, genres=GENRES)
    findings = [
        {"code": "silent_file", "severity": "error", "file": "a.flac", "message": "all samples are zero"}
    ]
    submit(
        store,
        CHALLENGE,
        System("example", "damaged"),
        sha256="damaged",
        state="invalid",
        findings=findings,
        split=SPLIT,
    )
    trials = make_trials()
    enter(store, System("example", "half"), make_rows("half", 0.6, trials, lost=9))
    enter(store, System("example", "crashed"), [], "the scorer's weights are missing")
    submit(
        store, CHALLENGE, System("example", "waiting"), sha256="waiting", scorers=["haaqinet"], split=SPLIT
    )
    refresh(store)


def fill(store: Store, folder: Path) -> None:
    """The full store: systems, failures, a table scored elsewhere, and published averages."""
    fill_failed(store)
    trials = make_trials()
    for name, level, facts in SYSTEMS:
        team = name if name == NASTY else "example"
        path = write_signals(folder / "stream.zip") if name == "stream" else None
        enter(store, System(team, name, **facts), make_rows(name, level, trials), path=path)
    refresh(store)
    table = folder / "elsewhere.csv"
    lines = ["scene,song,listener,left_score,right_score,score"]
    lines += [f"{t.scene},{t.song},{t.listener},0.5,0.5,0.5" for t in trials if t.ear == "left"]
    table.write_text("\n".join(lines) + "\n", encoding="utf-8")
    import_scores(store, table, CHALLENGE, System("example", "elsewhere"), split=SPLIT)
    load_published(store)


def main() -> None:
    """Fill the store that the command line names."""
    store = open_store(sys.argv[1])
    fill(store, Path(sys.argv[1]).parent)
    print(f"{len(expected_trials_of(store))} trials; {store.name}")


def expected_trials_of(store: Store) -> list[Trial]:
    """The trials of the example's challenge."""
    from haaqinet_eval.store import challenge

    return expected_trials(store, challenge(store, CHALLENGE, SPLIT))


if __name__ == "__main__":
    main()
