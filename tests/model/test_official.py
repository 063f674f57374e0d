"""The authors' HAAQI-Net checkpoints: names, forms, and scores composed by hand."""

import math

import numpy as np
import pytest
import torch
from official_cases import (
    SMALL,
    parted,
    random_state,
    student_shapes,
    teacher_shapes,
)
from torch.nn import functional

from haaqinet_eval import Audiogram, Stimulus, load_scorer
from haaqinet_eval.cli import main
from haaqinet_eval.errors import InputError, Unscorable
from haaqinet_eval.model.paper.beats import BeatsConfig, load_beats
from haaqinet_eval.model.paper.kaldi_fbank import beats_fbank
from haaqinet_eval.model.paper.official import Sizes, Student, Teacher, convert_official, load_official

FULL = {"input_patch_size": 16, "max_distance": 800}
FULL |= dict.fromkeys(("relative_position_embedding", "gru_rel_pos", "deep_norm"), True)
LEVELS = [20.0, 25.0, 30.0, 35.0, 45.0, 55.0, 65.0, 70.0]  # dB HL


def noise(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def music(*shape):
    """A tone that comes and goes over noise, [..., T]."""
    t = torch.arange(shape[-1]) / 16000
    return 0.02 * noise(*shape) + 0.3 * torch.sin(6000 * t) * torch.sin(20 * t).clamp(min=0)


@pytest.fixture(scope="module")
def teacher_state():
    return random_state(teacher_shapes(SMALL))


@pytest.fixture(scope="module")
def student_state():
    return random_state(student_shapes(SMALL), seed=1)


@pytest.fixture
def paths(tmp_path, teacher_state, student_state):
    found = {"teacher": tmp_path / "teacher.pth", "student": tmp_path / "student.pth"}
    torch.save({"model": teacher_state}, found["teacher"])
    torch.save({"model": student_state}, found["student"])
    return found


def lstm_by_hand(state, x, end):
    """One direction, x [N, D] in its order: gates i, f, g, o (Hochreiter & Schmidhuber 1997)."""
    w_in, w_back = state[f"blstm.weight_ih_l0{end}"], state[f"blstm.weight_hh_l0{end}"]
    bias = state[f"blstm.bias_ih_l0{end}"] + state[f"blstm.bias_hh_l0{end}"]
    h = c = torch.zeros(w_back.shape[1])
    out = []
    for row in x:
        i, f, g, o = (w_in @ row + w_back @ h + bias).chunk(4)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        out.append(h)
    return torch.stack(out)


def tokens_by_hand(state, layers, levels):
    """The head of a checkpoint: layers [L, N, D] to scores [N]."""
    shares = state["weights"].exp() / state["weights"].exp().sum()
    x = torch.zeros_like(layers[0])
    for i, layer in enumerate(layers):
        spread = (layer.var(-1, unbiased=False, keepdim=True) + 1e-5).sqrt()
        normed = (layer - layer.mean(-1, keepdim=True)) / spread
        x = x + shares[i] * (normed * state[f"layer_norm.{i}.weight"] + state[f"layer_norm.{i}.bias"])
    x = x @ state["linear0.weight"].T + state["linear0.bias"]
    x = torch.cat([x, torch.tensor(levels).expand(len(x), -1)], 1)
    ahead, back = lstm_by_hand(state, x, ""), lstm_by_hand(state, x.flip(0), "_reverse").flip(0)
    x = (torch.cat([ahead, back], 1) @ state["linear1.weight"].T + state["linear1.bias"]).clamp(min=0)
    qkv = x @ state["haaqiAtt_layer.in_proj_weight"].T + state["haaqiAtt_layer.in_proj_bias"]
    q, k, v = (part.unflatten(1, (16, -1)).transpose(0, 1) for part in qkv.chunk(3, 1))
    shares = torch.softmax(q @ k.transpose(1, 2) / math.sqrt(q.shape[-1]), -1)
    x = (shares @ v).transpose(0, 1).flatten(1)
    x = x @ state["haaqiAtt_layer.out_proj.weight"].T + state["haaqiAtt_layer.out_proj.bias"]
    return torch.sigmoid(x @ state["haaqiframe_score.weight"][0] + state["haaqiframe_score.bias"])


# Names and sizes of the published files


def test_teacher_has_the_published_293_names():
    config = BeatsConfig.read(FULL, "")
    with torch.device("meta"):
        net = Teacher(Sizes(12), config)
    state = {key: tuple(value.shape) for key, value in net.state_dict().items()}
    full = {**FULL, "encoder_layers": 12, "encoder_embed_dim": 768}
    assert state == teacher_shapes(full, 256, 100)
    assert len(state) == 293
    assert state["blstm.weight_ih_l0"] == (400, 264)
    assert round(sum(math.prod(shape) for shape in state.values()) / 1e6, 2) == 91.18


def test_student_has_the_published_96_names():
    with torch.device("meta"):
        net = Student(Sizes(3), BeatsConfig.read(FULL, ""))
    state = {key: tuple(value.shape) for key, value in net.state_dict().items()}
    assert state == student_shapes({**FULL, "embed_dim": 512, "encoder_embed_dim": 768}, 256, 100)
    assert len(state) == 96
    assert round(sum(value.numel() for value in net.parameters()) / 1e6, 2) == 24.38


# Scores


def test_teacher_scores_by_hand(paths, teacher_state, tmp_path):
    _, beats = parted(teacher_state)
    torch.save({"cfg": SMALL, "model": beats}, tmp_path / "beats.pt")
    waveform = music(12000)
    layers = load_beats(tmp_path / "beats.pt").layers(waveform[None])[0]
    tokens = tokens_by_hand(teacher_state, layers, LEVELS)
    net = load_official(paths["teacher"])
    assert isinstance(net, Teacher)
    score = net.score(waveform, 16000, LEVELS)
    assert score.shape == ()
    assert float(score) == pytest.approx(float(tokens.mean()), abs=1e-5)
    _, frames = net(waveform[None], torch.tensor([LEVELS]))
    assert frames.shape == (1, 4)  # 0.75 s: 73 frames of 10 ms, 4 patches
    by_hand = [float(tokens[8 * i : 8 * i + 8].sum() / 8) for i in range(4)]
    np.testing.assert_allclose(frames[0], by_hand, atol=1e-5)
    assert tokens.std() > 1e-3


def attended(part, x, repaired):
    """Attention of 4 heads over tokens [N, 32] by hand; as published, a sequence of one token each."""
    names = [f"self_attn.{name}_proj" for name in "qkv"] + ["self_attn.out_proj"]
    wq, wk, wv, wo = ((part[f"{name}.weight"], part[f"{name}.bias"]) for name in names)
    if not repaired:
        return (x @ wv[0].T + wv[1]) @ wo[0].T + wo[1]  # a softmax over one key is 1
    offset = torch.arange(len(x)) - torch.arange(len(x))[:, None]
    exact = offset.abs().clamp(min=1).float()
    far = (8 + torch.log(exact / 8) / math.log(1280 / 8) * 8).long()
    bucket = torch.where(offset.abs() < 8, offset.abs(), far) + 16 * (offset > 0)
    bias = part["self_attn.relative_attention_bias.weight"][bucket].permute(2, 0, 1)
    q, k, v = ((x @ w.T + b).unflatten(1, (4, 8)).transpose(0, 1) for w, b in (wq, wk, wv))
    gate = q @ part["self_attn.grep_linear.weight"].T + part["self_attn.grep_linear.bias"]
    update, reset = torch.sigmoid(gate.unflatten(-1, (2, 4)).sum(-1)).unbind(-1)
    gate = update * (reset * part["self_attn.grep_a"][0, :, :, 0] - 1) + 2
    y = torch.softmax(q @ k.transpose(1, 2) / math.sqrt(8) + gate[..., None] * bias, -1) @ v
    return y.transpose(0, 1).flatten(1) @ wo[0].T + wo[1]


@pytest.mark.parametrize("attention", [None, "published", "repaired"])
def test_student_scores_by_hand(paths, student_state, attention):
    """No positions by convolution, no norm before the layers; attention over a batch of one, or repaired."""
    state, waveform = student_state, music(9000)
    mel = beats_fbank(waveform[None])
    x = functional.conv2d(mel[:, None], state["patch_embedding.weight"], stride=16)[0]
    x = x.permute(1, 2, 0).flatten(0, 1)
    x = functional.layer_norm(x, (24,), state["beats_layer_norm.weight"], state["beats_layer_norm.bias"])
    x = x @ state["linear2.weight"].T + state["linear2.bias"]
    net = load_official(paths["student"], attention=attention)
    assert isinstance(net, Student)
    outputs = []
    for i in range(3):
        part = {
            key.removeprefix(f"encoder{i}."): v for key, v in state.items() if key.startswith(f"encoder{i}.")
        }
        a = attended(part, x, attention == "repaired")
        norm = part["self_attn_layer_norm.weight"], part["self_attn_layer_norm.bias"]
        x = functional.layer_norm(24**0.25 * x + a, (32,), *norm)
        y = functional.gelu(x @ part["fc1.weight"].T + part["fc1.bias"])
        y = y @ part["fc2.weight"].T + part["fc2.bias"]
        norm = part["final_layer_norm.weight"], part["final_layer_norm.bias"]
        x = functional.layer_norm(24**0.25 * x + y, (32,), *norm)
        outputs.append(x)
    expected = tokens_by_hand(state, outputs, LEVELS).mean()
    assert float(net.score(waveform, 16000, LEVELS)) == pytest.approx(float(expected), abs=1e-5)
    mimicked = net.mimicked(waveform[None])[0]
    for i, head in enumerate((5, 8, 11)):
        by_hand = outputs[-1] @ state[f"encoder{head}.weight"].T + state[f"encoder{head}.bias"]
        torch.testing.assert_close(mimicked[i], by_hand, rtol=1e-4, atol=1e-4)


def test_repaired_attention_is_kept_by_a_conversion_and_told_by_the_version(paths, tmp_path):
    target, waveform = tmp_path / "net.safetensors", music(9000)
    convert_official(paths["student"], target, attention="repaired")
    published, repaired = load_official(paths["student"]), load_official(target)
    assert repaired.attention == "repaired"
    values = [float(net.score(waveform, 16000, LEVELS)) for net in (published, repaired)]
    assert abs(values[0] - values[1]) > 1e-4
    back = load_official(target, attention="published")
    assert float(back.score(waveform, 16000, LEVELS)) == values[0]
    versions = [load_scorer("haaqinet", weights=path).version for path in (paths["student"], target)]
    assert versions[0].startswith("official-student-")
    assert versions[1].startswith("official-student-repaired-")
    assert load_scorer("haaqinet", weights=paths["teacher"]).version.startswith("official-")
    with pytest.raises(InputError, match=r"attention 'batch' is unknown; known: published, repaired"):
        load_official(paths["student"], attention="batch")
    with pytest.raises(InputError, match="only a student has two"):
        load_official(paths["teacher"], attention="repaired")


@pytest.mark.parametrize("kind", ["teacher", "student"])
def test_a_batch_is_its_clips_one_by_one(paths, kind):
    net = load_official(paths[kind])
    waveform, levels = music(3, 8000), 50 + 20 * noise(3, 8, seed=1)
    together = net.score(waveform, 16000, levels)
    alone = [float(net.score(w, 16000, a)) for w, a in zip(waveform, levels, strict=True)]
    np.testing.assert_allclose(together, alone, atol=1e-5)
    assert len(set(alone)) == 3
    same = net.score(waveform, 16000, levels[0])
    assert float(same[0]) == pytest.approx(alone[0], abs=1e-5)
    assert float(net.score(waveform[0].double().numpy(), 16000.0, levels[0].tolist())) == pytest.approx(
        alone[0], abs=1e-5
    )


# Forms of the files


def test_bare_prefixed_and_split_checkpoints_score_alike(paths, teacher_state, tmp_path):
    waveform = music(6000)
    expected = load_official(paths["teacher"]).score(waveform, 16000, LEVELS)
    own, beats = parted(teacher_state)
    torch.save(teacher_state, tmp_path / "bare.pth")
    torch.save({"model": {f"module.{key}": v for key, v in teacher_state.items()}}, tmp_path / "module.pth")
    torch.save({"model": own}, tmp_path / "own.pth")
    torch.save({"cfg": SMALL, "model": beats}, tmp_path / "beats.pt")
    for name, file in [("bare.pth", None), ("module.pth", None), ("own.pth", "beats.pt")]:
        net = load_official(tmp_path / name, beats=file and tmp_path / file)
        assert torch.equal(net.score(waveform, 16000, LEVELS), expected), name
    torch.save(
        {"cfg": SMALL, "model": {k: torch.zeros_like(v) for k, v in beats.items()}}, tmp_path / "zero.pt"
    )
    both = load_official(paths["teacher"], beats=tmp_path / "zero.pt")  # the checkpoint's own come first
    assert torch.equal(both.score(waveform, 16000, LEVELS), expected)
    with pytest.raises(InputError, match=r"no file of BEATs was given.*250|missing: .*beats_model"):
        load_official(tmp_path / "own.pth")


@pytest.mark.parametrize("kind", ["teacher", "student"])
def test_conversion_keeps_the_scores(paths, tmp_path, kind):
    waveform = music(6000)
    convert_official(paths[kind], tmp_path / "net.safetensors")
    before, after = load_official(paths[kind]), load_official(tmp_path / "net.safetensors")
    assert after.config == before.config
    assert torch.equal(after.score(waveform, 16000, LEVELS), before.score(waveform, 16000, LEVELS))


def test_conversion_keeps_the_cfg_of_beats(teacher_state, tmp_path):
    own, beats = parted(teacher_state)
    beats |= {"predictor.weight": torch.ones(3, 32), "predictor.bias": torch.ones(3)}
    cfg = {**SMALL, "max_distance": 90, "deep_norm": False, "finetuned_model": True}
    torch.save(own, tmp_path / "own.pth")
    torch.save({"cfg": cfg, "model": beats}, tmp_path / "beats.pt")
    convert_official(tmp_path / "own.pth", tmp_path / "net.safetensors", tmp_path / "beats.pt")
    config = load_official(tmp_path / "net.safetensors").config
    assert (config.max_distance, config.deep_norm, config.conv_pos_groups) == (90, False, 4)


@pytest.mark.parametrize("kind", ["teacher", "student", "teacher without BEATs"])
def test_the_command_converts(paths, teacher_state, tmp_path, monkeypatch, capsys, kind):
    source, target = paths[kind.split()[0]], tmp_path / "net.safetensors"
    options = []
    if kind == "teacher without BEATs":
        own, beats = parted(teacher_state)
        torch.save({"model": own}, tmp_path / "own.pth")
        torch.save({"cfg": SMALL, "model": beats}, tmp_path / "beats.pt")
        options = ["--beats", str(tmp_path / "beats.pt")]
    given = tmp_path / "own.pth" if options else source
    monkeypatch.setattr("sys.argv", ["haaqinet", "convert", str(given), str(target), *options])
    with pytest.raises(SystemExit) as left:
        main()
    assert not left.value.code
    assert capsys.readouterr().out.replace("\n", "") == f"Wrote {target}"
    stimulus = Stimulus(music(16000).double().numpy(), 16000, Audiogram.flat(40), level1=70.0)
    one, other = (load_scorer("haaqinet", weights=path)(stimulus) for path in (source, target))
    assert one.value == other.value
    assert np.array_equal(one.frames, other.frames)
    assert 0 < one.value < 1


# What is refused


@pytest.mark.parametrize("kind", ["teacher", "student"])
def test_every_wrong_key_is_listed(paths, tmp_path, kind):
    state = torch.load(paths[kind], weights_only=True)["model"]
    inner = "beats_model.encoder.layers.2.fc2.bias" if kind == "teacher" else "encoder2.fc2.bias"
    del state["blstm.bias_ih_l0_reverse"], state[inner]
    state |= {"linear9.weight": torch.ones(2), "weights": torch.ones(4)}
    torch.save(state, tmp_path / "bad.pth")
    with pytest.raises(InputError) as error:
        load_official(tmp_path / "bad.pth")
    for text in (
        "2 missing",
        "blstm.bias_ih_l0_reverse",
        inner,
        "1 unexpected: linear9.weight",
        "weights (4,)",
    ):
        assert text in str(error.value)


def test_something_else_is_no_checkpoint(tmp_path):
    torch.save({"model": {"fc.weight": torch.ones(2, 2)}}, tmp_path / "other.pth")
    with pytest.raises(InputError, match=r"293 missing.*1 unexpected: fc\.weight"):
        load_official(tmp_path / "other.pth")
    with pytest.raises(InputError, match="no 'cfg'"):
        load_official(tmp_path / "other.pth", beats=tmp_path / "other.pth")


@pytest.mark.parametrize("kind", ["teacher", "student"])
def test_what_cannot_be_scored(paths, kind):
    net = load_official(paths[kind])
    assert 0 < float(net.score(music(2800), 16000, LEVELS)) < 1
    with pytest.raises(Unscorable) as error:
        net.score(noise(2799), 16000, LEVELS)
    assert error.value.code == "too_short"
    with pytest.raises(Unscorable) as error:
        net.score(noise(4000) * float("inf"), 16000, LEVELS)
    assert error.value.code == "not_finite"
    for waveform, rate, levels, message in [
        (noise(4000), 44100, LEVELS, "44100 Hz"),
        (noise(4000), 16000, LEVELS[:6], r"levels: shape \[6\]"),
        (noise(1, 2, 4000), 16000, LEVELS, "waveform"),
        (np.zeros(4000, dtype=np.int16), 16000, LEVELS, "int16"),
    ]:
        with pytest.raises(InputError, match=message):
            net.score(waveform, rate, levels)
