"""Excerpts cut from a folder of music, as render.py reads them."""

import numpy as np
import pytest
import soundfile

from haaqinet_eval.errors import InputError
from haaqinet_eval.synthesis.clips import check_disjoint, read_index
from haaqinet_eval.synthesis.gather import Rules, divide, gather, write_index

RULES = Rules(seconds=2.0, excerpts=3, shortest=5.0, exclude=("Forbidden",))


def noise(seconds, sample_rate=44_100, level=0.1):
    return level * np.random.default_rng(1).standard_normal((round(seconds * sample_rate), 2))


def write(path, samples, sample_rate=44_100):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, sample_rate)


def rows_of(folder, out):
    return list(gather(folder, out, RULES, licence="CC0"))


def test_excerpts_are_cut_and_read_back_as_clips(tmp_path):
    write(tmp_path / "in/game/music/theme.ogg", noise(9))
    rows = rows_of(tmp_path / "in", tmp_path / "out")
    write_index(tmp_path / "out/index.csv", rows)
    clips = read_index(tmp_path / "out")
    assert [c.seconds for c in clips] == [2.0] * 3
    assert {(c.artist, c.source, c.split, c.licence) for c in clips} == {("game", "game", "train", "CC0")}
    info = soundfile.info(clips[0].path)
    assert (info.samplerate, info.channels, info.frames) == (32_000, 1, 64_000)


@pytest.mark.parametrize(
    ("name", "samples", "sample_rate", "reason"),
    [
        ("game/short.wav", noise(4), 44_100, "4.0 s; 5 s are needed"),
        ("game/silent.wav", noise(9, level=1e-4), 44_100, "no usable excerpt: quiet 3"),
        ("game/clipped.wav", np.clip(noise(9, level=2), -1, 1), 44_100, "no usable excerpt: clipped 3"),
        ("game/dull.wav", noise(9, 12_000), 12_000, "no usable excerpt: nothing above 7000 Hz 3"),
        ("game/forbidden theme.wav", noise(9), 44_100, "its path holds 'Forbidden'"),
    ],
)
def test_what_is_unfit_is_left_out_with_the_reason(tmp_path, name, samples, sample_rate, reason):
    write(tmp_path / "in" / name, samples, sample_rate)
    (tmp_path / "in/game/torn.ogg").write_bytes(b"OggS, and no more")
    (tmp_path / "in/game/song.m4a").write_bytes(b"....ftypM4A ")
    (tmp_path / "in/game/cover.jpg").write_bytes(b"no music")
    left_out = {}
    assert list(gather(tmp_path / "in", tmp_path / "out", RULES, "CC0", left_out=left_out)) == []
    assert left_out.pop(tmp_path / "in" / name) == reason
    assert "torn.ogg" not in left_out.pop(tmp_path / "in/game/torn.ogg")
    assert left_out == {tmp_path / "in/game/song.m4a": ".m4a is not read here; convert it to FLAC"}


def test_tracks_whose_names_are_alike_once_flattened_keep_their_clips(tmp_path):
    names = ["Пісня.wav", "民謡.wav", "a b.wav", "a-b.wav", "A/b.wav", "a b.flac", f"{'я' * 60}1.wav"]
    names += [f"{'я' * 60}2.wav", "!.wav", "?.wav"]
    for level, name in enumerate(names, 1):
        write(tmp_path / "in" / "Гурт" / name, noise(6, level=0.02 * level))
    rows = rows_of(tmp_path / "in", tmp_path / "out")
    assert len({row["path"].casefold() for row in rows}) == len(rows) == 3 * len(names)
    assert {row["title"] for row in rows} >= {"Пісня", "民謡", "a b", "!"}
    write_index(tmp_path / "out/index.csv", rows)
    assert len(read_index(tmp_path / "out")) == len(rows)
    for row in rows:  # each clip is its own track's: its level tells
        inside = [n for n in names if row["title"] == n.rpartition(".")[0].rpartition("/")[2]]
        level = np.std(soundfile.read(tmp_path / "out" / row["path"])[0]) * np.sqrt(2 * 44_100 / 32_000)
        expected = [0.02 * (1 + names.index(name)) for name in inside]
        assert any(abs(level / wanted - 1) < 0.04 for wanted in expected), (row["path"], level, expected)


def test_loose_tracks_are_of_one_source_and_so_in_one_split(tmp_path):
    for n in range(4):
        write(tmp_path / f"My music/{n}.wav", noise(6))
    for band in ("ann", "Bob", "bob/more"):
        write(tmp_path / f"My music/{band}/song.wav", noise(6))
    rows = divide(rows_of(tmp_path / "My music", tmp_path / "out"))
    loose = [row for row in rows if row["title"] in "0123"]
    assert {(row["artist"], row["source_repo"]) for row in loose} == {("My music", "My music")}
    assert len({row["split"] for row in loose}) == 1
    assert len({row["split"] for row in rows if row["artist"].lower() == "bob"}) == 1
    assert {row["split"] for row in rows} == {"train", "validation", "test"}


def test_an_index_that_names_a_clip_twice_is_refused(tmp_path):
    write(tmp_path / "in/game/theme.wav", noise(6))
    rows = rows_of(tmp_path / "in", tmp_path / "out")
    write_index(tmp_path / "out/index.csv", [*rows, rows[0]])
    with pytest.raises(InputError, match=r"index.csv, line 5: path 'game/.*' stands in line 2 too"):
        read_index(tmp_path / "out")


def test_only_the_sounding_part_of_a_track_is_taken(tmp_path):
    samples = noise(8)
    samples[: 44_100 * 4] = 0
    write(tmp_path / "in/game/late.wav", samples)
    assert len(rows_of(tmp_path / "in", tmp_path / "out")) == 2


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(InputError, match="no-music: no such folder"):
        rows_of(tmp_path / "no-music", tmp_path / "out")


def row(artist, source):
    return {"artist": artist, "source_repo": source, "split": "train"}


def test_divided_splits_share_neither_artist_nor_source():
    rows = [row(f"artist {n % 37}", f"album {n // 3}") for n in range(60)]
    rows += [row(f"other {n}", f"single {n}") for n in range(40)]
    splits = divide(rows)
    assert [r["artist"] for r in splits] == [r["artist"] for r in rows]
    for what in ("artist", "source_repo"):
        found = [{r["split"] for r in splits if r[what] == name} for name in {r[what] for r in rows}]
        assert max(map(len, found)) == 1
    counts = [sum(r["split"] == split for r in splits) for split in ("train", "validation", "test")]
    assert counts[0] > counts[1] > 0
    assert counts[2] > 0
    assert divide(rows[::-1]) == splits[::-1]


def test_too_few_artists_to_divide():
    rows = [row("ann", "album"), row("ann", "single"), row("bob", "single"), row("cyd", "ep")]
    with pytest.raises(InputError, match="2 artists or sources that share nothing"):
        divide(rows)
    assert {r["split"] for r in divide([*rows, row("dan", "lp")])} == {"train", "validation", "test"}


def test_an_index_may_lie_beside_its_clips_and_names_what_is_missing(tmp_path):
    write(tmp_path / "in/game/theme.ogg", noise(9))
    write_index(tmp_path / "music/played/index.csv", rows_of(tmp_path / "in", tmp_path / "music/played"))
    clips = read_index(tmp_path / "music", "played/index.csv")
    check_disjoint(clips)
    assert all(clip.path.is_file() for clip in clips)
    clips[0].path.unlink()
    with pytest.raises(
        InputError, match=r"played/index\.csv, line 2: path 'game/game-theme-0\.flac': no such file"
    ):
        read_index(tmp_path / "music", "played/index.csv")
