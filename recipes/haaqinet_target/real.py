"""Render real songs through real separators: trials `real-*.npz`, which validate.py split=real reads."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import torch
from omegaconf import DictConfig

from haaqinet_eval.cadenza.mini_listeners import mini_listeners
from haaqinet_eval.cadenza.spherical_head import at_ears
from haaqinet_eval.io.progress import track
from haaqinet_eval.mixture_aware.rendering import render_scene
from haaqinet_eval.recipe import plain_options, recipe
from haaqinet_eval.synthesis.multitracks import find_songs, read_song, with_all_roles
from haaqinet_eval.synthesis.remix import Scene
from haaqinet_eval.synthesis.render import SAMPLE_RATE
from haaqinet_eval.synthesis.simulated_systems import EVERY
from haaqinet_eval.systems.by_ear import separators


@recipe("config/real")
def render_songs(config: DictConfig) -> None:
    """Render every song, change of gain and listener that is not there yet."""
    torch.set_num_threads(1)
    through = separators(plain_options(config)["separators"], SAMPLE_RATE)
    systems = [EVERY[name] for name in config.systems]
    listeners = list(mini_listeners(tuple(config.listeners)).items())
    length, number = round(config.seconds * SAMPLE_RATE), config.first
    for folder in track(find_songs(config.multitracks), "songs"):
        dry = read_song(folder)
        start = int(config.at * (len(dry["vocals"]) - length))
        ears = {
            s: at_ears(x[start : start + length], SAMPLE_RATE, -30.0, 30.0, 0.0875) for s, x in dry.items()
        }
        stems = with_all_roles(ears, np.random.default_rng(0))
        parts = {name: separate(sum(stems.values())) for name, separate in through.items()}
        for change, _ in product(config.gains, range(config.each)):
            who, listener = listeners[number % len(listeners)]
            ear = number % 2
            one = {name: x[:, ear] for name, x in stems.items()}
            separated = {name: {s: x[:, ear] for s, x in part.items()} for name, part in parts.items()}
            scene = Scene("remix", folder.name, "real", one, dict.fromkeys(stems, 0.0) | dict(change))
            audiogram = (listener.left, listener.right)[ear]
            path = Path(config.out, f"real-{number:05d}.npz")
            render_scene(path, scene, separated, audiogram, f"{who}-{ear}", systems)
            number += 1


if __name__ == "__main__":
    render_songs()
