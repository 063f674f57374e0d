"""CAD2 task 1, lyrics: the numbers of pyclarity's two evaluators, and what its inputs can trigger."""

import csv
import json

import cadenza_tree as tree
import lyrics_cases
import numpy as np
import pytest
import soundfile
from places import GOLDEN_FOLDER

from haaqinet_eval.audiogram import Audiogram
from haaqinet_eval.cadenza import load_challenge
from haaqinet_eval.cadenza.cad2_task1.transcribe import Ears
from haaqinet_eval.cadenza.challenge import PairScores, pair_trials
from haaqinet_eval.cadenza.enhanced import SignalFolder
from haaqinet_eval.cadenza.loaders import pair_loaders
from haaqinet_eval.errors import InputError, Unscorable
from haaqinet_eval.lyrics import SCORINGS, Words, count_hits
from haaqinet_eval.lyrics.hearing import simulate_loss
from haaqinet_eval.scorers import load_scorer
from haaqinet_eval.scores import Score
from haaqinet_eval.submissions import from_adapter, validate
from haaqinet_eval.trials import Trial

NAME = "cad2_task1"
GOLDEN = json.loads((GOLDEN_FOLDER / "lyrics.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lyrics")
    lyrics_cases.write(folder / "root", folder / "exp")
    return folder / "root", folder / "exp"


def signals(exp):
    return SignalFolder(exp / lyrics_cases.SYSTEM / "enhanced_signals")


def rows(scoring):
    return list(csv.DictReader(GOLDEN[scoring]["table"]))


def test_haaqi_is_both_versions(made):
    root, exp = made
    assert [GOLDEN[scoring]["pyclarity"] for scoring in SCORINGS] == ["0.6.2", "0.9.0"]
    challenge, haaqi = load_challenge(NAME, tree.config(NAME, root, exp)), load_scorer("haaqi")
    levels = iter(GOLDEN["official"]["level1"])
    for pair, *wanted in zip(challenge.pairs(), *map(rows, SCORINGS), strict=True):
        (load,) = pair_loaders(challenge, pair, {"made": signals(exp)}, True)
        for trial in pair_trials(challenge, pair, "made"):
            stimulus = load(trial)
            score = haaqi(stimulus).value
            assert stimulus.level1 == pytest.approx(next(levels), abs=1e-6)
            for row in wanted:
                assert float(row[f"haaqi_{trial.ear}"]) == pytest.approx(score, rel=0, abs=1e-6)


@pytest.mark.parametrize("scoring", SCORINGS)
def test_a_recogniser_hears_what_each_versions_whisper_heard(made, tmp_path, scoring):
    """0.9.0 gives it the stereo file, twice; 0.6.2 each ear's simulated loss."""
    root, exp = made
    challenge = load_challenge(NAME, tree.config(NAME, root, exp, scoring=scoring))
    ears, asked = Ears(challenge, SCORINGS[scoring].simulated), iter(GOLDEN[scoring]["asked"])
    for pair in challenge.pairs():
        for ear, path in ears.write(signals(exp), pair, tmp_path):
            wanted, given = next(asked), lyrics_cases.given(path)
            assert (ear, given["rate"], given["length"]) == (wanted["ear"], wanted["rate"], wanted["length"])
            np.testing.assert_allclose(given["channels"], wanted["channels"], rtol=0, atol=1.01 / 32768)
    options = {key: value for key, value in (("fp16", False), ("temperature", SCORINGS[scoring].temperature))
               if value is not None}  # fmt: skip
    assert wanted["options"] == options


@pytest.mark.parametrize("scoring", SCORINGS)
def test_words_are_counted_as_each_version_counts_them(scoring):
    pytest.importorskip("alt_eval")
    counting = SCORINGS[scoring].counting
    counts = [list(count_hits(*pair, counting)) for pair in GOLDEN["sentences"]]
    assert counts == GOLDEN[scoring]["counts"]
    for row in rows(scoring):
        words = Words.count(tree.WORDS, lyrics_cases.TEXTS, scoring)
        assert {name: str(value) for name, value in words.columns().items()} == {
            name: row[name] for name in words.columns()
        }


def test_the_case_of_the_notes():
    """Whisper writes capitals and points, lyrics have none."""
    pytest.importorskip("alt_eval")
    lyrics, transcript = "i think you're right i do", "I think you're right. I do."
    assert count_hits(lyrics, transcript, "alt-eval") == (7, 7)
    assert count_hits(lyrics, transcript, "raw") == (2, 6)
    assert count_hits(lyrics, "", "alt-eval") == (0, 7)


@pytest.mark.parametrize("counting", ["alt-eval", "raw"])
@pytest.mark.parametrize("lyrics", ["", " "])
def test_lyrics_without_words_are_refused(counting, lyrics):
    pytest.importorskip("alt_eval")
    with pytest.raises(InputError, match="hold no word"):
        count_hits(lyrics, "oh", counting)


def test_lyrics_of_signs_only_are_refused():
    pytest.importorskip("alt_eval")
    with pytest.raises(InputError, match="hold no word"):
        count_hits("♪ … ♪", "oh", "alt-eval")


@pytest.fixture
def root(tmp_path):
    return tree.lyrics(tmp_path / "root", 0.6)


def load(root, **overrides):
    return load_challenge(NAME, tree.config(NAME, root, root / "exp", **overrides))


def edit(path, change):
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def test_alpha_is_printed_as_it_stands_in_the_file(root):
    edit(root / "metadata/alpha.json", lambda c: c.update(alpha_4=1, alpha_0=0.30000000000000004))
    challenge = load(root)
    assert [str(challenge.enhanced_file(pair, "left", "")) for pair in challenge.pairs()] == [
        "S10001_L1_A1_remix.flac",
        "S10001_L2_A1_remix.flac",
        "S10002_L2_A0.30000000000000004_remix.flac",
    ]


SONG = "Band_-_Song_1"


@pytest.mark.parametrize(
    ("file", "change", "said"),
    [
        ("alpha", lambda c: c.update(alpha_4=1.5), "alpha_4 is 1.5, not a number from 0 to 1"),
        ("alpha", lambda c: c.update(alpha_4="0.4"), "alpha_4 is '0.4', not a number from 0 to 1"),
        ("alpha", lambda c: c.pop("alpha_4"), "field 'alpha' is 'alpha_4', which is not in"),
        ("scene.valid", lambda c: c["S10001"].update(segment_id=1), "'segment_id' is 1, not text"),
        ("scene.valid", lambda c: c["S10001"].update(segment_id="x"), "music.valid.json: there is no 'x'"),
        ("music.valid", lambda c: c[SONG].update(path="../x"), "'path' is '../x', not below music_dir"),
        ("music.valid", lambda c: c[SONG].update(end_time=0.1), "start_time 0.1 s, end_time 0.1 s"),
        ("music.valid", lambda c: c[SONG].update(start_time=-1), "start_time -1 s"),
        ("music.valid", lambda c: c[SONG].pop("track_name"), "field 'track_name' is missing"),
        ("compressor_params.valid", lambda c: c["L2"].update(cr_r=[1, 2]), "are not 6 numbers, one per band"),
        ("compressor_params.valid", lambda c: c.pop("L1"), "compressor_params.valid.json: there is no 'L1'"),
    ],
)
def test_faults_in_the_metadata_are_named(root, file, change, said):
    edit(root / f"metadata/{file}.json", change)
    with pytest.raises(InputError, match=said):
        load(root).pairs()


def cut_short(root):
    path = next(root.rglob("bass.flac"))
    samples, rate = soundfile.read(path)
    soundfile.write(path, samples[:-100], rate)


def silence(root):
    for path in root.rglob("*.flac"):
        samples, rate = soundfile.read(path)
        soundfile.write(path, 0 * samples, rate)


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        (cut_short, "reference_wrong_length", "stems differ in length"),
        (silence, "silent_reference", "the music is silent"),
        (lambda root: next(root.rglob("vocals.flac")).unlink(), "reference_missing_file", "vocals.flac"),
        (
            lambda root: edit(root / "metadata/music.valid.json", lambda c: c[SONG].update(end_time=9)),
            "reference_wrong_length",
            "wanted from 4410 to 396900",
        ),
    ],
)
def test_music_that_gives_no_reference(root, change, code, said):
    """Silence is NaN for pyclarity; the evaluation package has mixtures only, so vocals are missing there."""
    change(root)
    challenge = load(root)
    with pytest.raises(Unscorable, match=said) as error:
        challenge.reference(challenge.pairs()[0], "left", "")
    assert error.value.code == code


def test_a_segment_that_ends_a_little_late_is_cut_as_pyclarity_cuts_it(root):
    whole = soundfile.info(next(root.rglob("mixture.flac"))).duration
    edit(root / "metadata/music.valid.json", lambda c: c[SONG].update(end_time=whole + 0.05))
    challenge = load(root)
    assert len(challenge.make_remix("S10001")) == int(whole * 44100) - 4410


def test_the_whole_track_has_the_level_not_the_segment(root):
    """The baseline brings the segment to -40 LUFS, the evaluator the track; this one begins softly."""
    challenge = load(root)
    reference, mixture = challenge.make_remix("S10001"), challenge.mixture(SONG)
    difference = 20 * np.log10(np.std(mixture) / np.std(reference))
    assert 0.2 < difference < 4


def test_a_stray_side_car_changes_nothing_and_is_refused_in_a_submission(root, tmp_path):
    challenge = load(root)
    first, *_ = tree.enhance(challenge, tmp_path / "signals")
    first.with_suffix(".txt").write_text("10")
    after = SignalFolder(tmp_path / "signals").read_enhanced(first, challenge.enhanced, 0.6)
    np.testing.assert_array_equal(soundfile.read(first, dtype="float32")[0], after)
    found = validate(tmp_path / "signals", from_adapter(challenge), deep=False)
    assert "side_car_not_allowed" in {item.code for item in found}


def test_a_file_of_another_rate_is_refused(root, tmp_path):
    """pyclarity reads the rate and takes it for 44.1 kHz."""
    challenge = load(root)
    pair = challenge.pairs()[0]
    path = tmp_path / challenge.enhanced_file(pair, "left", "")
    tree.write_audio(path, tree.sound(1, 0.6, rate=32000), 32000)
    with pytest.raises(Unscorable) as error:
        list(Ears(challenge, True).write(SignalFolder(tmp_path), pair, tmp_path / "out"))
    assert error.value.code == "wrong_sample_rate"


def test_the_score_of_an_alpha_of_0_needs_no_words(root):
    challenge = load(root)
    first, _, last = challenge.pairs()
    for pair, wanted in ((first, ""), (last, 0.5)):
        rows = {
            ("haaqi", ear, ""): Score(
                Trial(NAME, "s", pair.scene, pair.song, pair.listener, ear), "haaqi", "1", value
            )
            for ear, value in (("left", 0.25), ("right", 0.75))
        }
        row = challenge.row(pair, PairScores("haaqi", rows))
        assert (row["score"], row["whisper_be"], row["whisper_rigth"], row["scoring"]) == (
            *(wanted, "", "", "official"),
        )
        assert set(row) == set(challenge.columns)
        others = {("crest", ear, stem): score for (_, ear, stem), score in rows.items()}
        assert challenge.row(pair, PairScores("crest", others))["score"] == ""  # it is HAAQI's


def test_an_unknown_scoring_is_refused(root):
    with pytest.raises(InputError, match="scoring is 'new'; known: official, pyclarity"):
        load(root, scoring="new")


def test_simulated_loss_of_silence_and_of_another_rate():
    ear = Audiogram.flat(50.0)
    assert not simulate_loss(np.zeros(4410), 44100, ear).any()
    with pytest.raises(InputError, match="44100 Hz, not at 32000"):
        simulate_loss(np.ones(4410), 32000, ear)


def test_a_simulated_loss_takes_more_the_greater_it_is():
    signal = tree.sound(5, 0.4, -34.0)[:, 0]
    left = [np.std(simulate_loss(signal, 44100, Audiogram.flat(level))) for level in (0.0, 40.0, 70.0)]
    assert left[0] == pytest.approx(np.std(signal), rel=0.2)
    assert left[0] > 2 * left[1] > 4 * left[2]


def test_an_ear_without_a_loss_is_simulated_beside_one_that_has_one(root, tmp_path):
    """MSBG leaves it as long as it was, and the other ear with its filters' tail."""
    edit(
        root / "metadata/listeners.valid.json",
        lambda people: [
            p.update(audiogram_levels_l=[0.0] * len(p["audiogram_levels_l"])) for p in people.values()
        ],
    )
    challenge = load(root)
    tree.enhance(challenge, tmp_path / "signals")
    pair = challenge.pairs()[0]
    ears = Ears(challenge, True).write(SignalFolder(tmp_path / "signals"), pair, tmp_path)
    heard = {ear: soundfile.read(path)[0] for ear, path in ears}
    given = soundfile.read(tmp_path / "signals" / challenge.enhanced_file(pair, "left", ""))[0]
    left, right = (20 * np.log10(np.std(heard[ear]) / np.std(given)) for ear in ("left", "right"))
    assert len(given) == len(heard["left"]) < len(heard["right"]) <= len(given) + 255
    assert left == pytest.approx(0, abs=2)
    assert right < left - 3
