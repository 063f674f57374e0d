"""CLIP, Cadenza's lyric intelligibility prediction: how many words of a sung phrase do listeners get right?

No audio is handed in, but a table with one number per signal, 0 to 100 % of the words. It is judged against
what listeners wrote down: `labels` reads the challenge's metadata, `predictions` a team's table, `measures`
compares them, `logistic` maps any measure to per cent, `baselines` and `ear` predict.

    labels = read_labels("cadenza_data", "valid")
    table, findings = read_predictions("ICASSP2026_valid_T1.csv", labels)
    evaluate(table, labels)[0].rmse
"""

from ..registry import PredictionRecord

CLIP1 = PredictionRecord(
    name="clip1",
    title="CLIP1, lyric intelligibility (ICASSP 2026)",
    splits=("train", "valid", "eval"),
    private=frozenset({"eval"}),
    file_name="ICASSP2026_{split}_{team}.csv",
    official_score="Root mean squared error of the per cent of words, lower is better.",
    mini=f"{__name__}.mini:write_clip1",
    published=f"{__name__}:clip1.json",
)
CLIP2 = PredictionRecord(
    name="clip2",
    title="CLIP2, lyric intelligibility in rooms and noise (ICASSP 2027)",
    splits=("train", "valid", "eval"),
    private=frozenset({"eval"}),
    file_name="ICASSP2027_{split}_{team}.csv",
    official_score="Root mean squared error of the per cent of words, lower is better.",
    mini=f"{__name__}.mini:write_clip2",
)

__all__ = ["CLIP1", "CLIP2"]
