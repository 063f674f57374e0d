"""Example of a scorer and a system in a package of their own; importing this imports neither."""

from haaqinet_eval.registry import ScorerRecord, SystemRecord

UNCLIPPED = ScorerRecord(
    name="unclipped",
    title="Unclipped samples (output alone)",
    label="Unclipped",
    kind="predicted",
    factory="example_plugin.scorer:UnclippedScorer",
    summary="Share of the output's samples below full scale.",
)
SOFTER = SystemRecord(
    name="softer",
    factory="example_plugin.system:Softer",
    summary="The mixture, amplified for the listener and 6 dB softer.",
)
