"""Networks of the paper's design: front ends, head, loss, checkpoints, and scoring with all kinds."""

import math

import numpy as np
import pytest
import scipy.signal
import torch
from paper_trials import ENCODER
from torchaudio.models import wav2vec2_model, wavlm_model

from haaqinet_eval import Audiogram, InputError, Stimulus, Unscorable, load_scorer
from haaqinet_eval.model import band_losses, load_model, save_model
from haaqinet_eval.model.paper import PaperDimensions, PaperNet, start_net
from haaqinet_eval.model.paper.beats import Beats, BeatsConfig
from haaqinet_eval.model.paper.features import BEATS, AuditoryBands, Spectrogram, build_front_end, full_scale
from haaqinet_eval.model.paper.head import PaperHead, Sizes, quality_loss
from haaqinet_eval.model.paper.official import Student, Teacher, convert_official
from haaqinet_eval.model.paper.speech import MODELS, SpeechFeatures, load_speech, speech_features
from haaqinet_eval.model.state import write_state

LEVELS = torch.tensor([[10.0, 20, 30, 35, 40, 45, 50, 60]])  # dB HL
SMALL = {"hidden": 6, "linear": 16}
CONFIG = BeatsConfig.read({**BEATS, **ENCODER}, "")


def noise(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_spectrogram_is_scipys():
    waveform = noise(1, 32_000)
    found = Spectrogram().layers(waveform, LEVELS)
    window = scipy.signal.get_window("hamming", 512, fftbins=False)
    frames = np.lib.stride_tricks.sliding_window_view(waveform[0].double().numpy(), 512)[::256]
    np.testing.assert_allclose(found[0, 0].numpy(), np.abs(np.fft.rfft(frames * window)), atol=1e-3)
    assert found.shape == (1, 1, 124, 257)
    loud = Spectrogram(decibels=True)
    step = (loud.layers(10 * waveform, LEVELS) - loud.layers(waveform, LEVELS))[..., 5:200].median()
    assert step == pytest.approx(1, abs=0.01)  # a factor of 10 is one unit


def test_auditory_bands_hear_what_our_network_hears():
    bands = AuditoryBands()
    waveform, ear = noise(1, 24_000), Audiogram(tuple(LEVELS[0].tolist()))
    loss = torch.from_numpy(band_losses(ear)).float()[None]
    torch.testing.assert_close(torch.relu(LEVELS[:, bands.own] @ bands.spread), loss, atol=1e-3, rtol=0)
    envelope, _ = bands.front_end(waveform, loss, torch.tensor([85.0]))
    found = bands.layers(waveform, LEVELS)
    assert found.shape == (1, 1, 62, 128)
    expected = (envelope[0, 7, 40:44] - 30) / 20  # of band 7, token 10
    torch.testing.assert_close(found[0, 0, 10, 28:32], expected, atol=1e-3, rtol=0)


def test_full_scale_keeps_the_level():
    signals = full_scale(torch.ones(2, 3), torch.tensor([85.0, 65.0]))
    torch.testing.assert_close(signals, torch.tensor([[1.0] * 3, [0.1] * 3]))


def test_head_by_hand():
    """Last output, windows of three, adapter; composed step by step from the head's own tensors."""
    torch.manual_seed(0)
    head = PaperHead(Sizes(0, features=9, adapter=5, hidden=4, linear=16, average=3)).eval()
    layers = noise(1, 2, 7, 9)
    x = layers[0, 1].reshape(7, 3, 3).mean(-1) @ head.linear0.weight.T + head.linear0.bias
    x = torch.cat([x, LEVELS.expand(7, -1)], 1)
    x = torch.relu(head.blstm(x[None])[0][0] @ head.linear1.weight.T + head.linear1.bias)
    x = head.haaqiAtt_layer(x, x, x)[0]
    expected = torch.sigmoid(x @ head.haaqiframe_score.weight[0] + head.haaqiframe_score.bias)
    torch.testing.assert_close(head.token_scores(layers, LEVELS)[0], expected)
    assert not {"weights", "layer_norm.0.weight"} & set(head.state_dict())


def test_loss_is_equation_3():
    tokens, scores = noise(3, 5).sigmoid(), torch.tensor([0.1, 0.5, 0.9])
    terms = [
        (q - t.mean()) ** 2 + sum((q - one) ** 2 for one in t) / 5
        for q, t in zip(scores, tokens, strict=True)
    ]
    torch.testing.assert_close(quality_loss(tokens, scores), sum(terms) / 3)


@pytest.mark.parametrize(
    ("dims", "frames"),
    [
        (PaperDimensions("spectrogram", **SMALL), 249),
        (PaperDimensions("auditory", **SMALL), 125),
        (PaperDimensions("beats", {**ENCODER, "encoder_layers": 2}, weighted=True, adapter=9, **SMALL), 12),
        (PaperDimensions("distilbeats", {**ENCODER, "heads": "single"}, average=3, **SMALL), 12),
    ],
    ids=lambda x: x.front_end if isinstance(x, PaperDimensions) else "",
)
def test_checkpoints_score_as_their_networks_did(dims, frames, tmp_path):
    torch.manual_seed(1)
    net = PaperNet(dims).eval()
    path = tmp_path / "net.safetensors"
    save_model(net, path, "trial")
    again = load_model(path)
    assert again.dims == dims
    inputs = noise(2, 2 * dims.sample_rate), LEVELS.expand(2, -1), torch.tensor([65.0, 75.0])
    with torch.inference_mode():
        torch.testing.assert_close(again(*inputs), net(*inputs), atol=0, rtol=0)
    assert again(*inputs).shape == (2, 1, frames)
    ear = Audiogram(tuple(LEVELS[0].tolist()))
    stimulus = Stimulus(inputs[0][0].double().numpy(), dims.sample_rate, ear, level1=65.0)
    result = load_scorer("haaqinet", weights=path)(stimulus)
    assert result.value == pytest.approx(net(*inputs)[0].mean().item(), abs=1e-5)
    assert len(result.frames) == len(result.frame_times) == frames
    assert 1.5 < result.frame_times[-1] < 2
    with pytest.raises(Unscorable, match="samples at"):
        net(noise(1, 300), LEVELS, torch.tensor([65.0]))


@pytest.mark.parametrize("kind", ["teacher", "student"])
@pytest.mark.parametrize("converted", [False, True])
def test_scorer_takes_the_authors_checkpoints(kind, converted, tmp_path):
    torch.manual_seed(2)
    widths = {"features": 16, "adapter": 16, "hidden": 4, "linear": 16}
    net = (
        Teacher(Sizes(12, **widths), CONFIG) if kind == "teacher" else Student(Sizes(3, **widths), CONFIG)
    ).eval()
    path, ear = tmp_path / "haaqi_net_best.pth", Audiogram(tuple(LEVELS[0].tolist()))
    torch.save({"model": net.state_dict()}, path)
    if converted:
        convert_official(path, tmp_path / "net.safetensors")
        path = tmp_path / "net.safetensors"
    scorer = load_scorer("haaqinet", weights=path)
    assert scorer.version.startswith("official-")
    assert scorer.sample_rate == 16_000
    signal = 0.1 * noise(16_000)
    at_full_scale = scorer(Stimulus(signal.double().numpy(), 16_000, ear, level1=85.0))
    # positions are read from the shapes with the published files' reach, 800 or 1280 tokens
    expected = load_model(path).net.score(signal, 16_000, LEVELS[0])
    assert at_full_scale.value == pytest.approx(float(expected), abs=1e-6)
    assert len(at_full_scale.frames) == 6
    quieter = scorer(Stimulus(10 * signal.double().numpy(), 16_000, ear, level1=65.0))
    assert quieter.value == pytest.approx(at_full_scale.value, abs=1e-5)


def test_nothing_is_random_in_silence(tmp_path):
    for name in ("beats", "distilbeats", "ssl"):
        with pytest.raises(InputError, match="needs weights: a file, or 'random'"):
            start_net(PaperDimensions(name), None)
    with pytest.raises(InputError, match="has no weights"):
        start_net(PaperDimensions("spectrogram"), "a.pt")
    with pytest.raises(InputError, match="'mel' is unknown; known: spectrogram"):
        build_front_end("mel", {})
    with pytest.raises(InputError, match=r"options \{'loud': 1\}"):
        build_front_end("spectrogram", {"loud": 1})
    with pytest.raises(InputError, match="linear 20 is no multiple of 16"):
        PaperDimensions(linear=20)
    path = tmp_path / "net.safetensors"
    net = PaperNet(PaperDimensions(**SMALL))
    del net.head.haaqiframe_score
    save_model(net, path, "trial")
    with pytest.raises(InputError, match=r"2 missing: .*haaqiframe_score"):
        load_model(path)


def test_a_network_starts_from_a_beats_file(tmp_path):
    torch.manual_seed(3)
    beats, path = Beats(CONFIG).eval(), tmp_path / "beats.safetensors"
    write_state(path, beats, vars(CONFIG))
    net = start_net(PaperDimensions("beats", adapter=4, **SMALL), path).train()
    waveform = noise(1, 16_000)
    found = net.features(waveform, LEVELS, torch.tensor([85.0]))
    torch.testing.assert_close(found, beats.layers(waveform))
    assert {name.partition(".")[0] for name, p in net.named_parameters() if p.requires_grad} == {"head"}
    assert not net.front_end.training
    student = start_net(PaperDimensions("distilbeats", {"heads": "sequential"}, frozen=False, **SMALL), path)
    own, theirs = student.front_end.net.encoder[1].fc1.weight, beats.encoder.layers[1].fc1.weight
    torch.testing.assert_close(own, theirs)
    assert student.front_end.net.kind == "sequential"
    assert PaperNet(student.dims).state_dict().keys() == student.state_dict().keys()


def small_speech(layers=2, wavlm=False):
    build, position = (
        (wavlm_model, {"encoder_num_buckets": 8, "encoder_max_distance": 16})
        if wavlm
        else (wav2vec2_model, {})
    )
    return build(
        extractor_mode="layer_norm",
        extractor_conv_layer_config=[
            (8, 10, 5),
            (8, 3, 2),
            (8, 3, 2),
            (8, 3, 2),
            (8, 3, 2),
            (8, 2, 2),
            (8, 2, 2),
        ],
        extractor_conv_bias=False,
        encoder_embed_dim=16,
        encoder_projection_dropout=0.1,
        encoder_pos_conv_kernel=4,
        encoder_pos_conv_groups=2,
        encoder_num_layers=layers,
        encoder_num_heads=2,
        **position,
        encoder_attention_dropout=0.1,
        encoder_ff_interm_features=16,
        encoder_ff_interm_dropout=0.0,
        encoder_dropout=0.1,
        encoder_layer_norm_first=True,
        encoder_layer_drop=0.5,
        aux_num_out=None,
    )


@pytest.mark.parametrize("wavlm", [False, True])
def test_speech_models_as_front_ends(wavlm):
    torch.manual_seed(4)
    features = SpeechFeatures(small_speech(3, wavlm), normalise=True)
    net = PaperNet(PaperDimensions("ssl", weighted=True, adapter=4, **SMALL), features).train()
    inputs = noise(2, 16_000), LEVELS.expand(2, -1), torch.tensor([65.0, 65.0])
    layers = net.features(*inputs)
    assert layers.shape == (2, 3, 49, 16)
    torch.testing.assert_close(net.features(*inputs), layers)  # no layer drop: it is frozen
    louder = net.features(inputs[0], inputs[1], torch.tensor([71.0, 71.0]))
    torch.testing.assert_close(louder, layers, atol=1e-3, rtol=0)  # its input is normalised
    assert net(*inputs).shape == (2, 1, 49)


def test_speech_weights_have_torchaudios_names(tmp_path, monkeypatch):
    torch.manual_seed(5)
    source = small_speech()
    monkeypatch.setattr("torchaudio.models.hubert_large", small_speech)
    path = tmp_path / "hubert.pth"
    old = {
        key.replace("parametrizations.weight.original0", "weight_g").replace(
            "parametrizations.weight.original1", "weight_v"
        ): v
        for key, v in source.state_dict().items()
    }
    for state in (source.state_dict(), old):
        torch.save({**state, "aux.weight": torch.zeros(1)}, path)
        loaded = load_speech("hubert_large", path)
        waveform = noise(1, 16_000)
        expected = source.eval().extract_features(torch.nn.functional.layer_norm(waveform, (16_000,)))[0][-1]
        torch.testing.assert_close(loaded.layers(waveform, LEVELS)[:, -1], expected)
    old.pop("encoder.transformer.layer_norm.bias")
    torch.save(old, path)
    with pytest.raises(InputError, match=r"1 missing: encoder.transformer.layer_norm.bias"):
        load_speech("hubert_large", path)
    with pytest.raises(InputError, match="'whisper' is unknown; known: wav2vec2_large"):
        load_speech("whisper", path)


@pytest.mark.parametrize("name", MODELS)
def test_the_large_models_have_the_papers_size(name):
    with torch.device("meta"):
        features = speech_features(name)
    assert (features.depth, features.width) == (24, 1024)
    assert math.isclose(sum(p.numel() for p in features.parameters()) / 1e6, 315.4, abs_tol=0.1)
