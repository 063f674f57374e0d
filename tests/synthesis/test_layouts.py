"""Collections in their official layouts, made small: what is listed, how it is split, what is refused."""

import csv
import json
from collections import defaultdict

import numpy as np
import pytest
import soundfile
from cadenza_tree import cad1, cad2, icassp

from haaqinet_eval import InputError
from haaqinet_eval.synthesis.clips import SPLITS, load_excerpt
from haaqinet_eval.synthesis.layouts import LAYOUTS, read_clips
from haaqinet_eval.synthesis.multitracks import songs_of

RATE = 32_000
TONE = 0.1 * np.sin(2 * np.pi * 300 * np.arange(RATE) / RATE)
FMA_NAMES = (
    *(("set", "split"), ("set", "subset"), ("artist", "id"), ("artist", "name")),
    *(("track", "genre_top"), ("track", "license"), ("track", "title")),
)


def write(path, samples=TONE):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, RATE)


def fma(root):
    """Twelve tracks of FMA-small by six artists, two of a larger subset, and a broken one."""
    table = root / "fma_metadata" / "tracks.csv"
    table.parent.mkdir(parents=True)
    rows = []
    for n in range(12):
        split = ("training", "validation", "test")[n % 3]
        artist = n % 6 if n != 11 else 0  # artist 0 is in training and, with track 11, in test
        rows.append((n + 2, split, "small", artist, f"Band {artist}", "Rock", "CC-BY", f"Song {n}"))
        write(root / f"fma_small/000/{n + 2:06d}.mp3")
    rows.append((98565, "training", "small", 77, "Broken", "Rock", "CC-BY", "short"))
    rows.append((500, "training", "medium", 78, "Larger", "Rock", "CC-BY", "not small"))
    with table.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["", *(group for group, _ in FMA_NAMES)])
        writer.writerow(["", *(name for _, name in FMA_NAMES)])
        writer.writerow(["track_id", *[""] * len(FMA_NAMES)])
        writer.writerows(rows)
    return root


def jamendo(root):
    """Six tracks a split; one artist in two of them, one track without audio."""
    head = ["TRACK_ID", "ARTIST_ID", "ALBUM_ID", "PATH", "DURATION", "TAGS"]
    for s, split in enumerate(SPLITS):
        table = root / "data/splits/split-0" / f"autotagging-{split}.tsv"
        table.parent.mkdir(parents=True, exist_ok=True)
        with table.open("w", newline="") as file:
            writer = csv.writer(file, delimiter="\t", lineterminator="\n")
            writer.writerow(head)
            for n in range(6):
                number = 100 * s + n
                artist = "artist_000099" if n == 5 and s < 2 else f"artist_{number:06d}"
                tags = ["mood/theme---calm", "genre---jazz"][: 1 + n % 2]
                path = f"{number % 100:02d}/{number}.mp3"
                writer.writerow([f"track_{number:07d}", artist, "album_000001", path, "61.5", *tags])
                if n != 4:
                    write(root / "audio" / path)
    return root


def musdb(root):
    """Sixty training songs by thirty artists, and two to test on, one of a training artist."""
    for n in range(60):
        write(root / f"train/Band {n // 2} - Song {n}/mixture.wav")
    write(root / "test/Band 3 - Another/mixture.wav")
    write(root / "test/Someone Else - Song/mixture.wav")
    return root


def cadenza(root):
    return icassp(root, seconds=0.6)


TREES = {"fma": fma, "jamendo": jamendo, "musdb": musdb, "cadenza": cadenza}


def test_every_layout_is_tried():
    assert set(TREES) == set(LAYOUTS)


@pytest.mark.parametrize("layout", TREES)
def test_no_artist_track_or_file_is_in_two_splits(layout, tmp_path):
    clips = read_clips(layout, TREES[layout](tmp_path))
    splits = defaultdict(set)
    for clip in clips:
        assert clip.split in SPLITS
        assert clip.seconds > 0
        for what in (clip.artist, clip.source, clip.path):
            splits[what].add(clip.split)
    assert all(len(found) == 1 for found in splits.values())
    excerpt = load_excerpt(clips[0], 0.5, 24_000, np.random.default_rng(0))
    assert len(excerpt) == 12_000
    assert excerpt.any()


def names(clips, split):
    return {clip.title for clip in clips if clip.split == split}


def test_fma_keeps_its_split_but_for_an_artist_in_two(tmp_path):
    clips = read_clips("fma", fma(tmp_path))
    assert names(clips, "test") == {"Song 2", "Song 5", "Song 8", "Song 11"}
    assert names(clips, "validation") == {"Song 1", "Song 4", "Song 7", "Song 10"}
    assert names(clips, "train") == {"Song 3", "Song 9"}  # 0 and 6 are by artist 0, who is in test
    assert (clips[0].artist, clips[0].genre, clips[0].licence) == ("Band 2 (2)", "Rock", "CC-BY")


def test_jamendo_takes_what_is_there(tmp_path):
    clips = read_clips("jamendo", jamendo(tmp_path))
    assert len(clips) == 15 - 1  # less one without audio a split, less the artist's track in train
    assert {clip.artist for clip in clips if clip.split == "validation"} >= {"artist_000099"}
    assert {clip.genre for clip in clips} == {"jazz", "unknown"}
    assert clips[0].seconds == 61.5


def test_musdb_lends_validation_whole_artists_of_train(tmp_path):
    clips = read_clips("musdb", musdb(tmp_path))
    assert names(clips, "test") == {"Another", "Song"}
    assert "Band 3" not in {clip.artist for clip in clips if clip.split != "test"}
    assert len(clips) == 60
    assert names(clips, "validation")
    again = read_clips("musdb", tmp_path)
    assert clips == again


def test_songs_in_stems_are_those_of_a_split(tmp_path):
    root = musdb(tmp_path / "musdb")
    for mixture in root.rglob("mixture.wav"):
        write(mixture.with_name("vocals.wav"))
    assert {path.name for path in songs_of(root, "musdb", "test")} == {
        "Band 3 - Another",
        "Someone Else - Song",
    }
    assert len(songs_of(root, "musdb")) == len(names(read_clips("musdb", root), "train"))
    assert len(songs_of(root / "train")) == 60
    (at_mic,) = {clip.split for clip in read_clips("cadenza", icassp(tmp_path / "icassp", seconds=0.6))}
    (song, *_) = songs_of(tmp_path / "icassp", "cadenza", at_mic)
    assert (song / "vocals.wav").is_file()
    with pytest.raises(InputError, match="no song in stems of split nothing"):
        songs_of(root, "musdb", "nothing")
    with pytest.raises(InputError, match="layout=fma: none of folders, musdb, cadenza"):
        songs_of(root, "fma")


def test_cadenza_roots_of_all_three_challenges(tmp_path):
    at_mic = read_clips("cadenza", icassp(tmp_path / "icassp", seconds=0.6))
    assert {clip.artist for clip in at_mic} == {"Artist"}
    assert all(clip.path.name == "mixture.wav" for clip in at_mic)
    write(tmp_path / "cad1/audio/musdb18hq/train/Band - Song/mixture.wav")
    headphones = read_clips("cadenza", cad1(tmp_path / "cad1", seconds=0.6))
    assert {clip.split for clip in headphones} == {"validation"}
    assert headphones[0].source.startswith("musdb18/")
    ensembles = read_clips("cadenza", cad2(tmp_path / "cad2", seconds=0.6))
    assert ensembles
    assert all(clip.path.is_file() for clip in ensembles)


def remove(path):
    path.unlink()


def spoil(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


FAULTS = [
    ("fma", lambda r: remove(r / "fma_metadata/tracks.csv"), "tracks.csv: no such file"),
    ("fma", lambda r: remove(r / "fma_small/000/000002.mp3"), "000002.mp3: no such file; 1 of 12"),
    ("fma", lambda r: spoil(r / "fma_metadata/tracks.csv", "subset", "set"), "column set/subset is missing"),
    ("fma", lambda r: spoil(r / "fma_metadata/tracks.csv", "training", "learn"), "split 'learn' is none of"),
    ("fma", lambda r: spoil(r / "fma_metadata/tracks.csv", "\n3,", "\nx,"), "track id 'x' is no number"),
    ("fma", lambda r: (r / "fma_metadata/tracks.csv").write_text("a,b\n"), "1 lines; three of headings"),
    ("jamendo", lambda r: remove(r / "data/splits/split-0/autotagging-test.tsv"), "no such file"),
    ("jamendo", lambda r: (r / "audio").rename(r / "sound"), "none of the folders audio"),
    (
        "jamendo",
        lambda r: spoil(r / "data/splits/split-0/autotagging-test.tsv", "61.5", "long"),
        "autotagging-test.tsv, line 2: is not TRACK_ID",
    ),
    ("musdb", lambda r: (r / "test").rename(r / "other"), "test: no such folder"),
    ("musdb", lambda r: remove(r / "train/Band 0 - Song 0/mixture.wav"), "mixture.wav: no such file"),
    ("musdb", lambda r: (r / "train/Band 0 - Song 0").rename(r / "train/Song"), "is not 'Artist - Title'"),
    (
        "musdb",
        lambda r: (r / "train/Band 0 - Song 0/mixture.wav").write_bytes(b"none"),
        "mixture.wav: cannot be read",
    ),
    ("cadenza", lambda r: (r / "metadata").rename(r / "data"), "has no at_mic_music, musdb18 or music file"),
    (
        "cadenza",
        lambda r: next((r / "metadata").glob("at_mic*")).write_text(json.dumps({"a": {}})),
        "a record is not as the challenge has it",
    ),
    ("cadenza", lambda r: remove(next((r / "audio").rglob("mixture.wav"))), "mixture.wav: no such file"),
]


@pytest.mark.parametrize(("layout", "fault", "message"), FAULTS, ids=[f"{f[0]}: {f[2]}" for f in FAULTS])
def test_a_bad_tree_is_named(layout, fault, message, tmp_path):
    root = TREES[layout](tmp_path)
    fault(root)
    with pytest.raises(InputError, match=message.replace("(", r"\(")):
        read_clips(layout, root)


def test_an_unknown_layout_lists_the_known(tmp_path):
    with pytest.raises(InputError, match="layout 'gtzan' is unknown; known: index, fma, jamendo"):
        read_clips("gtzan", tmp_path)


def test_clips_of_a_split_may_be_left_out(tmp_path):
    clips = read_clips("musdb", musdb(tmp_path))
    known = [clip for clip in clips if clip.split != "test"]
    assert read_clips("musdb", tmp_path, without=["test"]) == known
    assert read_clips("musdb", tmp_path, without="test") == known
    assert len(known) < len(clips)
    with pytest.raises(InputError, match=r"data\.without=dev: none of train, validation, test"):
        read_clips("musdb", tmp_path, without=["dev"])
