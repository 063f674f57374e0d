"""How scoring scales: with items, workers and systems per scene, and what the coordinator costs.

    python benchmarks/scale.py            all tables; some ten minutes on a quiet machine
    python benchmarks/scale.py overhead   one of: overhead, workers, haaqi, shared

Processor time is told apart from time on the clock: on a busy machine only the first is fair.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from rich.console import Console
from rich.table import Table

from haaqinet_eval import Audiogram, Result, Stimulus, Trial
from haaqinet_eval.audio import resample
from haaqinet_eval.cadenza import load_challenge
from haaqinet_eval.cadenza.challenge import Pair, pair_trials
from haaqinet_eval.cadenza.mini import make_mini
from haaqinet_eval.cadenza.provenance import scoring_settings
from haaqinet_eval.cadenza.source import FolderSource
from haaqinet_eval.distribute import Executor, Job, Log, TrialGroup, distribute, make_batches
from haaqinet_eval.scorers import load_scorer
from haaqinet_eval.scores import ScoreFile, write_table
from haaqinet_eval.submissions.challenges import challenge_config

EARS = ("left", "right")
NAME = "cad_icassp_2024"
WAIT = 0.05  # s that the waiting stub takes for a signal


class Nothing:
    """A scorer that takes no time."""

    version, sample_rate, needs, limits = "1", 1.0, frozenset(), (0.0, 1.0)

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, stimulus: Stimulus) -> Result:
        return Result(0.5, {"mel_cepstral_high": 0.5, "nonlinear": 0.25, "linear": 0.75})


@dataclass(frozen=True)
class Stub:
    """Signals that are not there, each of which takes `seconds` to wait for."""

    seconds: float = 0.0

    def identity(self) -> str:
        return "stub"

    def open(self):
        return self

    def __call__(self, groups):
        for _ in groups:
            time.sleep(self.seconds)
            yield lambda trial: Stimulus(np.ones(1), 1.0, Audiogram.flat(0))


def stub_tasks(items: int, systems: int = 16) -> list[TrialGroup]:
    """So many signals with two ears, 16 systems to a scene."""
    return [
        TrialGroup(
            tuple(
                Trial("stub", f"E{n % systems:03d}", f"scene_{n // systems:05d}", "song", "L1", ear)
                for ear in EARS
            ),
            ("haaqi",),
        )
        for n in range(items)
    ]


def score(folder: Path, tasks: list[TrialGroup], job: Job, executor: Executor) -> float:
    """Seconds on the clock from the first batch to the final table."""
    file = ScoreFile(folder / "results.csv")
    start = time.perf_counter()
    pool = executor.pool(job)
    batches = make_batches(job.id, tasks, executor.most(len(tasks), pool.workers))

    def keep(scored):
        file.append([row for one in scored for row in one.rows])

    distribute(job, batches, pool, keep, Log(folder / "log.jsonl"))
    write_table(file.path, file)
    return time.perf_counter() - start


def measure(what: str) -> dict[str, float]:
    """One measurement in a process of its own, so that memory is its own too."""
    done = subprocess.run([sys.executable, __file__, what], capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def one_overhead(items: int, workers: int) -> dict[str, float]:
    """Processor time of the coordinator, its memory, items per second on the clock."""
    tasks = stub_tasks(items)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with tempfile.TemporaryDirectory() as folder:
        cpu = time.process_time()
        seconds = score(Path(folder), tasks, Job(Stub(), {"haaqi": "1"}, Nothing), _local(workers))
        cpu = time.process_time() - cpu
        size = (Path(folder) / "results.csv").stat().st_size
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"cpu": cpu, "seconds": seconds, "before": before / 1024, "peak": peak / 1024, "size": size}


def _local(workers: int) -> Executor:
    return Executor("local", workers=workers)


def steady_rate(job: Job, tasks: list[TrialGroup], workers: int) -> float:
    """Signals per second on the clock, once every process has sent two batches of four signals."""
    came = []
    with tempfile.TemporaryDirectory() as folder:
        file = ScoreFile(Path(folder) / "results.csv")

        def keep(scored):
            file.append([row for one in scored for row in one.rows])
            came.append((time.perf_counter(), len(scored)))

        distribute(job, make_batches(job.id, tasks, 4), _local(workers).pool(job), keep, Log(None))
    first = 2 * workers
    return sum(n for _, n in came[first:]) / (came[-1][0] - came[first - 1][0])


def one_waiting(items: int, workers: int) -> dict[str, float]:
    """Signals per second that take `WAIT` each."""
    job = Job(Stub(WAIT), {"haaqi": "1"}, Nothing)
    return {"rate": steady_rate(job, stub_tasks(items, 4), workers)}


def one_haaqi(pairs: int, workers: int) -> dict[str, float]:
    """Signals per second that HAAQI scores: four systems for each of so many scenes and listeners."""
    with tempfile.TemporaryDirectory() as folder:
        source, tasks = make_round(Path(folder), 4, pairs)
        job = Job(source, {"haaqi": load_scorer("haaqi").version}, load_scorer)
        return {"rate": steady_rate(job, tasks, workers)}


def make_round(folder: Path, systems: int, pairs: int = 1) -> tuple[FolderSource, list[TrialGroup]]:
    """Scenes and listeners of the mini challenge, with so many noisy systems each."""
    root = make_mini(NAME)
    config = challenge_config(NAME, root, "train")
    config["evaluate"] = {**config["evaluate"], "set_random_seed": True}
    challenge = load_challenge(NAME, config)
    chosen: list[Pair] = challenge.pairs()[:pairs]
    places = {f"E{n:03d}": folder / f"E{n:03d}/enhanced_signals" for n in range(systems)}
    for signals in places.values():
        signals.mkdir(parents=True)
    for pair in chosen:
        remix = challenge.remix(pair.scene)
        out = resample(remix, challenge.input_sample_rate, challenge.enhanced.sample_rate)
        for n, signals in enumerate(places.values()):
            noise = 0.01 * (n + 1) * np.random.default_rng(n).standard_normal(out.shape) * np.std(out)
            file = signals / challenge.enhanced_file(pair, "left", "")
            soundfile.write(file, out + noise, challenge.enhanced.sample_rate)
    settings = scoring_settings(challenge, config)
    source = FolderSource(NAME, config, {name: str(place) for name, place in places.items()}, settings)
    return source, [
        TrialGroup(pair_trials(challenge, pair, system), ("haaqi",)) for pair in chosen for system in places
    ]


def one_shared(systems: int, together: int) -> dict[str, float]:
    """Processor time for a signal, references shared by the systems or made for each."""
    scorer = load_scorer("haaqi")
    with tempfile.TemporaryDirectory() as folder:
        source, tasks = make_round(Path(folder), systems)
        opened = source.open()
        groups = [tasks] if together else [[task] for task in tasks]
        times, rows = [], []
        for _ in range(2):
            opened.challenge._remix = None  # what the last round read is not this one's
            start = time.process_time()
            for group in groups:
                for work in opened(group):
                    rows += [scorer(work.load(trial)).value for trial in work.trials]
                if not together:
                    opened.challenge._remix = None
            times.append((time.process_time() - start) / systems)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"cpu": min(times), "peak": peak, "mean": float(np.mean(rows))}


ONES = {"overhead": one_overhead, "waiting": one_waiting, "haaqi": one_haaqi, "shared": one_shared}


def table_overhead(console: Console) -> None:
    """What the coordinator takes for an item."""
    table = Table("items", "workers", "coordinator, ms/item", "items/s", "memory, MB", "results.csv, MB")
    for items in (100, 1_000, 10_000, 100_000):
        m = measure(f"overhead:{items}:2")
        cost, size = 1000 * m["cpu"] / items, m["size"] / 1e6
        rate = items / m["seconds"]
        table.add_row(f"{items}", "2", f"{cost:.3f}", f"{rate:.0f}", f"{m['peak']:.0f}", f"{size:.1f}")
    console.print(table)


def table_workers(console: Console) -> None:
    """How much of each worker's time is used: signals that are waited for, not computed."""
    table = Table("workers", "signals", "items/s", "at most", "efficiency")
    signals = 400
    for workers in (1, 2, 4):
        rate = max(measure(f"waiting:{signals}:{workers}")["rate"] for _ in range(2))
        most = workers / WAIT
        efficiency = f"{100 * rate / most:.0f} %"
        table.add_row(f"{workers}", f"{signals}", f"{rate:.1f}", f"{most:.0f}", efficiency)
    console.print(table)


def table_haaqi(console: Console) -> None:
    """HAAQI itself on one process and on two; of use on a machine that does nothing else."""
    table = Table("workers", "signals/s", "efficiency")
    rates = {workers: max(measure(f"haaqi:20:{workers}")["rate"] for _ in range(2)) for workers in (1, 2)}
    for workers, rate in rates.items():
        table.add_row(f"{workers}", f"{rate:.2f}", f"{100 * rate / workers / rates[1]:.0f} %")
    console.print(table)


def table_shared(console: Console) -> None:
    """What the shared reference saves."""
    table = Table("systems", "shared, s/signal", "each its own, s/signal", "saved", "memory, MB")
    for systems in (1, 4, 16):
        both = [measure(f"shared:{systems}:{together}") for together in (1, 0)]
        assert both[0]["mean"] == both[1]["mean"]
        shared, own = (m["cpu"] for m in both)
        saved = f"{100 * (1 - shared / own):.0f} %"
        table.add_row(f"{systems}", f"{shared:.3f}", f"{own:.3f}", saved, f"{both[0]['peak']:.0f}")
    console.print(table)


TABLES = {"overhead": table_overhead, "workers": table_workers, "haaqi": table_haaqi, "shared": table_shared}


def main() -> None:
    """Print the tables, or one measurement as JSON."""
    name, *numbers = sys.argv[1].split(":") if len(sys.argv) > 1 else ["all"]
    if numbers:
        import scale  # as a module, so that workers can import what is here

        print(json.dumps(scale.ONES[name](*map(int, numbers))))
        return
    console = Console(width=110)
    for title, table in TABLES.items():
        if name in ("all", title):
            console.print(f"\n{title}: {table.__doc__}")
            table(console)


if __name__ == "__main__":
    main()
