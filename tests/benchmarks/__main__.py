"""Speed as ratios within one run: `make bench`.

The two of a pair are timed alternately, under the same load of the machine; the median of their ratios is printed. With
`--write PAGE` the rows replace those of a page of the documentation.
"""

import argparse
import datetime
import importlib
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from tests.benchmarks.machine import SIZE, matrix_rate, processor, versions

# Modules of `pairs()`, and of `notes()` where a number is no ratio.
BENCHMARKS = (
    "augment",
    "cascade",
    "data",
    "inference",
    "losses",
    "masks",
    "metrics",
    "value_checks",
    "scaling",
    "tiling",
    "training",
)
START, END = "<!-- start of the table -->", "<!-- end of the table -->"


class Row(NamedTuple):
    """Ours and a peer in one run."""

    topic: str
    ours: str
    seconds: float
    peer: str
    peer_seconds: float
    ratio: float

    def __str__(self) -> str:
        return (
            f"{self.topic}: {self.ours} {self.seconds * 1e3:.1f} ms, {self.peer} {self.peer_seconds * 1e3:.1f} ms, "
            f"ratio {self.ratio:.2f}"
        )

    def markdown(self) -> str:
        """Return the row of a table."""
        ours, peer = self.ours.replace("|", r"\|"), self.peer.replace("|", r"\|")
        times = f"{self.seconds * 1e3:.1f} | {peer} | {self.peer_seconds * 1e3:.1f} | {self.ratio:.2f}"
        return f"| {self.topic} | {ours} | {times} |"


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


def import_seconds(name: str) -> float:
    """Return the median time of an import in new processes."""
    code = f"import time; s = time.perf_counter(); {name}; print(time.perf_counter() - s)"
    runs = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True) for _ in range(5)]
    return statistics.median(float(run.stdout) for run in runs)


def machine_notes() -> Iterable[str]:
    """Yield what was measured where."""
    yield f"{datetime.date.today()}: {processor()}"
    yield versions()
    rates = {dtype: matrix_rate(dtype) for dtype in ("float32", "bfloat16")}
    shown = ", ".join(f"{rate / 1e9:.0f} GFLOP/s in {dtype}" for dtype, rate in rates.items())
    yield f"product of two {SIZE} x {SIZE} matrices: {shown}"
    for name in ("import resunet_kit", "from resunet_kit.metrics import surface_scores"):
        yield f"`{name}`: {import_seconds(name) * 1e3:.0f} ms"


def measured(names: Iterable[str], rounds: int) -> tuple[list[Row], list[str]]:
    """Return rows and notes, printed one by one."""
    rows: list[Row] = []
    notes: list[str] = []
    for name in names:
        benchmark = importlib.import_module(f"tests.benchmarks.{name}")
        for label, ours, peer_label, peer in benchmark.pairs():
            mine, theirs, ratio = ratios(ours, peer, rounds)
            rows.append(Row(name, label, mine, peer_label, theirs, ratio))
            print(rows[-1], flush=True)
        for note in benchmark.notes() if hasattr(benchmark, "notes") else ():
            notes.append(f"{name}: {note}")
            print(notes[-1], flush=True)
    return rows, notes


def page_with(text: str, about: list[str], rows: list[Row], notes: list[str]) -> str:
    """Return the page with these rows in place of the last ones."""
    before, _, rest = text.partition(START)
    _, end, after = rest.partition(END)
    if not end:
        raise ValueError(
            f"Expected a page with {START!r} and {END!r}. Received one without. Put them where rows belong."
        )
    lines = [*(f"- {line}" for line in about), "", "| | Ours | ms | Peer | ms | Ratio |", "|---|---|---|---|---|---|"]
    lines += [row.markdown() for row in rows]
    lines += ["", *(f"- {note}" for note in notes)]
    return f"{before}{START}\n" + "\n".join(lines) + f"\n{END}{after}"


def main() -> None:
    """Print one line per pair."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *BENCHMARKS], help="default: all")
    parser.add_argument("--rounds", type=int, default=7, help="timed pairs (default: %(default)s)")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="write the rows into this page of the documentation")
    chosen = parser.parse_args()
    about = list(machine_notes())
    print(*about, sep="\n")
    rows, notes = measured(chosen.names or BENCHMARKS, chosen.rounds)
    if chosen.write:
        chosen.write.write_text(
            page_with(chosen.write.read_text(encoding="utf-8"), about, rows, notes), encoding="utf-8"
        )


if __name__ == "__main__":
    main()
