"""What a person hears of a submission is what is scored: same names, same samples, from folder or zip."""

import zipfile

import numpy as np
import pytest
import soundfile
from cadenza_tree import BUILDERS, config, enhance

from haaqinet_eval import InputError
from haaqinet_eval.cadenza import CHALLENGES, load_challenge
from haaqinet_eval.submissions import Submission, from_adapter
from haaqinet_eval.submissions.listening import hear, place_of

EARS = ("left", "right")


@pytest.fixture(scope="module", params=CHALLENGES)
def made(request, tmp_path_factory):
    """A challenge's adapter and a run's folder with the signals of one system."""
    folder = tmp_path_factory.mktemp(request.param)
    root = BUILDERS[request.param](folder / "root")
    adapter = load_challenge(request.param, config(request.param, root, folder))
    enhance(adapter, folder / "exp" / "mine" / "enhanced_signals", noise=0.3)
    return adapter, folder / "exp"


@pytest.mark.parametrize("packed", [False, True])
def test_it_is_what_is_scored(made, tmp_path, packed):
    adapter, exp = made
    place = place_of("imported", str(exp / "results.csv"), "mine")
    if packed:
        with zipfile.ZipFile(tmp_path / "mine.zip", "w") as archive:
            for file in sorted(place.rglob("*")):
                archive.write(file, "top/" + file.relative_to(place).as_posix())
        place = place_of("submitted", str(tmp_path / "mine.zip"), "other")
    pair = adapter.pairs()[-1]
    stem = adapter.stems[-1]
    heard = hear(place, pair.scene, pair.listener, stem)
    assert heard.sample_rate == adapter.enhanced.sample_rate
    seconds = len(heard.samples) / heard.sample_rate
    with Submission(place, from_adapter(adapter)) as scored:
        for channel, ear in enumerate(EARS):
            file = adapter.enhanced_file(pair, ear, stem)
            same = scored.read_enhanced(file, adapter.enhanced, seconds)
            np.testing.assert_array_equal(heard.samples[:, channel], same[:, channel if not stem else 0])


def test_what_cannot_be_heard_is_told_without_a_path(tmp_path):
    exp = tmp_path / "exp"
    (exp / "mine" / "enhanced_signals" / "again").mkdir(parents=True)
    place = place_of("imported", str(exp / "results.csv"), "mine")
    with pytest.raises(InputError, match=r"^S1_L1_remix\.flac is missing$"):
        hear(place, "S1", "L1")
    (place / "S1_L1_remix.flac").write_bytes(b"RIFF" + bytes(4) + b"WAVE" + bytes(100))
    with pytest.raises(InputError, match=r"^the signal cannot be read: not a FLAC stream: a WAV") as error:
        hear(place, "S1", "L1")
    assert str(tmp_path) not in str(error.value)
    soundfile.write(place / "S1_L1_remix.flac", np.zeros((100, 1)), 32_000)
    with pytest.raises(InputError, match="1 channel of 16 bits"):
        hear(place, "S1", "L1")
    (place / "again" / "S1_L1_remix.flac").write_bytes(b"")
    with pytest.raises(InputError, match="is there more than once"):
        hear(place, "S1", "L1")
    with pytest.raises(InputError, match="made elsewhere, without audio"):
        place_of("external", "x.csv", "mine")
    with pytest.raises(InputError, match="system"):
        place_of("imported", str(exp / "results.csv"), "../mine")
