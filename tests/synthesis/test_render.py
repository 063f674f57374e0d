"""Sources, splits, and the rendering of groups of trials."""

import csv
from collections import Counter

import numpy as np
import pytest
import soundfile

from haaqinet_eval import InputError
from haaqinet_eval.synthesis.clips import check_disjoint, read_index
from haaqinet_eval.synthesis.render import SAMPLE_RATE, Plan, procedural_music, render, split_order

COLUMNS = ["path", "genre", "title", "artist", "source_repo", "split", "licence", "duration_s"]


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(1)
    rows = []
    for n, split in enumerate(["train"] * 3 + ["validation", "test"]):
        name = f"clip{n}.ogg"
        t = np.arange(2 * 32_000) / 32_000
        tones = sum(np.sin(2 * np.pi * f * t) for f in rng.uniform(100, 5000, 6))
        soundfile.write(tmp_path / name, 0.05 * tones * np.exp(-2 * (t % 0.4)), 32_000)
        rows.append([name, "folk", f"title {n}", f"artist {n}", f"repo/{n}", split, "CC0", "2.0"])
    write(tmp_path, rows)
    return tmp_path


def write(folder, rows):
    with (folder / "index.csv").open("w", newline="") as file:
        csv.writer(file).writerows([COLUMNS, *rows])


def test_index_and_disjoint_splits(folder):
    clips = read_index(folder)
    assert Counter(c.split for c in clips) == {"train": 3, "validation": 1, "test": 1}
    check_disjoint(clips)
    rows = [[c.path.name, c.genre, c.title, "the same", c.source, c.split, c.licence, "2"] for c in clips]
    write(folder, rows)
    with pytest.raises(InputError, match="artist 'the same' is in several splits: test, train, validation"):
        check_disjoint(read_index(folder))


def test_index_faults_are_named(folder):
    with pytest.raises(InputError, match=r"nothing.csv: no such file"):
        read_index(folder, "nothing.csv")
    write(folder, [["a.ogg", "folk", "t", "a", "r", "dev", "CC0", "2.0"]])
    with pytest.raises(InputError, match="line 2: split 'dev' is none of train, validation, test"):
        read_index(folder)
    write(folder, [["a.ogg", "folk", "t", "a", "r", "test", "CC0", "long"]])
    with pytest.raises(InputError, match="line 2: duration_s 'long'"):
        read_index(folder)
    (folder / "index.csv").write_text("path,genre\na.ogg,folk\n")
    with pytest.raises(InputError, match="lacks the columns title"):
        read_index(folder)


def test_queue_holds_every_group_once_and_splits_in_proportion():
    order = [split_order(n) for n in range(400)]
    assert len(set(order)) == 400
    counts = Counter(split for split, _ in order)
    assert counts == {"train": 320, "validation": 40, "test": 40}
    for split, count in counts.items():
        assert sorted(n for s, n in order if s == split) == list(range(count))


def test_a_group_is_a_function_of_its_number(folder):
    clips = [c for c in read_index(folder) if c.split == "train"]
    plan = Plan(seconds=1.5, conditions=4, augment=1.0, seed=3)
    one, again, other = (render(clips, "train", n, plan) for n in (0, 0, 1))
    np.testing.assert_array_equal(one.processed, again.processed)
    assert one.trials == again.trials
    assert one.processed.shape == (4, round(1.5 * SAMPLE_RATE))
    assert one.reference.shape == (round(1.5 * SAMPLE_RATE),)
    assert 50 <= one.level1 <= 80
    assert len({t.system for t in one.trials}) == 4
    assert one.trials[0].scene == "train-00000"
    assert not np.array_equal(one.reference, other.reference)


def test_music_to_test_on_is_never_altered(folder):
    clips = [c for c in read_index(folder) if c.split == "test"]
    plan = Plan(seconds=2.0, augment=1.0, procedural=1.0)
    songs = {render(clips, "test", n, plan).trials[0].song for n in range(3)}
    assert songs == {"clip4"}


def test_untouched_music_is_its_own_reference(folder):
    clips = [c for c in read_index(folder) if c.split == "validation"]
    plan = Plan(seconds=1.0, conditions=6)
    groups = (render(clips, "validation", n, plan) for n in range(40))
    group = next(g for g in groups if any(t.system == "clean" for t in g.trials))
    clean = [t.system for t in group.trials].index("clean")
    np.testing.assert_array_equal(group.processed[clean], group.reference)


def test_procedural_music_is_music_of_the_wanted_rate():
    song = procedural_music(1.0, SAMPLE_RATE, np.random.default_rng(4))
    assert len(song) == SAMPLE_RATE
    assert np.abs(song).max() > 0
