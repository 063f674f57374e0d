"""Embeddings: the numbers of the authors' own packages, gradients, and sets."""

import importlib.util
import json
import struct

import numpy as np
import pytest
import torch
from places import TESTS
from scipy.signal import butter, sosfilt

from haaqinet_eval import Audiogram, InputError, Stimulus, load_scorer
from haaqinet_eval.embeddings import EmbeddingLoss, cosine, frechet_distance, load_embedding
from haaqinet_eval.embeddings.mel import librosa_filters
from haaqinet_eval.embeddings.tf_checkpoint import read_checkpoint
from haaqinet_eval.embeddings.vggish import PCA_FILE, convolutions, dense_layers

GOLDEN = json.loads((TESTS / "golden" / "embeddings.json").read_text())
EAR, RATE = Audiogram.flat(40), 16_000


def made_up_sound():
    spec = importlib.util.spec_from_file_location("make_embeddings", TESTS / "golden" / "make_embeddings.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return torch.from_numpy(module.sound()).float()[None]


@pytest.fixture(scope="module")
def vggish_weights(tmp_path_factory):
    """torchvggish's layout, with the weights that its network draws from the seed 0."""
    torch.manual_seed(0)
    net = torch.nn.ModuleDict({"features": convolutions(), "embeddings": dense_layers()})
    path = tmp_path_factory.mktemp("vggish") / "vggish-10086976.pth"
    torch.save(net.state_dict(), path)
    rng = np.random.default_rng(0)
    turn = np.linalg.qr(rng.standard_normal((128, 128)))[0]
    np.savez(path.with_name(PCA_FILE), pca_eigen_vectors=turn, pca_means=np.zeros((128, 1)))
    return path


def test_vggish_has_torchvggishs_numbers(vggish_weights):
    net, signal = load_embedding("vggish", vggish_weights), made_up_sound()
    torch.testing.assert_close(
        net.examples(signal)[0, :, ::19, ::9], torch.tensor(GOLDEN["vggish"]["examples"]), atol=2e-4, rtol=0
    )
    torch.testing.assert_close(
        net(signal, EAR, 65.0)[0], torch.tensor(GOLDEN["vggish"]["vectors"]), atol=1e-6, rtol=0
    )
    few = load_embedding("vggish_quantised", vggish_weights)(signal, EAR, 65.0)
    assert few.shape == (1, 6, 128)
    assert ((few == few.round()) & (few >= 0) & (few <= 255)).all()


def test_musicnn_has_its_packages_numbers():
    try:
        net = load_embedding("musicnn")
    except InputError as error:
        pytest.skip(str(error))
    found = net(made_up_sound(), EAR, 65.0)[0].double().numpy()
    theirs = np.array(GOLDEN["musicnn"])
    assert found.shape == theirs.shape == (2, 200)
    assert np.abs(found - theirs).max() < 0.01 * theirs.std()


def test_bands_are_librosas():
    librosa = pytest.importorskip("librosa")
    theirs = librosa.filters.mel(sr=RATE, n_fft=512, n_mels=96).T
    np.testing.assert_allclose(librosa_filters(96, 512, RATE), theirs, atol=1e-7)


def entry(key, value, shared=0):
    return bytes([shared, len(key) - shared, len(value)]) + key[shared:] + value


def block(*entries):
    return b"".join(entries) + struct.pack("<II", 0, 1) + b"\0" * 5


def test_a_checkpoint_is_read_as_tensorflow_writes_it(tmp_path):
    one, two = np.arange(6, dtype="<f4"), np.float32(7.5).reshape(1)
    (tmp_path / "x.data-00000-of-00001").write_bytes(one.tobytes() + two.tobytes())
    shape = b"\x12\x08\x12\x02\x08\x02\x12\x02\x08\x03"  # 2, 3
    first = entry(b"a/kernel", b"\x08\x01" + shape + b"\x28\x18\x35abcd")
    second = entry(b"a/k2", b"\x08\x01\x12\x04\x12\x02\x08\x01\x20\x18\x28\x04\x35abcd", 3)
    data = block(entry(b"", b"\x08\x01"), first, second)
    index = block(entry(b"z", bytes([0, len(data) - 5])))
    footer = bytes([0, 0, len(data), len(index) - 5]).ljust(40, b"\0")
    path = tmp_path / "x.index"
    path.write_bytes(data + index + footer + bytes.fromhex("57fb808b247547db"))
    found = read_checkpoint(path)
    assert {name: value.tolist() for name, value in found.items()} == {
        "a/kernel": one.reshape(2, 3).tolist(),
        "a/k2": [7.5],
    }
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(InputError, match="is no index of a TensorFlow checkpoint"):
        read_checkpoint(path)


@pytest.mark.parametrize(
    ("name", "weights", "said"),
    [
        ("vggish", None, "weights are in no package; give weights=vggish-10086976.pth"),
        ("vggish", "nowhere.pth", "nowhere.pth: no such file"),
        ("musicnn", "nowhere.index", "nowhere.*No such file"),
        ("openl3", None, "'openl3' is unknown; known: haaqinet, musicnn, vggish, vggish_quantised"),
    ],
)
def test_weights_that_are_not_there_are_one_sentence(name, weights, said):
    with pytest.raises(InputError, match=said):
        load_embedding(name, weights)


def test_haaqinets_own_hears_with_the_listeners_ear():
    net = load_embedding("haaqinet")
    time = torch.arange(2 * net.sample_rate) / net.sample_rate
    clean = 0.05 * sum(torch.sin(2 * torch.pi * hz * time) for hz in (220, 440, 660))[None]
    noise = np.random.default_rng(0).standard_normal(len(time))
    hiss = torch.from_numpy(sosfilt(butter(8, 4000, "high", fs=net.sample_rate, output="sos"), 0.003 * noise))
    hiss = hiss.float()[None]
    deaf_above = Audiogram((10, 10, 10, 20, 90, 110, 120, 120))
    likeness = {
        name: float(cosine(net(clean + hiss, ear, 65.0), net(clean, ear, 65.0)))
        for name, ear in {"sound": Audiogram.flat(0), "deaf": deaf_above}.items()
    }
    assert likeness["sound"] < likeness["deaf"] < 1


def test_the_loss_falls_along_its_gradient():
    loss = EmbeddingLoss(load_embedding("haaqinet"))
    generator = torch.Generator().manual_seed(1)
    clean = 0.05 * torch.randn(1, RATE, generator=generator).cumsum(-1).sin()
    noisy = (clean + 0.02 * torch.randn(1, RATE, generator=generator)).requires_grad_()
    before = loss(noisy, clean, RATE, EAR)
    before.sum().backward()
    step = noisy.detach() - 1e-3 * noisy.grad / noisy.grad.abs().max()
    assert 0 < float(loss(step, clean, RATE, EAR)) < float(before.detach())
    assert float(loss(clean, clean, RATE, EAR)) == pytest.approx(0, abs=1e-5)
    with pytest.raises(InputError, match=r"\[B, T\] of both"):
        loss(clean[0], clean, RATE, EAR)


def test_frechet_distance_is_that_of_normal_distributions():
    rng = np.random.default_rng(0)
    one, two = rng.standard_normal((4000, 3)), rng.standard_normal((4000, 3)) * (1, 2, 3) + (1, 0, 2)
    # of independent components: squared differences of means and of deviations
    assert frechet_distance(one, two) == pytest.approx(1 + 4 + 0 + 1 + 4, rel=0.05)
    assert frechet_distance(one, one) == pytest.approx(0, abs=1e-9)
    with pytest.raises(InputError, match="are needed"):
        frechet_distance(one, two[:1])


def test_a_back_end_without_an_ear_can_be_given_the_listeners(vggish_weights):
    pytest.importorskip("clarity")
    signal = made_up_sound()[0, : 2 * RATE].double().numpy()
    hiss = 0.01 * np.random.default_rng(0).standard_normal(len(signal))
    given = Stimulus(signal + hiss, RATE, Audiogram.flat(70), 65.0, reference=signal, amplified=True)
    plain, heard = (load_scorer("embedding_vggish", weights=vggish_weights, ear=ear) for ear in (False, True))
    assert (plain.version + heard.version).count("+msbg") == 1
    assert heard(given).value > plain(given).value  # the hiss is below the threshold
    with pytest.raises(InputError, match="hears with the listener's ear anyway"):
        load_scorer("embedding_similarity", ear=True)
