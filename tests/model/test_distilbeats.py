"""The student of BEATs: its three kinds of heads, its start and its loss."""

import math

import pytest
import torch

from haaqinet_eval.errors import InputError
from haaqinet_eval.model.paper.beats import Beats, BeatsConfig
from haaqinet_eval.model.paper.distilbeats import DistilBeats, difficulty, distillation_loss, layer_losses

CONFIG = BeatsConfig(
    input_patch_size=16,
    embed_dim=24,
    encoder_embed_dim=32,
    encoder_ffn_embed_dim=48,
    encoder_attention_heads=4,
    conv_pos=8,
    conv_pos_groups=4,
    relative_position_embedding=True,
    num_buckets=32,
    max_distance=100,
    gru_rel_pos=True,
    deep_norm=True,
)


@pytest.fixture(scope="module")
def beats():
    torch.manual_seed(0)
    return Beats(CONFIG).eval().requires_grad_(False)


def clip(*shape):
    return 0.1 * torch.randn(*shape, generator=torch.Generator().manual_seed(1))


def test_heads_by_hand(beats):
    waveform = clip(2, 8000)
    for kind, layers in [("single", (11,)), ("independent", (5, 8, 11)), ("sequential", (5, 8, 11))]:
        net = DistilBeats.from_beats(beats, kind)
        assert net.mimicked == layers
        x = net.layers(waveform)[:, 2]
        expected = []
        for head in net.heads:
            expected.append(x @ head.weight.T + head.bias)
            x = expected[-1] if kind == "sequential" else x
        got = net(waveform)
        assert got.shape == (2, len(layers), 24, 32)
        torch.testing.assert_close(got, torch.stack(expected, 1), rtol=1e-4, atol=1e-5)


def test_it_starts_as_the_first_layers_of_beats(beats):
    """The same layers give the same, but for the positions that BEATs adds before them."""
    net = DistilBeats.from_beats(beats)
    x = clip(1, 16, 32)
    bias = beats.encoder.layers[0].self_attn.position_bias(16)
    for own, theirs in zip(net.encoder, beats.encoder.layers, strict=False):
        torch.testing.assert_close(own(x, own.self_attn.position_bias(16)), theirs(x, bias))
    tables = {layer.self_attn.relative_attention_bias.weight.data_ptr() for layer in net.encoder}
    assert len(tables) == 3
    assert all(value.requires_grad for value in net.parameters())


@pytest.mark.parametrize("as_printed", [False, True])
def test_loss_by_hand(as_printed):
    predictions = torch.tensor([[3.0, 4.0], [1.0, 0.0]])[:, None, None]
    targets = torch.tensor([[4.0, 3.0], [-1.0, 0.0]])[:, None, None]
    similarities, expected = (24 / 25, -1.0), []
    for s in similarities:  # the mean absolute difference is 1 for both
        label, sigmoid = s if as_printed else 1, 1 / (1 + math.exp(-s))
        expected.append(1 - label * math.log(sigmoid) - (1 - label) * math.log(1 - sigmoid))
    got = layer_losses(predictions, targets, as_printed)[:, 0]
    torch.testing.assert_close(got, torch.tensor(expected))
    assert (got[0] > got[1]) == as_printed  # Eq. 7 as printed prefers the opposite
    weights = [1 - s for s in similarities]
    torch.testing.assert_close(difficulty(predictions, targets), torch.tensor(weights))
    plain, adaptive = (float(distillation_loss(predictions, targets, a, as_printed)) for a in (False, True))
    assert plain == pytest.approx(sum(expected) / 2)
    assert adaptive == pytest.approx((expected[0] * weights[0] + expected[1] * weights[1]) / 2)


@pytest.mark.parametrize("adaptive", [False, True])
def test_a_few_steps_bring_it_closer_to_beats(beats, adaptive):
    torch.manual_seed(0)
    net = DistilBeats.from_beats(beats)
    waveform = clip(2, 8000)
    targets = beats.layers(waveform)[:, list(net.mimicked)]
    optimizer = torch.optim.Adam(net.parameters(), 3e-3)
    before = (net(waveform) - targets).abs().mean()
    for _ in range(20):
        optimizer.zero_grad()
        distillation_loss(net(waveform), targets, adaptive).backward()
        optimizer.step()
    assert (net(waveform) - targets).abs().mean() < 0.8 * before


def test_what_is_refused(beats):
    with pytest.raises(InputError, match="heads 'double' are unknown; known: independent"):
        DistilBeats.from_beats(beats, "double")
    with pytest.raises(InputError, match="no relative positions"):
        DistilBeats(BeatsConfig(input_patch_size=16))
    with pytest.raises(InputError, match="2 layers, not 12"):
        DistilBeats.from_beats(Beats(BeatsConfig(**{**vars(CONFIG), "encoder_layers": 2})))
