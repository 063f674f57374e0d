"""Trials of what separation does: masks between stems, leakage, wrong gains, a missing stem."""

import numpy as np
import pytest

from haaqinet_eval import InputError
from haaqinet_eval.synthesis.remixes import render_remix
from haaqinet_eval.synthesis.render import SAMPLE_RATE, Plan
from haaqinet_eval.synthesis.simulated_systems import SEPARATORS
from haaqinet_eval.training.rendering import Renderer, RenderJob, labels


def plan(*only, conditions=None):
    return Plan(seconds=2.0, procedural=1.0, conditions=conditions or len(only), only=only)


def by_name(group):
    return dict(zip((t.system for t in group.trials), group.processed, strict=True))


def true_scores(group):
    return dict(zip((t.system for t in group.trials), labels(group)[:, 0], strict=True))


def groups(*only, count=8):
    return [render_remix([], "validation", n, plan(*only)) for n in range(count)]


def test_a_group_is_a_function_of_its_place():
    one, again = (render_remix([], "validation", 3, plan(conditions=6)) for _ in range(2))
    np.testing.assert_array_equal(one.processed, again.processed)
    assert [t.system for t in one.trials] == [t.system for t in again.trials]
    assert len({t.system for t in one.trials}) == 6
    assert one.processed.shape == (6, 2 * SAMPLE_RATE)
    other = render_remix([], "validation", 4, plan(conditions=6))
    assert other.trials[0].scene != one.trials[0].scene


def test_what_is_wrong_is_heard_against_the_target():
    for group in groups("ideal", "mask_a", "mask_d", "bleed_b", count=4):
        found = true_scores(group)
        assert found["ideal"] > 0.98
        assert found["ideal"] >= found["mask_a"] - 0.005
        assert found["mask_a"] >= found["mask_d"] - 0.02
        assert max(found["mask_d"], found["bleed_b"]) < 1.0 + 1e-9


def test_a_missing_stem_is_the_target_less_one_stem():
    found = [by_name(group) for group in groups("ideal", "missing_stem", "passthrough", count=8)]
    differ = [np.std(x["ideal"] - x["missing_stem"]) / np.std(x["ideal"]) for x in found]
    assert all(share > 0 for share in differ)
    assert np.median(differ) > 0.1


def test_most_systems_are_drawn_soon_and_too_few_are_refused():
    names = set()
    for group in (render_remix([], "validation", n, plan(conditions=12)) for n in range(12)):
        names |= {t.system for t in group.trials}
    assert len(names) > 0.8 * len(SEPARATORS)
    with pytest.raises(InputError, match="systems ideal: 1 systems, 2 are needed"):
        render_remix([], "validation", 0, plan("ideal", conditions=2))


def test_they_are_rendered_like_other_trials(tmp_path):
    order = RenderJob(tmp_path, plan("ideal", "mask_d"), make=render_remix)
    renderer = Renderer([], order)
    with pytest.raises(InputError, match="no clip of split validation"):
        renderer("validation", 0)
