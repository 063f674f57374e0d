import json

import numpy as np
import pytest
from clarity.utils.audiogram import Audiogram as ClarityAudiogram
from clarity.utils.audiogram import Listener as ClarityListener

from haaqinet_eval import Audiogram, InputError, Listener, read_listeners
from haaqinet_eval.audiogram import write_listeners

SLOPE = Audiogram((20, 25, 30, 40, 50, 55, 60, 65))


def test_resample_agrees_with_pyclarity():
    frequencies = np.array([250.0, 333, 500, 1500, 2500, 5000, 8000])
    theirs = ClarityAudiogram(np.array(SLOPE.levels), np.array(SLOPE.frequencies)).resample(frequencies)
    assert SLOPE.resample(frequencies).levels == pytest.approx(tuple(theirs.levels))


def test_levels_are_held_beyond_the_ends():
    assert SLOPE.at(100) == 20
    assert SLOPE.at(16000) == 65


@pytest.mark.parametrize("level", [0, 15, 15.1, 35, 35.1, 56, 56.1, 100])
def test_severity_clarity_agrees_with_pyclarity(level):
    theirs = ClarityAudiogram(np.full(8, float(level))).severity.lower()
    ours = Audiogram.flat(level).severity_clarity
    assert ours == ("none" if theirs == "nothing" else theirs)


@pytest.mark.parametrize(
    ("level", "word"),
    [
        (19, "none"),
        (20, "mild"),
        (35, "moderate"),
        (50, "moderately severe"),
        (65, "severe"),
        (80, "profound"),
    ],
)
def test_severity_humes_takes_the_better_ear(level, word):
    listener = Listener("L1", Audiogram.flat(level), Audiogram.flat(100))
    assert listener.severity_humes == word


def test_the_two_severities_differ_and_are_named():
    listener = Listener("L1", SLOPE, SLOPE)
    assert (listener.severity_humes, SLOPE.severity_clarity) == ("moderate", "moderate")
    high = Audiogram((0, 0, 0, 10, 60, 80, 80, 80))
    assert (Listener("L2", high, high).severity_humes, high.severity_clarity) == ("mild", "severe")


def test_audiograms_are_values():
    assert Audiogram([20] * 8) == Audiogram.flat(20.0)
    assert len({Audiogram.flat(20), Audiogram.flat(20), Audiogram.flat(30)}) == 2


def test_listeners_make_the_round_trip_through_pyclarity(tmp_path):
    listeners = [Listener("L0001", SLOPE, Audiogram.flat(10)), Listener("L0002", SLOPE, SLOPE)]
    path = tmp_path / "listeners.json"
    write_listeners(path, listeners)
    assert list(read_listeners(path).values()) == listeners
    theirs = ClarityListener.load_listener_dict(path)["L0001"]
    assert tuple(theirs.audiogram_left.levels) == SLOPE.levels
    assert tuple(theirs.audiogram_right.levels) == (10,) * 8


@pytest.mark.parametrize(
    ("levels", "frequencies", "message"),
    [
        ((20, None), (250, 500), "None is not a number"),
        ((20, "30"), (250, 500), "'30' is not a number"),
        ((20, float("nan")), (250, 500), "nan is not a finite"),
        ((20, 130), (250, 500), "130 dB HL at 500 Hz is outside"),
        ((20, 30), (500, 250), "250 Hz follows 500 Hz"),
        ((20, 30), (250, 250), "250 Hz follows 250 Hz"),
        ((20,), (250, 500), "1 levels for 2 frequencies"),
        ((), (), "0 levels"),
        ((20, 30), (0, 250), "0 Hz is not above 0"),
    ],
)
def test_bad_audiograms_are_refused_with_the_value(levels, frequencies, message):
    with pytest.raises(InputError, match=message):
        Audiogram(levels, frequencies)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not a JSON file"),
        ("[]", "expected an object"),
        ('{"L1": 3}', "listener L1: a int is no listener record"),
        ('{"L1": {"name": "L1", "audiogram_cfs": [250]}}', "listener L1: field 'audiogram_levels_l'"),
    ],
)
def test_bad_listener_files_are_refused_by_name(tmp_path, text, message):
    path = tmp_path / "bad.json"
    path.write_text(text)
    with pytest.raises(InputError, match=message) as error:
        read_listeners(path)
    assert str(path) in str(error.value)


def test_a_missing_band_names_listener_and_file(tmp_path):
    record = Listener("L7", SLOPE, SLOPE).to_dict()
    record["audiogram_levels_r"][3] = None
    path = tmp_path / "listeners.json"
    path.write_text(json.dumps({"L7": record}))
    with pytest.raises(InputError, match=r"listeners.json: listener L7: audiogram levels: None"):
        read_listeners(path)


@pytest.mark.parametrize("text", ["", "250", "250:x", "250:20;500:30"])
def test_audiogram_text_that_is_no_list_of_pairs(text):
    with pytest.raises(InputError, match="is not Hz:dB") as found:
        Audiogram.parse(text)
    assert ("put commas between the pairs" in str(found.value)) == (";" in text)
