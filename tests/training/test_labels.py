"""Labels of rendered trials are true HAAQI: what the scorer `haaqi` says of the same signals."""

import numpy as np
import soundfile

from haaqinet_eval import Stimulus, load_scorer
from haaqinet_eval.model import OUTPUTS
from haaqinet_eval.synthesis.clips import Clip
from haaqinet_eval.synthesis.render import SAMPLE_RATE, Plan, render
from haaqinet_eval.training.cache import read_labels
from haaqinet_eval.training.rendering import Renderer, RenderJob

PLAN = Plan(seconds=1.0, conditions=4)


def test_labels_are_what_the_scorer_says(tmp_path):
    """One `haaqi.Reference` hears for all trials of a group; the scorer begins anew with each."""
    t = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    song = sum(np.sin(2 * np.pi * f * t) for f in (220, 660, 1_500, 4_000)) * np.exp(-3 * (t % 0.4))
    soundfile.write(tmp_path / "song.wav", 0.1 * song, SAMPLE_RATE)
    clips = [Clip(tmp_path / "song.wav", "folk", "song", "ann", "repo", "test", "CC0", 2.0)]
    Renderer(clips, RenderJob(tmp_path / "trials", PLAN))("test", 3)
    trials, group = read_labels(tmp_path / "trials", "test"), render(clips, "test", 3, PLAN)
    assert trials.systems.tolist() == [trial.system for trial in group.trials]
    scorer = load_scorer("haaqi")
    heard = {"reference": group.reference, "amplified": True, "level1": group.level1}
    for signal, labels in zip(group.processed, trials.labels.numpy(), strict=True):
        found = scorer(Stimulus(signal, SAMPLE_RATE, group.audiogram, **heard))
        expected = [found.value, *(found.parts[name] for name in OUTPUTS[1:])]
        np.testing.assert_allclose(labels, expected, rtol=0, atol=1e-6)
