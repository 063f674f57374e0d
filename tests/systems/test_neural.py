"""HDemucs and Open-Unmix: the path around the model, with small models, and missing weights.

The weights themselves are nowhere in the tests; small models with random weights show that
what surrounds them (chunks, cross-fades, normalisation, order of stems) is pyclarity's.
"""

import sys
import types

import numpy as np
import pytest

from haaqinet_eval.errors import InputError
from haaqinet_eval.systems import MUSDB_STEMS, Song, load_system

torch = pytest.importorskip("torch")

from clarity.utils.signal_processing import denormalize_signals, normalize_signal  # noqa: E402
from clarity.utils.source_separation_support import separate_sources  # noqa: E402
from torchaudio.models import HDemucs  # noqa: E402

from haaqinet_eval.systems import neural  # noqa: E402

RATE = 44100
SOURCES = ["drums", "bass", "other", "vocals"]


def make_song(stems=MUSDB_STEMS):
    mixture = 0.1 * np.random.default_rng(2).standard_normal((RATE, 2)).cumsum(0) / 50
    return Song("Artist - Title", mixture, RATE, {stem: stem for stem in stems}, dict)


def wrap(model, rate=RATE):
    return neural.TorchSeparator("hdemucs", model, SOURCES, rate, normalise=True, device=torch.device("cpu"))


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """An empty folder in place of torch's own, and a guard against any download."""
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))

    def refuse(*args, **kwargs):
        raise AssertionError("a download was tried")

    monkeypatch.setattr(torch.hub, "download_url_to_file", refuse)
    monkeypatch.setattr("torchaudio.utils.download._download", refuse, raising=False)
    return tmp_path


@pytest.fixture(scope="module")
def tiny():
    torch.manual_seed(0)
    return HDemucs(SOURCES, channels=4, nfft=1024, depth=5, norm_starts=9).eval()


@pytest.mark.parametrize("length", [8000, 11 * 800, 25 * 800, 30 * 800 + 17])
def test_chunks_are_those_of_pyclarity(length):
    rate = 800  # Hz: a chunk has 8800 samples, so that one, two and three chunks are short
    torch.manual_seed(1)
    mixture = torch.randn(2, length)

    def model(x):  # depends on where the chunk begins, as a network does
        return torch.stack([x * (k + torch.linspace(0, 1, x.shape[-1])) for k in range(4)], 1)

    wrapped = types.SimpleNamespace(forward=model)
    expected = separate_sources(wrapped, mixture, rate)[0]
    got = neural.separate_in_chunks(model, mixture, rate, 4).numpy()
    np.testing.assert_allclose(got, expected, atol=1e-6)


def test_hdemucs_around_the_model_is_as_in_pyclarity(tiny):
    song = make_song()
    system = wrap(tiny)
    got = system.separate(song)

    signal, ref = normalize_signal(song.mixture.T)
    stems = separate_sources(tiny, torch.from_numpy(signal.astype(np.float32)), RATE)[0]
    stems = denormalize_signals(stems, ref).transpose(0, 2, 1)
    assert set(got) == set(MUSDB_STEMS)
    for source, stem in zip(SOURCES, stems, strict=True):
        np.testing.assert_allclose(got[source], stem, atol=1e-5)


def test_another_sample_rate_keeps_the_length(tiny):
    song = make_song()
    system = wrap(tiny, 16000)
    assert {stem.shape for stem in system.separate(song).values()} == {song.mixture.shape}


def test_silence_stays_silence(tiny):
    song = make_song()
    song.mixture[:] = 0
    system = wrap(tiny)
    assert not any(stem.any() for stem in system.separate(song).values())


def test_hdemucs_reads_the_weights_that_are_there(hub, tmp_path, monkeypatch, tiny):
    bundle = sys.modules["torchaudio.pipelines"].HDEMUCS_HIGH_MUSDB
    path = hub / "torchaudio" / bundle._model_path
    path.parent.mkdir(parents=True)
    torch.save(tiny.state_dict(), path)

    def small():
        return HDemucs(SOURCES, channels=4, nfft=1024, depth=5, norm_starts=9)

    monkeypatch.setattr(bundle, "_model_factory_func", small)
    model = load_system("demucs", device="cpu").model
    for name, value in tiny.state_dict().items():
        torch.testing.assert_close(model.state_dict()[name], value)
    torch.save({"conv.weight": torch.zeros(1)}, tmp_path / "other.pt")
    with pytest.raises(InputError, match=r"other\.pt: no weights for system hdemucs: .* is missing"):
        load_system("hdemucs", weights=tmp_path / "other.pt")
    (tmp_path / "text.pt").write_text("no weights")
    with pytest.raises(InputError, match=r"text\.pt: no weights for system hdemucs"):
        load_system("hdemucs", weights=tmp_path / "text.pt")


@pytest.mark.parametrize("name", ["hdemucs", "openunmix"])
def test_missing_weights_name_the_option_and_fetch_nothing(name, hub):
    with pytest.raises(InputError, match=r"separator\.download=true.*separator\.weights=PATH"):
        load_system(name)
    with pytest.raises(InputError, match=r"nowhere"):
        load_system(name, weights=hub / "nowhere", download=True)


class FakeUnmix(torch.nn.Module):
    """The surface of openunmix's `Separator` that the wrapper uses."""

    def __init__(self):
        super().__init__()
        self.target_models = torch.nn.ModuleDict({stem: torch.nn.Linear(1, 1) for stem in MUSDB_STEMS})
        self.register_buffer("sample_rate", torch.as_tensor(44100.0))

    def forward(self, audio):
        return torch.stack([audio * model.weight for model in self.target_models.values()], 1)


def test_openunmix_loads_each_target_from_its_file(hub, monkeypatch):
    package = types.ModuleType("openunmix")
    package.umxhq = lambda niter, pretrained=True: FakeUnmix()
    folder = hub / "checkpoints"
    folder.mkdir()
    for k, file in enumerate(neural.UMXHQ_FILES, 1):
        state = {"weight": torch.full((1, 1), 0.1 * k), "bias": torch.zeros(1), "stft.window": torch.ones(3)}
        torch.save(state, folder / file)
    monkeypatch.setitem(sys.modules, "openunmix", None)
    with pytest.raises(InputError, match="pip install openunmix"):
        load_system("openunmix")
    monkeypatch.setitem(sys.modules, "openunmix", package)
    song = make_song()
    stems = load_system("openunmix", device="cpu").separate(song)
    middle = slice(0, len(song.mixture) // 2)  # the end fades out, as pyclarity's
    for k, stem in enumerate(("vocals", "drums", "bass", "other"), 1):
        np.testing.assert_allclose(stems[stem][middle], 0.1 * k * song.mixture[middle], atol=1e-6)


def test_neural_systems_know_popular_music_only(tiny):
    song = make_song(stems=("source_1", "source_2", "source_3", "source_4"))
    system = wrap(tiny)
    with pytest.raises(InputError, match="separates vocals, drums, bass, other"):
        system.separate(song)


@pytest.mark.parametrize("device", ["tpu", "gpu", "gpu99"])
def test_unknown_device(device):
    with pytest.raises(InputError, match=r"separator\.device"):
        neural.pick_device(device)
