"""Earlier names of modules, classes and functions: they work, and a DeprecationWarning tells the new one."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from operator import attrgetter
from types import ModuleType
from typing import Any
from warnings import warn

# below `haaqinet_eval`: earlier name -> module; what was in a package moved with it
MODULES = {
    "agreement": "analysis.agreement",
    "cadenza.dialect": "cadenza.official_table",
    "cadenza.filling": "cadenza.run_missing",
    "cadenza.mini_head": "cadenza.spherical_head",
    "cadenza.mini_people": "cadenza.mini_listeners",
    "cadenza.works": "cadenza.loaders",
    "calibration": "analysis.calibration",
    "cards": "training.cards",
    "containers": "io.containers",
    "csvfile": "io.csvfile",
    "distribute.bench": "distribute.job_runner",
    "distribute.child": "distribute.worker_process",
    "distribute.outcome": "distribute.batches",
    "distribute.serve": "distribute.worker_main",
    "endings": "io.endings",
    "files": "io.files",
    "filescore.setting": "filescore.options",
    "frames": "scores.frames",
    "jsonfile": "io.jsonfile",
    "location": "io.location",
    "mixture_aware.asked": "mixture_aware.gain_features",
    "mixture_aware.growing": "mixture_aware.fitting",
    "mixture_aware.roles": "mixture_aware.stems",
    "model.asking": "model.network",
    "model.batch": "model.network",
    "model.beats": "model.paper.beats",
    "model.distilbeats": "model.paper.distilbeats",
    "model.features": "model.paper.features",
    "model.head": "model.paper.head",
    "model.hearing": "model.front_end",
    "model.kaldi_fbank": "model.paper.kaldi_fbank",
    "model.official": "model.paper.official",
    "model.speech": "model.paper.speech",
    "names": "io.names",
    "programs": "io.programs",
    "progress": "io.progress",
    "reasons": "error_codes",
    "redaction": "io.redaction",
    "rendering": "training.rendering",
    "report": "analysis.report",
    "runfile": "io.runfile",
    "scores.filling": "scores.score_file",
    "shim": "pyclarity_recipe",
    "spectrogram": "analysis.spectrogram",
    "standings": "analysis.standings",
    "statistics": "analysis.statistics",
    "store.among": "store.submission_filter",
    "submissions.opened": "submissions.untrusted_files",
    "submissions.own_audio": "submissions.challenge_audio",
    "summary": "analysis.summary",
    "synthesis.band": "synthesis.midi_accompaniment",
    "synthesis.environments": "synthesis.recorded_noise",
    "synthesis.losses": "synthesis.hearing_losses",
    "synthesis.remix_systems": "synthesis.simulated_systems",
    "synthesis.sources": "synthesis.clips",
    "synthesis.surroundings": "synthesis.synthetic_noise",
    "synthesis.twins": "synthesis.duplicates",
    "target": "mixture_aware",
    "worker.handing_in": "worker.accepting",
    "worker.holding": "worker.claim_guard",
    "worker.splits": "worker.challenge_data",
}
# earlier name -> module and name; a method takes its object first
NAMES = {
    "analysis.agreement.doubt_pays": "analysis.agreement:error_by_uncertainty",
    "analysis.agreement.holds": "analysis.agreement:interval_contains",
    "analysis.agreement.least_sure": "analysis.agreement:by_uncertainty",
    "audio.note_files": "audio:track_file_reads",
    "cadenza.songs.VDBO": "cadenza.songs:MUSDB_STEMS",
    "distribute.Opened": "distribute:WorkLoader",
    "distribute.Scored": "distribute.batches:Outcome",
    "distribute.Task": "distribute:TrialGroup",
    "filescore.Listening": "filescore:EarSetup",
    "filescore.Setting": "filescore:ScoreOptions",
    "model.Heard": "model.front_end:FrontEndOutput",
    "model.Hearing": "model.front_end:FrontEnd",
    "model.Judgement": "model.confidence:Prediction",
    "model.PaperDimensions": "model.paper:PaperDimensions",
    "model.PaperNet": "model.paper:PaperNet",
    "model.confidence.Judgement": "model.confidence:Prediction",
    "model.convert_official": "model.paper:convert_official",
    "model.describe_ear": "model.network:Network.encode_audiogram",
    "model.front_end.Heard": "model.front_end:FrontEndOutput",
    "model.front_end.Hearing": "model.front_end:FrontEnd",
    "model.judge_ears": "model.network:Network.predict_batch",
    "model.load_beats": "model.paper:load_beats",
    "model.load_official": "model.paper:load_official",
    "model.network.AnyNet": "model.network:Network",
    "model.network.describe_ear": "model.network:Network.encode_audiogram",
    "model.network.judge_ears": "model.network:Network.predict_batch",
    "model.network.score_times": "model.network:Network.score_times",
    "model.score_times": "model.network:Network.score_times",
    "model.start_net": "model.paper:start_net",
    "store.Among": "store:SubmissionFilter",
    "store.DIALECTS": "store:OFFICIAL_TABLES",
    "store.Entry": "store:StandingRow",
    "store.Subset": "store:TrialFilter",
    "systems.VDBO": "cadenza.songs:MUSDB_STEMS",
    "worker.HandedIn": "worker:Accepted",
    "worker.Split": "worker:ChallengeData",
    "worker.hand_in": "worker:accept_submission",
    "worker.hand_in_table": "worker:accept_table",
}
_ROOT = f"{__package__}."


def _new_module(name: str) -> str | None:
    """The present name of a module that had another one."""
    parts = name.removeprefix(_ROOT).split(".")
    for count in range(len(parts), 0, -1):
        new = MODULES.get(".".join(parts[:count]))
        if new:
            return _ROOT + ".".join([new, *parts[count:]])
    return None


class _Finder(MetaPathFinder, Loader):
    """Gives the module of today for a name of old."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        known = fullname.startswith(_ROOT) and _new_module(fullname)
        return ModuleSpec(fullname, self) if known else None

    def exec_module(self, module: ModuleType) -> None:
        new = _new_module(module.__name__)
        assert new is not None
        warn(f"{module.__name__} is now {new}", DeprecationWarning, stacklevel=2)
        sys.modules[module.__name__] = import_module(new)


def install() -> None:
    """Let modules be imported by their earlier names."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


def old_names(module: str) -> Callable[[str], Any]:
    """The `__getattr__` of a module (its `__name__`), for the earlier names of what is or was in it."""

    def find(name: str) -> Any:
        new = NAMES.get(f"{module.removeprefix(_ROOT)}.{name}")
        if new is None:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        home, _, path = new.partition(":")
        warn(f"{module}.{name} is now {_ROOT}{home}.{path}", DeprecationWarning, stacklevel=2)
        owner, _, method = path.rpartition(".")
        if owner:
            return lambda self, *args, **options: getattr(self, method)(*args, **options)
        return attrgetter(path)(import_module(_ROOT + home))

    return find
