"""Excerpts cut from a folder of music, as render.py reads them."""

import numpy as np
import pytest
import soundfile

from haaqinet_eval.errors import InputError
from haaqinet_eval.synthesis.gather import Rules, divide, gather, write_index
from haaqinet_eval.synthesis.sources import check_disjoint, read_index

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
    ("name", "samples", "sample_rate"),
    [
        ("game/short.wav", noise(4), 44_100),
        ("game/silent.wav", noise(9, level=1e-4), 44_100),
        ("game/clipped.wav", np.clip(noise(9, level=2), -1, 1), 44_100),
        ("game/dull.wav", noise(9, 12_000), 12_000),
        ("game/forbidden theme.wav", noise(9), 44_100),
    ],
)
def test_what_is_unfit_is_left_out(tmp_path, name, samples, sample_rate):
    write(tmp_path / "in" / name, samples, sample_rate)
    (tmp_path / "in/game/torn.ogg").write_bytes(b"OggS, and no more")
    assert rows_of(tmp_path / "in", tmp_path / "out") == []


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
