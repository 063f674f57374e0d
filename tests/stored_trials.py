"""A small challenge, and what is handed in to it."""

from dataclasses import replace

from haaqinet_eval.audiogram import Audiogram, Listener
from haaqinet_eval.scores import Score
from haaqinet_eval.store import System, submit
from haaqinet_eval.trials import Trial

NAME = "cad_icassp_2024"


LISTENERS = {
    "L1": Listener("L1", Audiogram.flat(10), Audiogram.flat(40)),
    "L2": Listener("L2", Audiogram.flat(70), Audiogram.flat(70)),
}


def trials(scenes=("s1", "s2"), listeners=("L1", "L2")):
    return [
        Trial(NAME, "", scene, f"Song of {scene}", listener, ear)
        for scene in scenes
        for listener in listeners
        for ear in ("left", "right")
    ]


def score_of(trial, value=0.5, scorer="haaqi", version="1", system="E1"):
    error = "" if value is not None else "missing_file"
    return Score(
        *(replace(trial, challenge=NAME, system=system), scorer, version),
        *(value, {"linear": 0.25} if value is not None else {}, 0.125, error, error and "no such file"),
    )


def hand_in(store, digest="a", system="E1", team="T1", **more):
    return submit(store, NAME, System(team, system), sha256=digest, scorers=["haaqi"], **more)[0]
