"""Speed as ratios within one run: `make bench`.

The two of a pair are timed alternately, under the same load of the machine; the median of their ratios is printed.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from tests.benchmarks import augment, data, losses, masks, metrics, value_checks

BENCHMARKS: dict[str, Callable[[], Iterable[tuple[str, Callable[[], object], str, Callable[[], object]]]]] = {
    "augment": augment.pairs,
    "data": data.pairs,
    "losses": losses.pairs,
    "masks": masks.pairs,
    "metrics": metrics.pairs,
    "value_checks": value_checks.pairs,
}
NOTES: dict[str, Callable[[], Iterable[str]]] = {
    "augment": augment.notes,
    "data": data.notes,
    "losses": losses.notes,
}


def ratios(ours: Callable[[], object], peer: Callable[[], object], rounds: int) -> tuple[float, float, float]:
    """Return the median seconds of ours and of the peer, and the median of the rounds' ratios peer / ours."""
    ours(), peer()  # first calls trace and fill caches
    times = [(_seconds(ours), _seconds(peer)) for _ in range(rounds)]
    mine, theirs = (statistics.median(column) for column in zip(*times, strict=True))
    return mine, theirs, statistics.median(b / a for a, b in times)


def _seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def import_seconds() -> float:
    """Return the median time of `import resunet_kit` in new processes."""
    code = "import time; s = time.perf_counter(); import resunet_kit; print(time.perf_counter() - s)"
    runs = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True) for _ in range(5)]
    return statistics.median(float(run.stdout) for run in runs)


def main() -> None:
    """Print one line per pair."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *BENCHMARKS], help="default: all")
    parser.add_argument("--rounds", type=int, default=7, help="timed pairs (default: %(default)s)")
    chosen = parser.parse_args()
    print(f"import resunet_kit: {import_seconds() * 1e3:.1f} ms")
    for name in chosen.names or BENCHMARKS:
        for label, ours, peer_label, peer in BENCHMARKS[name]():
            mine, theirs, ratio = ratios(ours, peer, chosen.rounds)
            print(
                f"{name}: {label} {mine * 1e3:.1f} ms, {peer_label} {theirs * 1e3:.1f} ms, ratio {ratio:.2f}",
                flush=True,
            )
        for note in NOTES[name]() if name in NOTES else ():
            print(f"{name}: {note}", flush=True)


if __name__ == "__main__":
    main()
