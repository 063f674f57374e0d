"""How much faster are our HASPI and HASQI than pyclarity's? All run side by side, in turn, on one thread.

    python benchmarks/haspi_speed.py            # 5 s and 30 s
    python benchmarks/haspi_speed.py --quick    # 5 s only, one repetition

Takes three minutes on a busy machine. Prints Markdown. Times are the processor's (other work on the
machine counts less than on the clock), medians; ratios compare runs that alternate. Every row also says how
far the two scores, from the same seed, are apart.
"""

import argparse
import os
import statistics
import time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[name] = "1"

import numpy as np  # noqa: E402

RATE = 24000
LEVELS = (20, 25, 30, 40, 50, 55, 60, 65)
LEVEL1 = 85.0


def clip(seconds: float) -> tuple[np.ndarray, np.ndarray]:
    """Four syllables of noise a second, and a clipped, noisy, late copy: [T] each."""
    rng = np.random.RandomState(1)
    time_axis = np.arange(int(seconds * RATE)) / RATE
    noise = np.cumsum(rng.standard_normal(time_axis.size))
    noise -= np.convolve(noise, np.ones(200) / 200, "same")
    speech = noise * np.sin(2 * np.pi * 2 * time_axis) ** 2
    speech *= 0.1 / np.sqrt(np.mean(speech**2))
    processed = np.clip(np.roll(speech, 100), -0.25, 0.25) + 0.02 * rng.standard_normal(speech.size)
    return speech, processed


def ways(speech: np.ndarray, processed: np.ndarray) -> dict:
    """What is timed: (index, way) -> a function that gives the score."""
    from clarity.evaluator.haspi import haspi_v2 as clarity_haspi
    from clarity.evaluator.hasqi import hasqi_v2 as clarity_hasqi
    from clarity.utils.audiogram import Audiogram as ClarityAudiogram

    from haaqinet_eval import Audiogram, haspi, hasqi

    theirs, ours = ClarityAudiogram(np.array(LEVELS)), Audiogram(LEVELS)
    kept_haspi = haspi.Reference(speech, RATE, ours, LEVEL1, 1)
    kept_hasqi = hasqi.Reference(speech, RATE, ours, 1, LEVEL1, 1)

    def seeded(function, audiogram, *options):
        np.random.seed(1)
        return function(speech, RATE, processed, RATE, audiogram, *options)[0]

    return {
        ("HASPI", "pyclarity"): lambda: seeded(clarity_haspi, theirs, LEVEL1),
        ("HASPI", "ours"): lambda: seeded(haspi.haspi_v2, ours, LEVEL1),
        ("HASPI", "ours, reference kept"): lambda: kept_haspi.score(processed, RATE).value,
        ("HASQI", "pyclarity"): lambda: seeded(clarity_hasqi, theirs, 1, LEVEL1),
        ("HASQI", "ours"): lambda: seeded(hasqi.hasqi_v2, ours, 1, LEVEL1),
        ("HASQI", "ours, reference kept"): lambda: kept_hasqi.score(processed, RATE).value,
    }


def compare(seconds: float, repeats: int) -> list[str]:
    """Rows of the table for one length of clip."""
    timed = ways(*clip(seconds))
    times, values = {way: [] for way in timed}, {}
    for repeat in range(repeats + 1):  # the first warms up: compilation, caches, kept references
        for way, run in timed.items():
            theirs = way[1] == "pyclarity"
            if repeat == 0 and theirs:
                continue
            if not theirs:
                run()  # after another scorer the caches hold other data
            for _ in range(1 if theirs else 3):
                start = time.process_time()
                values[way] = run()
                times[way] += [time.process_time() - start] if repeat else []
    rows = []
    for (index, way), spent in times.items():
        median, base = statistics.median(spent), statistics.median(times[index, "pyclarity"])
        apart = abs(values[index, way] - values[index, "pyclarity"])
        cells = (f"{seconds:g} s", index, way, f"{median:.3f}", f"{base / median:.1f}", f"{apart:.0e}")
        rows.append(f"| {' | '.join(cells)} |")
    return rows


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="5 s only, one repetition")
    quick = parser.parse_args().quick
    print("| clip | index | way | processor's seconds | times pyclarity | scores apart |")
    print("|---|---|---|---:|---:|---:|")
    for seconds, repeats in ((5, 1 if quick else 3), (30, 0 if quick else 1)):
        if repeats:
            print("\n".join(compare(seconds, repeats)), flush=True)
    busy = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    print(f"\nLoad of the machine (processes that wanted a processor, of {os.cpu_count()}): {busy:.1f}")


if __name__ == "__main__":
    main()
