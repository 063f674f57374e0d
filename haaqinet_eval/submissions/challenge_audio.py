"""The challenge's own audio behind the files of a submission, to compare them with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from ..audio import resample
from ..audiogram import EARS
from ..nalr import NalR
from .expected import Excerpt, Sounds

if TYPE_CHECKING:
    from ..cadenza.challenge import Challenge, Pair

Source = tuple["Pair", str, str]  # pair, ear and stem of a file; ear and stem are empty for a remix
KEPT_EXCERPTS = 64  # files come scene by scene, so a song's is asked for again soon
NALR_TAPS = 220  # of pyclarity's filter, which the challenges give


def _mixture(challenge: Challenge, song: str, ear: str) -> np.ndarray:
    """What a system is given for a file, at one ear or both: [T, C] at the challenge's input rate."""
    mixture = challenge.given(song, ear)
    return mixture[:, [EARS.index(ear)]] if ear else mixture


def sounds_of(challenge: Challenge, sources: Mapping[str, Source]) -> Callable[[str], Sounds]:
    """Gives mixture and references of a file by its name.

    Args:
        sources: of the files, by expected name.
    """

    def at_rate(samples: np.ndarray) -> np.ndarray:
        return resample(np.asarray(samples, np.float64), challenge.input_sample_rate, challenge.sample_rate)

    def of_stem(source: Source) -> Sounds:
        pair, ear, stem = source
        own = EARS.index(ear)
        stereo = np.asarray(challenge.target(pair, stem), np.float64)
        person, nalr = challenge.listeners[pair.listener], NalR(NALR_TAPS, challenge.input_sample_rate)
        fitted = [
            at_rate(nalr.apply(nalr.build(person.ear(side))[0], channel))  # late, as pyclarity's is
            for side, channel in zip(EARS, stereo.T, strict=True)
        ]
        plain = at_rate(stereo).T
        ears = tuple((both[own], both[1 - own]) for both in (fitted, plain))
        true, amplified = plain[own][:, None], fitted[own][:, None]
        mixture = at_rate(_mixture(challenge, pair.song, ear))
        return Sounds(challenge.sample_rate, mixture, true, (true, amplified), ears)

    def of_remix(source: Source) -> Sounds:
        pair, ear, stem = source
        given, target = _mixture(challenge, pair.song, ear), challenge.target(pair, stem)
        mixture = at_rate(given)
        if target is given:  # a copy of it is the mixture's
            return Sounds(challenge.sample_rate, mixture, mixture, ())
        amplified = np.stack([challenge.reference(pair, side, stem).samples for side in EARS], axis=1)
        references = (at_rate(target), amplified)
        return Sounds(challenge.sample_rate, mixture, mixture, references)

    return lambda name: (of_stem if sources[name][2] else of_remix)(sources[name])


def excerpt_of(challenge: Challenge, sources: Mapping[str, Source]) -> Callable[[str], Excerpt]:
    """Gives the loudest second of the mixture behind a file by its name; the latest are kept."""
    given, wanted = challenge.input_sample_rate, challenge.enhanced.sample_rate

    @lru_cache(maxsize=KEPT_EXCERPTS)
    def excerpt(song: str, ear: str) -> Excerpt:
        mixture = _mixture(challenge, song, ear)
        whole = len(mixture) // given
        power = np.sum(np.square(mixture[: whole * given]), axis=1).reshape(whole, given).sum(axis=1)
        start = int(np.argmax(power)) if whole else 0
        before = min(start, 1)  # s around it, so that the filter has what it needs
        around = resample(mixture[(start - before) * given : (start + 2) * given], given, wanted)
        return Excerpt(start, around[before * wanted : (before + 1) * wanted].astype(np.float32))

    def of_file(name: str) -> Excerpt:
        pair, ear, _ = sources[name]
        return excerpt(pair.song, ear)

    return of_file
