"""The shipped scorer that knows the target, and what the three challenges tell it."""

import hashlib
import json
from dataclasses import replace

import cadenza_tree as tree
import numpy as np
import pytest
from places import ROOT

from haaqinet_eval import Audiogram, Stimulus, Unscorable, load_scorer
from haaqinet_eval.audio import resample
from haaqinet_eval.cadenza import load_challenge
from haaqinet_eval.cadenza.challenge import pair_trials
from haaqinet_eval.cadenza.loaders import pair_loaders
from haaqinet_eval.nalr import NalR
from haaqinet_eval.scorers.haaqinet_target import WEIGHTS
from haaqinet_eval.synthesis.music import make_song

RATE = 24_000
EAR = Audiogram((15, 20, 25, 30, 40, 45, 50, 55))


@pytest.fixture(scope="module")
def scorer():
    return load_scorer("haaqinet_target")


@pytest.fixture(scope="module")
def stems():
    song = make_song(seed=77, style="folk", duration=4.0)
    return {name: resample(np.ascontiguousarray(x[:, 0]), 44_100, RATE) for name, x in song.items()}


def heard(stems, gains, output=None):
    """A stimulus of stems for one ear, the output amplified; by default the mixture."""
    mixture, nalr = sum(stems.values()), NalR(140, RATE)
    level1 = 65 - 20 * np.log10(np.std(mixture))
    output = nalr.amplify(EAR, mixture if output is None else output)
    return Stimulus(output, RATE, EAR, level1, mixture=mixture, gains=gains)


def test_weights_are_those_of_the_card():
    card = (ROOT / "docs" / "model_card_target.md").read_text()
    assert sum(path.stat().st_size for path in WEIGHTS.parent.glob("*.safetensors")) <= 10e6  # of all
    assert hashlib.sha256(WEIGHTS.read_bytes()).hexdigest() in card


def test_the_mixture_scores_lower_the_more_is_asked_for(scorer, stems):
    asked = [dict.fromkeys(stems, 0.0) | {"vocals": gain} for gain in (0.0, 10.0)]
    none, much = (scorer(heard(stems, gains)) for gains in asked)
    assert none.value > much.value + 0.1
    assert much.interval[0] <= much.value <= much.interval[1]


def test_a_mixture_amplified_by_the_caller_is_the_same(scorer, stems):
    given = heard(stems, dict.fromkeys(stems, 3.0) | {"bass": -6.0})
    amplified = replace(given, mixture=NalR(140, RATE).amplify(EAR, given.mixture), amplified=True)
    made_late = replace(amplified, mixture=lambda: amplified.mixture)
    assert scorer(amplified).value == pytest.approx(scorer(given).value, abs=0.01)
    assert scorer(made_late) == scorer(amplified)


def test_sources_without_roles_may_come_in_any_order(scorer, stems):
    one = scorer(heard(stems, {"source_1": 6.0, "source_2": 0.0}))
    assert scorer(heard(stems, {"source_1": 0.0, "source_2": 6.0})) == one


def test_a_delayed_output_scores_about_the_same(scorer, stems):
    gains = dict.fromkeys(stems, 0.0) | {"drums": 6.0}
    given = heard(stems, gains)
    late = replace(given, processed=np.concatenate([np.zeros(110), given.processed]))
    assert scorer(late).value == pytest.approx(scorer(given).value, abs=0.02)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"gains": {"vocals": float("nan")}}, "bad_gains"),
        ({"gains": {}}, "needs_gains"),
        ({"mixture": np.zeros(96_000)}, "silent"),
        ({"mixture": np.ones(24_000)}, "length_mismatch"),
    ],
)
def test_what_is_wrong_with_the_target_is_said(scorer, stems, change, code):
    with pytest.raises(Unscorable) as error:
        scorer(replace(heard(stems, dict.fromkeys(stems, 0.0)), **change))
    assert error.value.code == code


def make_challenge(folder, name):
    root = tree.BUILDERS[name](folder / "root", 1.5)
    if name == "cad1_task1":
        parts = root / "audio/musdb18hq/train/Band - Song"
        tree.write_audio(parts / "mixture.wav", sum(tree.sound(50 + k, 1.5) for k in range(4)))
    config = tree.config(name, root, folder / "exp")
    challenge = load_challenge(name, config, {})
    tree.enhance(challenge, folder / "exp/sys/enhanced_signals")
    return root, challenge


@pytest.mark.parametrize("name", tree.BUILDERS)
def test_a_mixture_is_a_reference_without_gains(tmp_path, monkeypatch, name):
    monkeypatch.setattr("haaqinet_eval.cadenza.cad2_task1.segments.GAINS", dict.fromkeys(tree.STEMS, 0.0))
    root, challenge = make_challenge(tmp_path, name)
    path = root / "metadata/gains.json"
    if path.exists():
        none = {key: dict.fromkeys(gains, 0) for key, gains in json.loads(path.read_text()).items()}
        path.write_text(json.dumps(none))
        challenge = load_challenge(name, tree.config(name, root, tmp_path / "exp"), {})
    pair = challenge.pairs()[0]
    whole = sum(challenge.reference(pair, "left", stem).samples for stem in challenge.stems)
    mixture = challenge.ear_mixture(pair, "left")
    assert np.std(mixture - whole) < 3e-3 * np.std(whole)  # 16 bits


@pytest.mark.parametrize("name", tree.BUILDERS)
def test_the_challenges_tell_mixture_and_gains(tmp_path, name, scorer):
    _, challenge = make_challenge(tmp_path, name)
    systems = {"sys": tmp_path / "exp/sys/enhanced_signals"}
    pair = challenge.pairs()[0]
    load = next(pair_loaders(challenge, pair, systems, set_random_seed=True))
    stimulus = load(pair_trials(challenge, pair, "sys")[0])
    wanted = {
        "cad_icassp_2024": {"vocals": 10, "drums": 0, "bass": -3, "other": 0},
        "cad1_task1": {"drums": 0, "bass": -60, "other": -60, "vocals": -60},
        "cad1_task2": None,
        "cad2_task1": {"vocals": 1, "bass": -1, "drums": -1, "other": -1},
        "cad2_task2": {"source_1": -10, "source_2": 0},
    }
    assert stimulus.gains == wanted[name]
    if stimulus.gains is None:
        with pytest.raises(Unscorable, match="gains"):
            scorer(stimulus)
        return
    assert 0 <= scorer(stimulus).value <= 1
