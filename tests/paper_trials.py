"""A tiny set of rendered trials with signals, and small networks of the paper's design."""

import numpy as np

from haaqinet_eval import Audiogram, Trial
from haaqinet_eval.model import OUTPUTS, FrontEnd
from haaqinet_eval.training.cache import group_path, write_group
from haaqinet_eval.training.signals import write_signals

EAR = Audiogram((10, 20, 30, 35, 40, 45, 50, 60))
AMOUNTS = np.array([0.0, 0.05, 0.3, 1.0])
SYSTEMS = ("clean", "speech_shaped-1", "babble_wdrc-1", "speech_shaped-4")
FAMILIES = ("flat", "sloping")
# of BEATs: 12 narrow layers
ENCODER = {
    "embed_dim": 12,
    "encoder_embed_dim": 16,
    "encoder_ffn_embed_dim": 16,
    "encoder_attention_heads": 2,
    "conv_pos": 4,
    "conv_pos_groups": 2,
    "num_buckets": 16,
    "max_distance": 50,
}


def fill(folder, split, groups, seconds=1.2, protocol="artists"):
    """Groups of a harmonic tone in noise, whose stand-in label falls with the noise."""
    rng = np.random.default_rng(len(split))
    hearing, t = FrontEnd(), np.arange(int(seconds * 24_000)) / 24_000
    for number in range(groups):
        f0 = rng.uniform(100, 400)
        tone = sum(np.sin(2 * np.pi * f0 * k * t) / k for k in range(1, 10)) * np.exp(-4 * (t % 0.3))
        signals = np.array([tone + a * rng.standard_normal(len(t)) for a in AMOUNTS])
        labels = np.repeat((1 / (1 + 3 * AMOUNTS))[:, None], len(OUTPUTS), 1)
        listener = f"{FAMILIES[number % 2]}-{number:02d}"
        trials = [Trial("synthetic", n, f"{split}-{number}", "tone", listener, "left") for n in SYSTEMS]
        path, heard = group_path(folder, split, number), (signals, EAR, 65.0)
        write_group(path, hearing, trials, *heard, labels, "tone", protocol)
        write_signals(path, hearing, SYSTEMS, *heard)
