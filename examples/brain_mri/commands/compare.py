"""`compare`: the scores of several runs, paired by test patient."""

import argparse
from pathlib import Path

from examples.brain_mri.quiet import load_tensorflow
from examples.brain_mri.requirements import EVALUATION

HELP = "compare evaluated runs, paired by test patient"
NEEDS = EVALUATION


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    command.add_argument(
        "runs",
        type=Path,
        nargs="+",
        metavar="RUN",
        help="evaluated run folders; the others are compared with the first",
    )
    command.add_argument("--out", type=Path, metavar="FILE.html", help="also write a report")


def run(chosen: argparse.Namespace) -> None:
    """Print the comparison, and write it where `--out` says."""
    if chosen.out and chosen.out.suffix.lower() not in {".html", ".htm"}:
        raise ValueError(f"Expected --out to end in .html. Received {chosen.out}. Name the report comparison.html.")
    load_tensorflow()
    import pandas as pd

    from examples.brain_mri.comparison import common_patients, differing_options, read_runs, training_text
    from examples.brain_mri.report import comparison as report

    runs = read_runs(chosen.runs)
    patients = common_patients(runs)
    for line in (report.origin_text(runs).replace("**", ""), report.tested_text(runs, patients), training_text(runs)):
        print(line)
    print(pd.DataFrame(report.table_rows(runs, patients)).to_string(index=False))
    options = differing_options(runs)
    print(pd.DataFrame(options).to_string(index=False) if options else "All options are the same.")
    print(report.reading_text(len(patients)))
    if chosen.out:
        print(f"report: {report.write_comparison(chosen.out, runs, patients).resolve()}")
