"""Checkpoints that are damaged or made to harm: one line that says why, and no memory taken on their word."""

import json
import subprocess
import sys
import zipfile

import numpy as np
import pytest
import soundfile
import torch
from official_cases import SMALL as BEATS
from official_cases import random_state, student_shapes
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from haaqinet_eval import InputError, load_scorer
from haaqinet_eval.mixture_aware.predictor import load_target
from haaqinet_eval.model import Dimensions, HaaqiNet, read_metadata, save_model
from haaqinet_eval.model.paper import PaperDimensions, PaperNet
from haaqinet_eval.scorers.haaqinet_target import WEIGHTS as TARGET

SMALL = Dimensions(members=0, clips=1, clip_channels=8, confidence=True)
PAPER = PaperDimensions(hidden=4, linear=16)
HUGE = 10**9


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """Tensors and metadata of files that are as they should be, by kind."""
    folder = tmp_path_factory.mktemp("sound")
    save_model(HaaqiNet(SMALL), folder / "ours.safetensors", "trial")
    save_model(PaperNet(PAPER), folder / "paper.safetensors", "trial")
    found = {}
    for kind in ("ours", "paper"):
        path = folder / f"{kind}.safetensors"
        found[kind] = load_file(path), read_metadata(path)
    with safe_open(TARGET, "pt") as file:
        found["target"] = load_file(TARGET), file.metadata()
    return found


def with_dims(**changes):
    def damage(state, metadata):
        metadata["dimensions"] = json.dumps({**json.loads(metadata["dimensions"]), **changes})

    return damage


def with_cfg(**changes):
    def damage(state, metadata):
        metadata["cfg"] = json.dumps({**json.loads(metadata["cfg"]), **changes})

    return damage


def with_metadata(**changes):
    def damage(state, metadata):
        for key, value in changes.items():
            metadata.pop(key, None)
            if value is not None:
                metadata[key] = value

    return damage


def with_tensor(change, key=None):
    """One tensor changed; None takes it out."""

    def damage(state, metadata):
        name = key or next(k for k, v in state.items() if v.ndim == 2)
        value = change(state.pop(name))
        if value is not None:
            state[name] = value

    return damage


DAMAGES = {
    "ours": {
        "clips 1000000000 is not from 0 to 64": with_dims(clips=HUGE),
        "members 1000000000 is not from 0 to 64": with_dims(members=HUGE),
        "clip_channels 1000000000 is not from": with_dims(clip_channels=HUGE),
        "of another shape: clips.0": with_dims(clip_channels=16_384),
        "missing: members.0": with_dims(members=1, channels=[16_384] * 3),
        "members and clips 0 is not from 1": with_dims(clips=0),
        "clips -1 is not from 0": with_dims(clips=-1),
        "clips '2' is no int": with_dims(clips="2"),
        "clips True is no int": with_dims(clips=True),
        "dropout nan is not from 0": with_dims(dropout=float("nan")),
        "channels \\(40, 64\\) are not three": with_dims(channels=[40, 64]),
        "channels \\('a', 'b', 'c'\\) is no tuple": with_dims(channels=["a", "b", "c"]),
        "sample_rate 0 is not 24000": with_dims(sample_rate=0),
        "front_end 'beats' is not 'auditory'": with_dims(front_end="beats"),
        "'loudness'.* are not": with_dims(loudness=1),
        "its metadata have no dimensions": with_metadata(dimensions=None),
        "dimensions: no JSON": with_metadata(dimensions="{"),
        "dimensions: no JSON: maximum recursion": with_metadata(dimensions="[" * 100_000),
        "dimensions: no object": with_metadata(dimensions="[1]"),
        "name .* is no line": with_metadata(name="a\nb" * 1000),
        "format 'x' is none of": with_metadata(format="x"),
        "1 missing": with_tensor(lambda x: None),
        "1 unexpected: b": lambda state, metadata: state.update(b=torch.zeros(1)),
        "1000 unexpected: .* and 700 more$": lambda state, metadata: state.update(
            dict.fromkeys(map(str, range(1_000)), torch.zeros(0))
        ),
        "of another shape": with_tensor(lambda x: torch.zeros(0, 2**40)),
        "not finite in": with_tensor(lambda x: x * float("nan")),
        "of another kind: .*complex64": with_tensor(lambda x: x.to(torch.complex64)),
        "of another kind: .*bool": with_tensor(lambda x: x > 0),
        "of another kind: clips.0.norm.num_batches_tracked": with_tensor(
            lambda x: x.float(), "clips.0.norm.num_batches_tracked"
        ),
    },
    "paper": {
        "hidden 1000000000 is not from 1": with_dims(hidden=HUGE),
        "hidden 0 is not from 1": with_dims(hidden=0),
        "adapter -1 is not from 0": with_dims(adapter=-1),
        "average 300 is not from 1 to 257": with_dims(average=300),
        "level_scale inf is not from 0": with_dims(level_scale=float("inf")),
        "front end 'mel' is unknown": with_dims(front_end="mel"),
        "encoder .* is no dict": with_dims(encoder=[]),
        "options {'loud': 1}": with_dims(encoder={"loud": 1}),
        "cfg encoder_layers 1000000000 is not from 1 to 64": with_dims(
            front_end="beats", encoder={"encoder_layers": HUGE}
        ),
        "cfg conv_pos_groups 0 is not from 1": with_dims(front_end="beats", encoder={"conv_pos_groups": 0}),
        "cfg embed_dim 'x'|cfg embed_dim is 'x'": with_dims(front_end="beats", encoder={"embed_dim": "x"}),
        "speech model 'x' is unknown|needs torchaudio": with_dims(front_end="ssl", encoder={"name": "x"}),
        "missing: .*front_end.net": with_dims(front_end="beats", encoder={"encoder_embed_dim": 12_288}),
    },
    "target": {
        "format 'x', not haaqinet-target-3": with_cfg(format="x"),
        "cfg names: no list of features": with_cfg(names=3),
        "cfg margin 'x' is not from -1 to 1": with_cfg(margin="x"),
        "cfg margin nan is not from": with_cfg(margin=float("nan")),
        "features that are not there": with_cfg(names=["d_loud"]),
        "format None": with_metadata(cfg=None),
        "cfg: no object": with_metadata(cfg="3"),
        "outputs of a network 0": with_tensor(lambda x: None, "network0.last.weight"),
        "width of a network 0": with_tensor(lambda x: x[:, :0], "network0.last.weight"),
        "missing: .*layers.0.bias": with_tensor(lambda x: None, "roles.layers.0.bias"),
        "mean: has": with_tensor(lambda x: None, "mean.left"),
        "mean.left: torch.float32": with_tensor(lambda x: x.float(), "mean.left"),
        "low: its trees": with_tensor(lambda x: x * 0, "low.left"),  # a way that goes in circles for ever
        "high: its trees": with_tensor(lambda x: x + 10_000, "high.right"),
        "mean: its trees": with_tensor(lambda x: x - 1, "mean.roots"),
        "unexpected key 'b'": lambda state, metadata: state.update(b=torch.zeros(1)),
    },
}


@pytest.mark.parametrize(
    ("kind", "message"), [(kind, message) for kind, some in DAMAGES.items() for message in some]
)
def test_a_damaged_file_is_refused_in_one_line(sound, tmp_path, kind, message):
    state, metadata = (dict(part) for part in sound[kind])
    DAMAGES[kind][message](state, metadata)
    path = tmp_path / "damaged.safetensors"
    save_file({key: value.clone() for key, value in state.items()}, path, metadata)
    name = "haaqinet_target" if kind == "target" else "haaqinet"
    with pytest.raises(InputError, match=message) as error:
        load_scorer(name, weights=path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 35_000


@pytest.mark.parametrize("name", ["haaqinet", "haaqinet_target"])
def test_bytes_that_are_no_file_of_ours(tmp_path, name):
    whole = TARGET.read_bytes()
    for ending in (".safetensors", ".pth", ".wav"):
        for content in (b"", b"RIFF\x24\0\0\0WAVEfmt ", b"PK\3\4", b"\x80\x02.", b"\xff" * 64, whole[:5000]):
            path = tmp_path / f"x{ending}"
            path.write_bytes(content)
            with pytest.raises(InputError, match=f"weights .*x{ending}"):
                load_scorer(name, weights=path)
    with pytest.raises(InputError, match="no such file"):
        load_scorer(name, weights=tmp_path)


@pytest.mark.parametrize("name", ["haaqinet", "haaqinet_target"])
def test_a_wav_file_is_no_checkpoint(tmp_path, name):
    soundfile.write(tmp_path / "x.wav", np.zeros(30_000), 24_000)
    with pytest.raises(InputError, match=r"weights .*x.wav"):
        load_scorer(name, weights=tmp_path / "x.wav")


@pytest.fixture(scope="module")
def student():
    return random_state(student_shapes(BEATS), seed=1)


TORCH = {
    "no state dict of plain tensors: b": lambda s: {"model": s | {"b": {"c": torch.zeros(2)}}},
    "no state dict of plain tensors: 3": lambda s: {3: torch.zeros(2)},
    "no state dict of plain tensors: linear2.weight": lambda s: (
        s | {"linear2.weight": torch.zeros(1).expand(2**20, 2**20)}
    ),
    "no state dict of plain tensors: linear2.bias": lambda s: s | {"linear2.bias": torch.eye(3).to_sparse()},
    "no state dict of plain tensors: empty": lambda s: {"model": {}},
    "'model' and 'cfg' are not both dicts": lambda s: {"model": [1], "cfg": {}},
    "holds a list": lambda s: [1, 2],
    "width features 1099511627776 is not from 1": lambda s: s | {"linear0.weight": torch.zeros(0, 2**40)},
    "of another kind: weights torch.complex64": lambda s: s | {"weights": torch.zeros(3).to(torch.complex64)},
    "not finite in weights": lambda s: s | {"weights": torch.full((3,), float("inf"))},
    "cfg embed_dim 0 is not from 1": lambda s: s | {"patch_embedding.weight": torch.zeros(0, 1, 16, 16)},
    "293 missing|missing: weights": lambda s: {"encoder.layers.123456789.fc1.weight": torch.zeros(2)},
}


@pytest.mark.parametrize("message", TORCH)
def test_a_damaged_file_of_torch_is_refused_in_one_line(tmp_path, student, message):
    path = tmp_path / "net.pth"
    torch.save(TORCH[message](dict(student)), path)
    with pytest.raises(InputError, match=message) as error:
        load_scorer("haaqinet", weights=path)
    assert "\n" not in str(error.value)


def test_a_compressed_file_of_torch_is_not_unpacked(tmp_path, student):
    torch.save(student, tmp_path / "plain.pth")
    with (
        zipfile.ZipFile(tmp_path / "plain.pth") as plain,
        zipfile.ZipFile(tmp_path / "net.pth", "w", zipfile.ZIP_DEFLATED) as packed,
    ):
        for name in plain.namelist():
            packed.writestr(name, plain.read(name))
    with pytest.raises(InputError, match="is compressed"):
        load_scorer("haaqinet", weights=tmp_path / "net.pth")


def test_a_small_file_takes_little_memory(tmp_path, sound):
    """Dimensions of 9 GB in a file of 2 KB: shapes are compared before there is a number."""
    _, metadata = sound["ours"]
    metadata = dict(metadata)
    with_dims(members=60, channels=[16_384] * 3, filters=16_384, features=16_384)({}, metadata)
    path = tmp_path / "small.safetensors"
    save_file({"a": torch.zeros(1)}, path, metadata)
    code = (
        "import resource, sys\n"
        "from haaqinet_eval import InputError\n"
        "from haaqinet_eval.model import load_model\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try: load_model(sys.argv[1])\n"
        "except InputError as error: assert 'missing' in str(error), error\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 200_000  # KiB


def test_the_shipped_files_are_sound():
    assert load_scorer("haaqinet").version.startswith("sixth-")
    assert len(load_target(TARGET)[0].networks) == 3
