"""Songs that programs play: charts by the rules of music, and the recipe with stand-ins for the programs."""

import os
import re
import shutil
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import soundfile
from places import ROOT
from scripts import run_script

from haaqinet_eval.errors import InputError
from haaqinet_eval.synthesis.midi_accompaniment import SAMPLE_RATE, chart, finish, make_song, read_band, tune

LIBRARY = Path("/usr/share/mma/lib")
FONT = Path("/usr/share/sounds/sf2/TimGM6mb.sf2")


@pytest.fixture
def library(tmp_path):
    folder = tmp_path / "lib"
    folder.mkdir()
    (folder / "house.mma").write_text(
        "DefGroove House  Main beat\nDefGroove HouseIntro  4 bars\ndefgroove House2\n"
    )
    (folder / "more").mkdir()
    (folder / "more/house.mma").write_text("DefGroove House3\n")
    (folder / "ends.mma").write_text("DefGroove WaltzEnd\n")
    return folder


@pytest.fixture
def font(tmp_path):
    path = tmp_path / "f.sf2"
    path.write_bytes(b"RIFF\0\0\0\0sfbk")
    return path


def test_only_whole_styles_are_played(library, font):
    assert read_band(library, [font]).styles == {"house": ("House", "House2"), "more/house": ("House3",)}


def test_a_tune_fills_a_bar_of_four_quarters():
    for seed in range(50):
        lengths = re.findall(r"(\d)[a-gr]\+?;", tune(np.random.default_rng(seed)))
        assert sum(Fraction(1, int(length)) for length in lengths) == 1


def test_a_chart_lasts_32_seconds_and_numbers_its_bars():
    for seed in range(20):
        lines = chart(LIBRARY, "casio/house", "House", np.random.default_rng(seed)).splitlines()
        tempo = int(lines[2].removeprefix("Tempo "))
        bars = [int(line.split()[0]) for line in lines if line[0].isdigit()]
        assert bars == list(range(1, len(bars) + 1))
        assert len(bars) * 4 / tempo * 60 == pytest.approx(32, abs=4 / tempo * 60)
        assert lines[3] == "Groove casio/house:House"


def test_a_finished_song_is_loud_and_unclipped():
    noise = np.random.default_rng(1).standard_normal((SAMPLE_RATE, 2)) * 1e-3
    for seed in range(20):
        peak = np.abs(finish(noise, np.random.default_rng(seed))).max()
        assert 10 ** (-6 / 20) <= peak <= 10 ** (-0.5 / 20)


def test_what_is_missing_is_named(library, font, tmp_path):
    other = tmp_path / "g.sf2"
    other.write_text("no font at all")
    (tmp_path / "bare").mkdir()
    for folder, fonts, message in (
        (tmp_path / "nowhere", [font], "nowhere: no such folder of MMA styles"),
        (tmp_path / "bare", [font], "bare: no MMA styles"),
        (font, [font], "f.sf2: no such folder"),
        (library, [tmp_path / "h.sf2"], "h.sf2: no such soundfont"),
        (library, [font, other], "g.sf2: no soundfont"),
        (library, [], "fonts: none given"),
    ):
        with pytest.raises(InputError, match=message):
            read_band(folder, fonts)


def stand_ins(folder):
    """`mma` and `fluidsynth` of a few lines: the one knows no groove House3, the other plays a noise."""
    folder.mkdir()
    mma = 'case "$(cat $4)" in *House3*) exit 1;; *) cp $4 $3;; esac'
    synth = f"""while [ "$1" != -F ]; do shift; done
exec {sys.executable} -c "import sys, numpy, soundfile
noise = numpy.random.default_rng(1).uniform(-.1, .1, ({SAMPLE_RATE}, 2))
soundfile.write(sys.argv[1], noise, {SAMPLE_RATE})" "$2\""""
    for name, body in (("mma", mma), ("fluidsynth", synth)):
        (folder / name).write_text(f"#!/bin/sh\n{body}\n")
        (folder / name).chmod(0o755)
    return folder


def run_recipe(tmp_path, path, *options):
    script = ROOT / "recipes/haaqinet/play.py"
    return run_script(script, f"out={tmp_path / 'songs'}", *options, cwd=tmp_path, env={"PATH": str(path)})


def test_the_recipe_plays_what_it_can_and_goes_on(library, font, tmp_path):
    path = f"{stand_ins(tmp_path / 'bin')}:{os.environ['PATH']}"
    options = (f"library={library}", f"fonts={font}")
    first = run_recipe(tmp_path, path, *options, "songs=6")
    assert first.returncode == 0, first.stderr
    left_out = first.stdout.count("more/house, House3: MMA cannot play it")
    songs = sorted((tmp_path / "songs").glob("*house-*/song.flac"))
    assert 0 < left_out < 6
    assert len(songs) == 6 - left_out
    assert soundfile.info(songs[0]).samplerate == SAMPLE_RATE
    written = songs[0].stat().st_mtime_ns
    assert run_recipe(tmp_path, path, *options, "songs=6").returncode == 0
    assert songs[0].stat().st_mtime_ns == written
    other = run_recipe(tmp_path, path, *options, "songs=6", "seed=8")
    assert other.returncode == 2
    assert "holds songs of" in other.stderr


def test_mistakes_are_said_in_one_line(library, font, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    for options, message in (
        ((), "mma: not installed"),
        (("songs=0",), "songs=0: no whole number from 1 on"),
        (("songs=many",), "songs=many"),
        (("seed=-1",), "seed=-1"),
        (("fonts=[]",), "fonts: none given"),
        (("library=null",), "no such folder of MMA styles"),
        ((f"out={tmp_path / 'file'}",), "file: File exists"),
    ):
        run = run_recipe(tmp_path, tmp_path / "empty", f"library={library}", f"fonts=[{font}]", *options)
        assert (run.returncode, message in run.stderr) == (2, True), run.stderr
        assert "Traceback" not in run.stderr


@pytest.mark.skipif(
    not (shutil.which("mma") and shutil.which("fluidsynth") and LIBRARY.is_dir() and FONT.is_file()),
    reason="needs Debian's mma, fluidsynth and timgm6mb-soundfont",
)
def test_the_programs_play_a_song(tmp_path):
    band = read_band(LIBRARY, [FONT])
    _, song = make_song(band, 0, 7, tmp_path)
    np.testing.assert_array_equal(make_song(band, 0, 7, tmp_path)[1], song)
    assert song.shape[0] > 25 * SAMPLE_RATE
    assert np.sqrt(np.mean(song**2)) > 0.01
