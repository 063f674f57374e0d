"""BEATs against torchaudio's WavLM attention, torch's own modules, and by hand."""

import copy
import math

import numpy as np
import pytest
import torch
from torch.nn import functional
from torchaudio.models.wav2vec2.wavlm_attention import WavLMSelfAttention

from haaqinet_eval.errors import InputError, Unscorable
from haaqinet_eval.model.paper.beats import (
    Attention,
    Beats,
    BeatsConfig,
    EncoderLayer,
    PositionalConvolution,
    convert_beats,
    load_beats,
    position_buckets,
)
from haaqinet_eval.model.paper.kaldi_fbank import beats_fbank

CFG = {
    "input_patch_size": 16,
    "embed_dim": 24,
    "encoder_layers": 3,
    "encoder_embed_dim": 32,
    "encoder_ffn_embed_dim": 48,
    "encoder_attention_heads": 4,
    "activation_fn": "gelu",
    "layer_norm_first": False,
    "conv_bias": False,
    "conv_pos": 8,
    "conv_pos_groups": 4,
    "relative_position_embedding": True,
    "num_buckets": 32,
    "max_distance": 100,
    "gru_rel_pos": True,
    "deep_norm": True,
    "dropout": 0.1,
    "encoder_layerdrop": 0.05,
}
FULL = {**CFG, "embed_dim": 512, "encoder_layers": 12, "encoder_embed_dim": 768}
FULL |= {"encoder_ffn_embed_dim": 3072, "encoder_attention_heads": 12}
FULL |= {"conv_pos": 128, "conv_pos_groups": 16, "num_buckets": 320, "max_distance": 800}


def noise(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def published_shapes(cfg):
    """Names and shapes as the published files have them."""
    width, inner, heads = (cfg[f"encoder_{x}"] for x in ("embed_dim", "ffn_embed_dim", "attention_heads"))
    patch, embed = cfg["input_patch_size"], cfg["embed_dim"]
    shapes = {
        "patch_embedding.weight": (embed, 1, patch, patch),
        "layer_norm.weight": (embed,),
        "layer_norm.bias": (embed,),
        "post_extract_proj.weight": (width, embed),
        "post_extract_proj.bias": (width,),
        "encoder.pos_conv.0.bias": (width,),
        "encoder.pos_conv.0.weight_g": (1, 1, cfg["conv_pos"]),
        "encoder.pos_conv.0.weight_v": (width, width // cfg["conv_pos_groups"], cfg["conv_pos"]),
        "encoder.layer_norm.weight": (width,),
        "encoder.layer_norm.bias": (width,),
    }
    for i in range(cfg["encoder_layers"]):
        layer = f"encoder.layers.{i}"
        shapes[f"{layer}.self_attn.grep_a"] = (1, heads, 1, 1)
        shapes[f"{layer}.self_attn.relative_attention_bias.weight"] = (cfg["num_buckets"], heads)
        for name, rows, columns in [
            ("self_attn.grep_linear", 8, width // heads),
            *((f"self_attn.{x}_proj", width, width) for x in ("q", "k", "v", "out")),
            ("fc1", inner, width),
            ("fc2", width, inner),
        ]:
            shapes[f"{layer}.{name}.weight"] = (rows, columns)
            shapes[f"{layer}.{name}.bias"] = (rows,)
        for name in ("self_attn_layer_norm", "final_layer_norm"):
            shapes[f"{layer}.{name}.weight"] = shapes[f"{layer}.{name}.bias"] = (width,)
    return shapes


def random_state(cfg, seed=0):
    generator = torch.Generator().manual_seed(seed)
    state = {
        key: 0.3 * torch.randn(shape, generator=generator) + float("norm" in key and key.endswith("weight"))
        for key, shape in published_shapes(cfg).items()
    }
    table = state["encoder.layers.0.self_attn.relative_attention_bias.weight"]
    return {key: table if "relative_attention_bias" in key else value for key, value in state.items()}


def save(path, state, cfg=CFG):
    torch.save({"cfg": cfg, "model": state}, path)
    return path


@pytest.fixture
def beats_path(tmp_path):
    return save(tmp_path / "beats.pt", random_state(CFG))


def randomize(module, seed=0):
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for value in module.parameters():
            value.copy_(torch.randn(value.shape, generator=generator) * (0.3 if value.ndim > 1 else 1))
    return module.eval().requires_grad_(False)


# Its parts


@pytest.mark.parametrize(("buckets", "farthest"), [(320, 800), (320, 1280), (32, 100)])
def test_position_buckets_are_wavlms(buckets, farthest):
    wavlm = WavLMSelfAttention(8, 1, num_buckets=buckets, max_distance=farthest)
    distances = torch.arange(-1999, 2000)
    expected = wavlm._relative_positions_bucket(distances)
    assert torch.equal(position_buckets(2000, buckets, farthest), expected)


def test_attention_is_wavlms_where_the_query_is_the_input():
    """WavLM's gate sees the layer's input, BEATs's the query: the same if `q_proj` does nothing."""
    config = BeatsConfig.read(CFG, "")
    ours = randomize(Attention(config))
    ours.q_proj.weight.copy_(torch.eye(32))
    ours.q_proj.bias.zero_()
    other = WavLMSelfAttention(32, 4, 0.0, True, True, 32, 100, True).eval()
    parts = [ours.q_proj, ours.k_proj, ours.v_proj]
    with torch.no_grad():
        other.attention.in_proj_weight.copy_(torch.cat([part.weight for part in parts]))
        other.attention.in_proj_bias.copy_(torch.cat([part.bias for part in parts]))
        other.attention.out_proj.load_state_dict(ours.out_proj.state_dict())
        other.rel_attn_embed.load_state_dict(ours.relative_attention_bias.state_dict())
        other.gru_rel_pos_linear.load_state_dict(ours.grep_linear.state_dict())
        other.gru_rel_pos_const.copy_(ours.grep_a)
        x = noise(2, 40, 32)
        expected, _ = other(x)
    torch.testing.assert_close(ours(x, ours.position_bias(40)), expected, rtol=1e-4, atol=1e-5)


def test_attention_by_hand():
    """Query by query, in numpy and float64; the gate comes from the projected query."""
    ours = randomize(Attention(BeatsConfig.read(CFG, "")))
    x = noise(1, 9, 32)
    got = ours(x, ours.position_bias(9))[0].numpy()
    w = {key: value.double().numpy() for key, value in ours.state_dict().items()}
    rows = x[0].double().numpy()
    q, k, v = (rows @ w[f"{n}_proj.weight"].T + w[f"{n}_proj.bias"] for n in "qkv")
    out = np.zeros((9, 32))
    for h in range(4):
        at = slice(8 * h, 8 * h + 8)
        for i in range(9):
            gates = w["grep_linear.weight"] @ q[i, at] + w["grep_linear.bias"]
            a, b = (1 / (1 + math.exp(-part.sum())) for part in (gates[:4], gates[4:]))
            gate = a * (b * w["grep_a"][0, h, 0, 0] - 1) + 2
            logits = []
            for j in range(9):
                bucket = abs(j - i) if abs(j - i) < 8 else 8  # 32 buckets: 8 exact ones a side
                place = bucket + 16 * (j > i)
                logits.append(
                    q[i, at] @ k[j, at] / math.sqrt(8) + gate * w["relative_attention_bias.weight"][place, h]
                )
            share = np.exp(np.array(logits) - max(logits))
            out[i, at] = share / share.sum() @ v[:, at]
    np.testing.assert_allclose(got, out @ w["out_proj.weight"].T + w["out_proj.bias"], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("kernel", [8, 7])
def test_positional_convolution_is_torchs_weight_norm(kernel):
    ours = randomize(PositionalConvolution(32, kernel, 4))
    conv = torch.nn.Conv1d(32, 32, kernel, padding=kernel // 2, groups=4)
    conv = torch.nn.utils.parametrizations.weight_norm(conv, dim=2)
    state = {"bias": ours.bias, "parametrizations.weight.original0": ours.weight_g}
    conv.load_state_dict({**state, "parametrizations.weight.original1": ours.weight_v})
    x = noise(2, 24, 32)
    expected = functional.gelu(conv(x.transpose(1, 2)))[..., :24].transpose(1, 2)
    torch.testing.assert_close(ours(x), expected.detach(), rtol=1e-5, atol=1e-5)


def layer_by_hand(layer, x, bias, alpha):
    def norm(x, n):
        return functional.layer_norm(x, (32,), n.weight, n.bias)

    x = norm(alpha * x + layer.self_attn(x, bias), layer.self_attn_layer_norm)
    y = functional.linear(x, layer.fc1.weight, layer.fc1.bias)
    y = functional.linear(0.5 * y * (1 + torch.erf(y / 2**0.5)), layer.fc2.weight, layer.fc2.bias)
    return norm(alpha * x + y, layer.final_layer_norm)


@pytest.mark.parametrize(("deep", "alpha"), [(True, 6**0.25), (False, 1.0)])
def test_layer_is_post_norm(deep, alpha):
    layer = randomize(EncoderLayer(BeatsConfig.read({**CFG, "deep_norm": deep}, "")))
    x = noise(2, 16, 32)
    bias = layer.self_attn.position_bias(16)
    torch.testing.assert_close(layer(x, bias), layer_by_hand(layer, x, bias, alpha), rtol=1e-4, atol=1e-4)


# The whole


def test_layers_by_hand(beats_path):
    """Patch by patch: 16 frames by 16 bins, all bins of a time before the next."""
    net = load_beats(beats_path)
    waveform = 0.1 * noise(1, 16000)
    mel = beats_fbank(waveform)[0]  # [98, 128]
    kernel = net.patch_embedding.weight.flatten(1)
    tokens = [
        kernel @ mel[16 * t : 16 * t + 16, 16 * b : 16 * b + 16].flatten() for t in range(6) for b in range(8)
    ]
    x = net.post_extract_proj(net.layer_norm(torch.stack(tokens)[None]))
    x = net.encoder.layer_norm(x + net.encoder.pos_conv(x))
    bias = net.encoder.layers[0].self_attn.position_bias(48)
    expected = []
    for layer in net.encoder.layers:
        x = layer_by_hand(layer, x, bias, 6**0.25)
        expected.append(x)
    got = net.layers(waveform)
    assert got.shape == (1, 3, 48, 32)
    torch.testing.assert_close(got[0], torch.cat(expected), rtol=1e-4, atol=1e-4)
    assert torch.equal(net(waveform), got[:, -1])


def test_a_batch_is_its_clips_one_by_one(beats_path):
    net = load_beats(beats_path)
    waveform = 0.1 * noise(3, 9000)
    alone = torch.cat([net.layers(row[None]) for row in waveform])
    torch.testing.assert_close(net.layers(waveform), alone, rtol=1e-4, atol=1e-5)


def test_evaluation_has_no_dropout_and_gradients_reach_the_signal(beats_path):
    net = load_beats(beats_path).train()
    waveform = (0.1 * noise(1, 4000)).requires_grad_()
    assert torch.equal(net.layers(waveform), net.layers(waveform))
    net.layers(waveform).square().mean().backward()
    assert waveform.grad.abs().min() >= 0
    assert waveform.grad[:, :3600].abs().sum() > 0
    assert not any(value.requires_grad for value in net.parameters())


def test_full_size_has_the_published_names_and_90_31_million_parameters():
    with torch.device("meta"):
        net = Beats(BeatsConfig.read(FULL, ""))
    state = {key: tuple(value.shape) for key, value in net.state_dict().items()}
    assert state == published_shapes(FULL)
    assert len(state) == 250
    assert round(sum(value.numel() for value in net.parameters()) / 1e6, 2) == 90.31


def test_the_distance_comes_from_the_file(tmp_path):
    state, waveform = random_state(CFG), 0.1 * noise(1, 40000)
    near, far = (load_beats(save(tmp_path / "a.pt", state, {**CFG, "max_distance": d})) for d in (100, 400))
    assert not torch.allclose(near.layers(waveform), far.layers(waveform), atol=1e-3)


def test_other_forms_of_the_same_file(beats_path, tmp_path):
    waveform = 0.1 * noise(1, 6000)
    expected = load_beats(beats_path).layers(waveform)
    state = random_state(CFG)
    new = {
        key.replace("weight_g", "parametrizations.weight.original0").replace(
            "weight_v", "parametrizations.weight.original1"
        ): value
        for key, value in state.items()
    }
    classifier = {"predictor.weight": torch.ones(5, 32), "predictor.bias": torch.ones(5)}
    forms = {
        "weight norm": save(tmp_path / "new.pt", new),
        "module": save(tmp_path / "module.pt", {f"module.{key}": value for key, value in state.items()}),
        "doubles": save(tmp_path / "double.pt", {key: value.double() for key, value in state.items()}),
        "finetuned": save(
            tmp_path / "tuned.pt", {**state, **classifier}, {**CFG, "finetuned_model": True, "gru_rel_pos": 1}
        ),
        "safetensors": tmp_path / "beats.safetensors",
    }
    convert_beats(forms["finetuned"], forms["safetensors"])
    for name, path in forms.items():
        assert torch.equal(load_beats(path).layers(waveform), expected), name


# What is refused


def test_every_wrong_key_is_listed(tmp_path):
    state = random_state(CFG)
    del state["layer_norm.bias"], state["encoder.layers.1.fc1.weight"]
    state |= {"predictor.bias": torch.zeros(3), "encoder.layer_norm.bias": torch.zeros(31)}
    with pytest.raises(InputError) as error:
        load_beats(save(tmp_path / "beats.pt", state))
    for text in (
        "2 missing: layer_norm.bias, encoder.layers.1.fc1.weight",
        "1 unexpected: predictor.bias",
        "encoder.layer_norm.bias (31,) instead of (32,)",
        "beats.pt",
    ):
        assert text in str(error.value)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("layer_norm_first", True),
        ("activation_fn", "relu"),
        ("encoder_layers", "12"),
        ("encoder_attention_heads", 5),
        ("input_patch_size", 0),
        ("max_distance", 8),
    ],
)
def test_a_cfg_of_another_network_is_refused(tmp_path, field, value):
    with pytest.raises(InputError, match=rf"cfg {field}.*{value}"):
        load_beats(save(tmp_path / "beats.pt", random_state(CFG), {**CFG, field: value}))


class Harmful:
    def __reduce__(self):
        return print, ("ran",)


def test_files_that_are_no_weights(tmp_path, capsys):
    path = tmp_path / "beats.pt"
    with pytest.raises(InputError, match="no such file"):
        load_beats(path)
    nothing = random_state(CFG)
    nothing["layer_norm.bias"] = nothing["layer_norm.bias"] * float("nan")
    for content, message in [
        (random_state(CFG), "no 'cfg'"),
        ({"cfg": CFG, "model": {"epoch": 3}}, "no state dict of plain tensors: epoch"),
        ({"cfg": CFG, "model": {}}, "empty"),
        ([1, 2], "a list"),
        ({"cfg": CFG, "model": nothing}, "not finite in layer_norm.bias"),
        (Harmful(), "plain tensors"),
    ]:
        torch.save(content, path)
        with pytest.raises(InputError, match=message):
            load_beats(path)
    for name in ("beats.pt", "beats.safetensors"):
        (tmp_path / name).write_bytes(b"not weights at all")
        with pytest.raises(InputError, match=name):
            load_beats(tmp_path / name)
    assert "ran" not in capsys.readouterr().out


def test_the_shortest_clip_is_one_patch(beats_path):
    net = load_beats(beats_path)
    assert net.layers(noise(1, 2800)).shape == (1, 3, 8, 32)
    with pytest.raises(Unscorable, match="2799 samples") as error:
        net.layers(noise(1, 2799))
    assert error.value.code == "too_short"


@pytest.mark.parametrize("waveform", [torch.zeros(4000), torch.zeros(1, 4000, dtype=torch.int16)])
def test_other_than_float_clips_are_refused(beats_path, waveform):
    with pytest.raises(InputError, match="waveform"):
        load_beats(beats_path).layers(waveform)


def test_loading_draws_no_random_numbers(beats_path):
    before = copy.deepcopy(torch.get_rng_state())
    load_beats(beats_path)
    assert torch.equal(before, torch.get_rng_state())
