"""The listeners of the mini challenges, made up, and what their hearing aids are set to."""

from __future__ import annotations

from ..audiogram import CLARITY_FREQUENCIES, Audiogram, Listener

# id -> left and right thresholds (dB HL) at 0.25, 0.5, 1, 2, 3, 4, 6, 8 kHz
_LEVELS = {
    "L9001": ((5, 5, 0, 5, 5, 10, 10, 10), (0, 5, 5, 5, 10, 5, 10, 15)),  # none
    "L9002": ((15, 15, 20, 25, 30, 35, 40, 45), (10, 15, 20, 30, 30, 40, 40, 45)),  # mild
    "L9003": ((20, 25, 30, 45, 50, 60, 65, 70), (20, 20, 35, 45, 55, 60, 70, 70)),  # moderate, sloping
    "L9004": ((45, 50, 60, 75, 80, 85, 90, 90), (40, 50, 65, 75, 80, 85, 85, 90)),  # severe
    "L9005": ((10, 15, 20, 25, 35, 40, 45, 50), (35, 40, 50, 60, 65, 70, 75, 80)),  # asymmetric
    "L9006": ((30, 40, 50, 60, 65, 70, 75, 75), (35, 40, 50, 55, 65, 70, 75, 80)),  # moderately severe
}
BANDS = (250, 500, 1000, 2000, 4000, 8000)  # Hz, of CAD2's multiband compressor
_NALR_OFFSET = (-17, -8, 1, -1, -2, -2)  # dB; Byrne and Dillon 1986, 8 kHz held from 6 kHz


def mini_listeners(ids: tuple[str, ...] = tuple(_LEVELS)) -> dict[str, Listener]:
    """The six synthetic listeners, or some of them, by id: from no loss to severe, one asymmetric."""
    frequencies = tuple(int(f) for f in CLARITY_FREQUENCIES)
    return {
        id: Listener(id, Audiogram(_LEVELS[id][0], frequencies), Audiogram(_LEVELS[id][1], frequencies))
        for id in ids
    }


def listener_records(listeners: dict[str, Listener]) -> dict[str, dict]:
    """Clarity's listener JSON, whole numbers as the official files have them."""
    records = {id: listener.to_dict() for id, listener in listeners.items()}
    for record in records.values():
        for field, values in record.items():
            if field.startswith("audiogram_"):
                record[field] = [int(v) for v in values]
    return records


def _ear_settings(audiogram: Audiogram) -> tuple[list[float], list[float]]:
    """Compression ratios and gains (dB) per band: gains by NAL-R, ratios that grow with the loss.

    The ratio 1 + (loss - 20) / 60, at most 3, stands in for a fitting rule; it is not one.
    """
    common = 0.05 * sum(audiogram.at(f) for f in (500, 1000, 2000))
    gains = [common + 0.31 * audiogram.at(f) + k for f, k in zip(BANDS, _NALR_OFFSET, strict=True)]
    ratios = [1 + max(0.0, audiogram.at(f) - 20) / 60 for f in BANDS]
    return [round(min(r, 3.0), 2) for r in ratios], [round(max(g, 0.0), 2) for g in gains]


def compressor_params(listeners: dict[str, Listener]) -> dict[str, dict]:
    """CAD2's compressor parameters, by listener id: `frequencies`, `cr_l`, `gain_l`, `cr_r`, `gain_r`."""
    out = {}
    for id, listener in listeners.items():
        (ratio_left, gain_left), (ratio_right, gain_right) = map(
            _ear_settings, (listener.left, listener.right)
        )
        out[id] = {"frequencies": list(BANDS), "cr_l": ratio_left, "gain_l": gain_left,
                   "cr_r": ratio_right, "gain_r": gain_right}  # fmt: skip
    return out
