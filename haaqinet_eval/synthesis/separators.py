"""What real separators make of music: their stems, alone or with other music before them.

As in `degradations`, functions of a signal [T], its sample rate (Hz), a generator and settings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from .conditions import Condition
from .degradations import Array, Rng, match
from .leftovers import another

GROUP = "separators"
BACKING = ("drums", "bass", "other")

Separate = Callable[[Array], Mapping[str, Array]]  # a mixture [T] to its stems by name, [T] each


def separated(
    x: Array,
    rate: float,
    rng: Rng,
    *,
    separate: Separate,
    parts: tuple[str, ...],
    paths: tuple[Path, ...] = (),
    snr_db: float | None = None,
    share: float = 0.0,
) -> Array:
    """Some stems of a mixture, as a separator hears it.

    Args:
        x, rate, rng: as everywhere.
        separate: the separator.
        parts: stems that are kept.
        paths: recordings of other music, of which one is in the mixture if `snr_db` is a number.
        snr_db: music over other music in the mixture.
        share: of the mixture that is put back.
    """
    other = 0.0 if snr_db is None else another(paths, x, rate, rng) * 10 ** (-snr_db / 20)
    stems = separate(x + other)
    return match(sum(stems[part] for part in parts) + share * (x + other), x)


_KEPT = (  # stems that are kept, music over other music (dB), share of the mixture that is put back
    (BACKING, None, 0.0),
    (("vocals",), None, 0.0),
    (("vocals",), None, 0.3),
    (("drums", "other"), None, 0.0),
    (BACKING, 8.0, 0.0),
    (BACKING, 0.0, 0.15),
    (("vocals",), 4.0, 0.0),
    (("vocals", "bass"), -4.0, 0.15),
    (("bass", "other"), 2.0, 0.0),
)


def separations(separators: Mapping[str, Separate], paths: tuple[Path, ...]) -> dict[str, Condition]:
    """Conditions of separators by name; the other music is in some recordings."""
    found = {}
    for separator, run in separators.items():
        for n, (parts, snr_db, share) in enumerate(_KEPT, 1):
            settings = {"separate": run, "parts": parts, "paths": paths, "snr_db": snr_db, "share": share}
            name = f"{separator}-{n}"
            found[name] = Condition(name, GROUP, ((separated, settings),))
    return found
