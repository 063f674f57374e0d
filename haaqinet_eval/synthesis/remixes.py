"""Trials of what separation does to music: a scene to rebalance, and imagined systems' outputs of it.

As `render.render`, but the music is in stems, which systems mask wrongly, let leak into each other, give
wrong gains or lose (`remix_systems.SEPARATORS`). True scores compare with the target, which a network that
hears the output alone cannot know.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import InputError
from ..nalr import NalR
from ..trials import Trial
from . import hearing_losses
from .clips import SPLITS, Clip
from .remix import KINDS, SHARES, Scene, draw_gains, make_stems
from .render import CHALLENGE, NFIR, SAMPLE_RATE, Group, Plan
from .simulated_systems import SEPARATORS, Renderer, System, draw_factors


def _draw(plan: Plan, rng: np.random.Generator) -> tuple[str, list[System]]:
    """The kind of a scene and different systems for it; where one stem is the target, none lacks a stem."""
    able = [system for name, system in SEPARATORS.items() if not plan.only or name in plan.only]
    if len(able) < plan.conditions:
        raise InputError(f"systems {', '.join(plan.only)}: {len(able)} systems, {plan.conditions} are needed")
    systems = [able[n] for n in rng.choice(len(able), plan.conditions, replace=False)]
    whole = any(system.gains == "missing" for system in systems)
    chance = np.array(
        [share * (kind != "stem" or not whole) for kind, share in zip(KINDS, SHARES, strict=True)]
    )
    return str(rng.choice(KINDS, p=chance / chance.sum())), systems


def render_remix(clips: Sequence[Clip], split: str, number: int, plan: Plan) -> Group:
    """One group of trials: a scene from clips of one split, or procedural, through several systems.

    Raises:
        InputError: if `plan.only` leaves too few systems.
        Unscorable: silent_reference, a stem is silent.
    """
    rng = np.random.default_rng([plan.seed, SPLITS.index(split), number])
    kind, systems = _draw(plan, rng)
    stems, song, origin = make_stems(kind, clips, plan.seconds, plan.procedural, rng)
    scene = Scene(kind, song, origin, stems, draw_gains(kind, list(stems), rng))
    listener, audiogram = hearing_losses.draw(split, rng)
    nalr, ears = NalR(NFIR, SAMPLE_RATE), {"own": audiogram, "other": hearing_losses.draw(split, rng)[1]}
    amplify = {name: lambda x, ear=ear: nalr.amplify(ear, x) for name, ear in ears.items()}
    renderer, factors = Renderer(scene, amplify, rng), draw_factors(rng)
    processed = [renderer(s.varied(factors) if split == "train" else s) for s in systems]
    trials = tuple(Trial(CHALLENGE, s.name, f"{split}-{number:05d}", song, listener, "left") for s in systems)
    target = amplify["own"](scene.target)
    return Group(trials, np.array(processed), target, audiogram, scene.level1, origin)
