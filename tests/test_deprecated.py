"""Earlier names still work, say what is new, and are what they were."""

import pickle
import warnings
from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest
import torch

from haaqinet_eval.audiogram import Audiogram
from haaqinet_eval.deprecated import MODULES, NAMES
from haaqinet_eval.scores import Score
from haaqinet_eval.trials import Trial


@pytest.mark.parametrize(("old", "new"), MODULES.items())
def test_modules(old, new):
    import sys

    sys.modules.pop(f"haaqinet_eval.{old}", None)
    with pytest.warns(DeprecationWarning, match=f"haaqinet_eval.{old} is now haaqinet_eval.{new}"):
        module = import_module(f"haaqinet_eval.{old}")
    assert module is import_module(f"haaqinet_eval.{new}")
    assert module.__name__ == module.__spec__.name == f"haaqinet_eval.{new}"


@pytest.mark.parametrize(("old", "new"), NAMES.items())
def test_names(old, new):
    home, _, name = old.rpartition(".")
    module = import_module(f"haaqinet_eval.{home}")
    with pytest.warns(
        DeprecationWarning, match=f"haaqinet_eval.{old} is now haaqinet_eval.{new.replace(':', '.')}"
    ):
        thing = getattr(module, name)
    place, _, path = new.partition(":")
    assert "." in path or thing is getattr(import_module(f"haaqinet_eval.{place}"), path)


def test_new_names_and_names_that_never_were():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        import_module("haaqinet_eval.model.paper.beats")
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        import_module("haaqinet_eval.model").nothing  # noqa: B018


@pytest.mark.filterwarnings("ignore:haaqinet_eval:DeprecationWarning")
def test_functions_that_are_methods():
    from haaqinet_eval.model import Dimensions, HaaqiNet, describe_ear, judge_ears, score_times

    net = HaaqiNet(Dimensions(members=0, clips=1)).eval()
    ear = describe_ear(net, Audiogram.flat(40))
    np.testing.assert_array_equal(ear, net.encode_audiogram(Audiogram.flat(40)))
    (found,) = judge_ears(net, [torch.randn(24_000)], torch.tensor(ear)[None].float(), torch.tensor([65.0]))
    np.testing.assert_allclose(score_times(net, found.outputs.shape[1], 1.0)[:2], [0.064, 0.192])


def test_a_score_with_the_fields_of_its_trial():
    trial = Trial("c", "a", "s", "song", "L", "left")
    score = Score(trial, "haaqi", "1", 0.5)
    with pytest.warns(DeprecationWarning, match=r"system of Score is now trial\.system"):
        assert score.system == "a"
    names = dict(vars(trial), scorer="haaqi", version="1", score=0.5)
    for given, options in (((), names), (tuple(names.values()), {})):
        with pytest.warns(DeprecationWarning, match=r"challenge of Score is now trial\.challenge"):
            assert Score(*given, **options) == score
    with pytest.warns(DeprecationWarning, match="system of Score"):
        assert replace(score, system="b").trial == replace(trial, system="b")
    assert pickle.loads(pickle.dumps(score)) == score
    with pytest.raises(AttributeError, match="'Score' object has no attribute 'nothing'"):
        score.nothing  # noqa: B018
