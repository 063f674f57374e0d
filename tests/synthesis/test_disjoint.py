"""Splits share nothing: a few made-up rows, the committed credits, and the music beside the repository."""

import csv
from collections import defaultdict

import pytest
from places import ROOT

from haaqinet_eval import InputError
from haaqinet_eval.synthesis.clips import SPLITS, check_disjoint, read_index
from haaqinet_eval.synthesis.layouts import read_clips

CREDITS = ROOT / "docs" / "credits.csv"
MUSIC = ROOT.parent / "shared" / "music"
COLUMNS = ("path", "genre", "title", "artist", "licence", "source_repo", "split", "duration_s")


def read(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def in_several_splits(rows, *columns):
    """Values of some columns that rows of two splits have."""
    splits = defaultdict(set)
    for row in rows:
        splits[tuple(row[column] for column in columns)].add(row["split"])
    return [name for name, found in splits.items() if len(found) > 1]


def index(folder, rows, columns=COLUMNS):
    """An index of files that are there."""
    with (folder / "index.csv").open("w", newline="") as file:
        csv.writer(file).writerows([columns, *rows])
    for row in rows:
        (folder / row[0]).touch()
    return read_index(folder)


def row(name, split, artist, title="song", source="repo"):
    return (f"{name}.ogg", "folk", title, artist, "CC0", source, split, "9.0")


def test_a_track_in_two_splits_is_named_with_its_file_and_both(tmp_path):
    rows = [row("a", "train", "ann"), row("b", "train", "bob"), row("c", "test", "ann", source="other")]
    with pytest.raises(InputError, match=r"c\.ogg: track 'ann - song' is in several splits: test, train$"):
        check_disjoint(index(tmp_path, rows))
    paths = ("music/1.ogg", "music/2.ogg", "music/2.ogg")
    rows = [row("a", "train", "ann"), row("b", "train", "bob"), row("c", "test", "cyd")]
    rows = [(*values, path) for values, path in zip(rows, paths, strict=True)]
    clips = index(tmp_path, rows, (*COLUMNS, "source_path"))
    assert [clip.track for clip in clips] == [f"repo/{path}" for path in paths]
    with pytest.raises(InputError, match=r"c\.ogg: track 'repo/music/2\.ogg' is in several splits: test, tr"):
        check_disjoint(clips)
    with pytest.raises(InputError, match=r"c\.ogg: source 'repo' is in several splits: test, train$"):
        check_disjoint([clips[0], clips[2]])


def test_no_artist_source_or_track_of_the_credits_is_in_two_splits():
    rows = read(CREDITS)
    assert {row["split"] for row in rows} == set(SPLITS)
    for columns in (("artist",), ("source",), ("artist", "title")):
        assert in_several_splits(rows, *columns) == []


def test_the_music_beside_the_repository_shares_nothing():
    if not (MUSIC / "index.csv").is_file():
        pytest.skip("../shared/music/index.csv is not there")
    indices = [name for name in ("index.csv", "more/index.csv") if (MUSIC / name).is_file()]
    clips = read_clips("index", MUSIC, indices)  # asserts it
    check_disjoint(clips)
    rows = [row for name in indices for row in read(MUSIC / name)]
    assert len(clips) == len(rows)
    assert {clip.split for clip in clips} == set(SPLITS)
    for columns in (("artist",), ("source_repo",), ("source_repo", "source_path"), ("artist", "title")):
        assert in_several_splits(rows, *columns) == []
    credited = {(row["artist"], row["title"], row["source"], row["split"]) for row in read(CREDITS)}
    music = read_clips("index", MUSIC, indices, skip=("stems", "stereo"))
    assert {(c.artist, c.title, c.source, c.split) for c in music} <= credited
