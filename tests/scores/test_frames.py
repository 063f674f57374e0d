"""Frame scores: packed without visible loss, and kept beside a results file."""

import numpy as np
import pytest

from haaqinet_eval import InputError
from haaqinet_eval.model import frame_times
from haaqinet_eval.scores.frames import append_frames, frames_file, merge_frames, pack, read_frames, unpack

RNG = np.random.default_rng(1)
KEY = ("c", "s", "scene \u2028 1", 'Song, "x"', "L1", "left", "", "haaqinet", "1")


def frames(count=5):
    return RNG.uniform(0, 1, count), 0.064 + 0.128 * np.arange(count)


@pytest.mark.parametrize("seconds", [0.05, 0.13, 0.2, 0.5, 10.0, 30.01])
def test_the_nets_frames_survive(seconds):
    times = frame_times(int(np.ceil(seconds / 0.128)), seconds)
    scores = RNG.uniform(0, 1, len(times))
    packed = pack((scores, times))
    assert len(packed.scores) == 2 * len(times)
    back, at = unpack(packed)
    assert np.abs(back - scores).max() <= 2.5e-4
    np.testing.assert_allclose(at, times, atol=1e-6)


@pytest.mark.parametrize(
    ("scores", "times", "message"),
    [
        ([], [], "not empty"),
        ([1.0], [0.1, 0.2], "two equal vectors"),
        ([np.nan], [0.1], "not finite"),
        ([1e6], [0.1], "not finite"),
        ([1.0, 1.0, 1.0, 1.0], [0.1, 0.2, 0.4, 0.5], "uneven, by up to 0.1 s"),
    ],
)
def test_what_cannot_be_kept_is_refused(scores, times, message):
    with np.errstate(over="ignore"), pytest.raises(InputError, match=message):
        pack((scores, times))


def test_a_later_line_counts_and_a_torn_one_is_left_out(tmp_path):
    results = tmp_path / "results.csv"
    first, second = frames(), frames(7)
    append_frames(results, [(KEY, first), ((*KEY[:-1], "2"), first)])
    with frames_file(results).open("ab") as file:
        file.write(b'{"key": ["c", "s"], "fir')
    append_frames(results, [])
    append_frames(results, [(KEY, second)])
    found = read_frames(results)
    assert set(found) == {KEY, (*KEY[:-1], "2")}
    assert np.abs(found[KEY][0] - second[0]).max() <= 2.5e-4
    assert read_frames(tmp_path / "other.csv") == {}


def test_a_damaged_line_is_told(tmp_path):
    frames_file(tmp_path / "results.csv").write_text('{"key": ["c"], "first": 0, "step": 1, "last": 1}\n')
    with pytest.raises(InputError, match=r"results_frames\.jsonl, line 1: no frame scores: 'scores'"):
        read_frames(tmp_path / "results.csv")


def test_batches_are_joined(tmp_path):
    parts = [tmp_path / f"results_{i}-3.csv" for i in (1, 2, 3)]
    for part in parts[:2]:
        append_frames(part, [((*KEY[:-1], part.stem), frames())])
    merged = tmp_path / "results.csv"
    for _ in range(2):
        merge_frames(parts, merged)
        assert {key[-1] for key in read_frames(merged)} == {"results_1-3", "results_2-3"}
    merge_frames(parts[2:], merged)
    assert not frames_file(merged).exists()
