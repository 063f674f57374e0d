"""The neighbours of HAAQI: each library's own numbers, on what HAAQI would compare."""

import sys
from dataclasses import replace

import numpy as np
import pytest

from haaqinet_eval import Audiogram, InputError, Stimulus, Unscorable, load_scorer
from haaqinet_eval.nalr import NalR
from haaqinet_eval.registry import caution, challenge_names, is_ranked, scorer_record, scorer_records
from haaqinet_eval.scorers.paired import meet
from haaqinet_eval.trials import SharedReference

NAMES = [r.name for r in scorer_records().values() if r.kind == "neighbour"]
LISTED = ("pesq", "pesq_narrow", "stoi", "estoi", "si_sdr", "snr", "visqol_audio", "log_wmse", "dnsmos")
LOSS = Audiogram((15, 20, 25, 30, 40, 45, 50, 55))


def scorer_or_skip(name):
    try:
        return load_scorer(name)
    except InputError as error:
        pytest.skip(str(error))


def talk(rate, seconds=3.0):
    """Something like speech [T]: a gliding voice in syllables, and hiss."""
    t = np.arange(int(seconds * rate)) / rate
    phase = 2 * np.pi * np.cumsum(120 + 30 * np.sin(2 * np.pi * 0.7 * t)) / rate
    voice = sum(np.cos(k * phase) / k for k in range(1, 25) if k * 150 < rate / 2)
    rng = np.random.default_rng(1)
    return 0.05 * (voice + 0.3 * rng.standard_normal(len(t))) * (1.05 + np.sin(2 * np.pi * 3 * t)) / 2


def pair(rate):
    clean = talk(rate)
    return clean, clean + 0.01 * np.random.default_rng(2).standard_normal(len(clean))


def by_library(name, clean, noisy, rate):
    """What the library says of two signals at its own rate, as its manual calls it."""
    if name.startswith("pesq"):
        from pesq import pesq

        return pesq(rate, clean, noisy, "nb" if name == "pesq_narrow" else "wb")
    if name in ("stoi", "estoi"):
        from pystoi import stoi

        return stoi(clean, noisy, rate, extended=name == "estoi")
    if name in ("si_sdr", "snr"):
        noise = noisy - clean
        if name == "snr":  # by their definitions, and not by the library
            return 10 * np.log10(np.sum(clean**2) / np.sum(noise**2))
        target = clean * np.dot(noisy, clean) / np.dot(clean, clean)
        return 10 * np.log10(np.sum(target**2) / np.sum((noisy - target) ** 2))
    if name == "visqol_audio":
        from visqol import VisqolApi

        api = VisqolApi()
        api.create(mode="audio")
        return api.measure_from_arrays(clean, noisy, rate).moslqo
    if name == "log_wmse":
        import torch
        from torch_log_wmse import LogWMSE

        one, two = (torch.from_numpy(x)[None, None] for x in (clean, noisy))
        return float(LogWMSE(sample_rate=rate)(one, two[:, :, None], one[:, :, None]))
    from speechmos import dnsmos

    return dnsmos.run(noisy, rate)["ovrl_mos"]


@pytest.mark.parametrize("name", LISTED)
def test_the_librarys_own_number(name):
    scorer = scorer_or_skip(name)
    rate = int(scorer.sample_rate)
    clean, noisy = pair(rate)
    result = scorer(Stimulus(noisy, rate, LOSS, 65.0, reference=clean, amplified=True))
    assert result.value == pytest.approx(by_library(name, clean, noisy, rate), abs=1e-6)


def test_pesq_of_minutes_is_the_mean_of_pieces():
    scorer = scorer_or_skip("pesq_narrow")
    clean, noisy = (np.tile(x, 21)[: 61 * 8000] for x in pair(8000))
    thirds = zip(np.array_split(clean, 3), np.array_split(noisy, 3), strict=True)
    expected = np.mean([by_library("pesq_narrow", *third, 8000) for third in thirds])
    given = Stimulus(noisy, 8000, LOSS, 65.0, reference=clean, amplified=True)
    assert scorer(given).value == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_library_is_one_sentence(name, monkeypatch):
    if scorer_record(name).extra in ("", "net"):
        pytest.skip(f"{name} needs no other package")
    for package in ("pesq", "pystoi", "torchmetrics", "visqol", "torch_log_wmse", "speechmos"):
        for module in [m for m in sys.modules if m == package or m.startswith(f"{package}.")]:
            monkeypatch.delitem(sys.modules, module)
        monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(InputError, match=rf"^scorer {name} needs \w+.*: pip install 'haaqinet-eval\[\w+\]'$"):
        load_scorer(name)


@pytest.mark.parametrize("given", ["signal", "shared"])
def test_the_reference_is_amplified_for_the_listener_as_haaqis_is(given):
    scorer, rate = scorer_or_skip("si_sdr"), 44_100
    clean = talk(rate)
    amplified = NalR(220, rate).amplify(LOSS, clean)
    kept: dict = {}
    reference = clean if given == "signal" else SharedReference(lambda: clean, kept=kept)
    heard = Stimulus(amplified, rate, LOSS, 65.0, reference=reference)
    assert scorer(heard).value > 25  # HAAQI's filter is a little longer than the hearing aid's
    assert scorer(replace(heard, processed=clean)).value < 15
    assert scorer(replace(heard, reference=clean, amplified=True)).value < 15
    assert len(kept) == (given == "shared")


def test_signals_meet_in_time_and_neither_is_padded():
    rng = np.random.default_rng(0)
    clean = rng.standard_normal(24_000)
    late = np.concatenate([np.zeros(300), clean])
    for first, second in (meet(clean, late, 24_000), meet(late, clean, 24_000)[::-1]):
        assert len(first) == len(second) == 24_000 - 300
        np.testing.assert_array_equal(first, second)
    with pytest.raises(Unscorable) as error:
        meet(clean, clean[:20_000], 24_000)
    assert error.value.code == "length_mismatch"


@pytest.mark.parametrize("name", NAMES)
def test_a_neighbour_never_ranks_and_says_what_it_is_for(name):
    for challenge in challenge_names():
        assert not is_ranked(name, challenge)
        purpose = scorer_record(name).purpose
        assert (f"made for {purpose} and knows no" if purpose else "never compared") in caution(
            name, challenge
        )


def test_no_number_where_there_is_none():
    estoi = scorer_or_skip("estoi")
    clean = np.zeros(44_100)
    clean[:2000] = 0.1 * np.random.default_rng(0).standard_normal(2000)
    noise = 0.01 * np.random.default_rng(1).standard_normal(44_100)
    with pytest.raises(Unscorable) as error:
        estoi(Stimulus(noise, 44_100, LOSS, 65.0, reference=clean, amplified=True))
    assert error.value.code == "too_short"
