"""Self-supervised speech models as front ends, through torchaudio: wav2vec 2.0, HuBERT, WavLM, all Large.

Table II of Wisnu et al., "HAAQI-Net". Their weights are not ours to ship: pass a file, or ask for the
download by name.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from ...errors import InputError
from ..state import WEIGHT_NORM, load_strictly, read_state

MODELS = {  # name -> torchaudio's builder, its pipeline, whether that evens out mean and variance
    "wav2vec2_large": ("wav2vec2_large", "WAV2VEC2_LARGE", False),
    "hubert_large": ("hubert_large", "HUBERT_LARGE", True),
    "wavlm_large": ("wavlm_large", "WAVLM_LARGE", True),
}


class SpeechFeatures(nn.Module):
    """All layers of one of torchaudio's Wav2Vec2Model: [B, T] at 16 kHz to [B, L, N, D], 50 tokens/s."""

    sample_rate, bands = 16_000, 1
    seconds, shortest = 0.02, 400

    def __init__(self, net: nn.Module, normalise: bool) -> None:
        super().__init__()
        self.net, self.normalise = net, normalise
        self.width = net.encoder.feature_projection.projection.out_features
        self.depth = len(net.encoder.transformer.layers)

    def layers(self, waveform: Tensor, levels: Tensor) -> Tensor:
        if self.normalise:
            waveform = functional.layer_norm(waveform, waveform.shape[-1:])
        return torch.stack(self.net.extract_features(waveform)[0], 1)


def _torchaudio():
    try:
        import torchaudio
    except ModuleNotFoundError:
        raise InputError("front end ssl needs torchaudio: pip install 'haaqinet-eval[recipes]'") from None
    return torchaudio


def speech_features(name: str = "wavlm_large") -> SpeechFeatures:
    """A speech model with random weights.

    Raises:
        InputError: for an unknown name, or if torchaudio is missing.
    """
    if name not in MODELS:
        raise InputError(f"speech model {name!r} is unknown; known: {', '.join(MODELS)}")
    builder, _, normalise = MODELS[name]
    return SpeechFeatures(getattr(_torchaudio().models, builder)(), normalise)


def load_speech(name: str, weights: str | Path) -> SpeechFeatures:
    """A speech model with the weights of a file in torchaudio's form, or with "download" torchaudio's own.

    Raises:
        InputError: as `speech_features`; and for a bad file, or keys that do not fit, which it lists.
    """
    with torch.device("meta"):
        features = speech_features(name)
    if str(weights) == "download":
        state = getattr(_torchaudio().pipelines, MODELS[name][1]).get_model().state_dict()
        state = {key.removeprefix("model."): value for key, value in state.items()}
    else:
        state, _ = read_state(weights)
    state = {_new_name(key): value for key, value in state.items() if not key.startswith("aux.")}
    load_strictly(features.net, state, weights)
    return features


def _new_name(key: str) -> str:
    for new, old in WEIGHT_NORM.items():
        key = key.replace(old, new)
    return key
