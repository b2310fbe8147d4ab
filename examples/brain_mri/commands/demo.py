"""`demo`: simulate a cohort, train both stages, evaluate, write the report."""

import argparse
from dataclasses import replace
from pathlib import Path

from examples.brain_mri.argument_types import positive, seed
from examples.brain_mri.commands import evaluate
from examples.brain_mri.commands.shared import checked_index, refuse_existing
from examples.brain_mri.config import Options
from examples.brain_mri.quiet import load_tensorflow
from examples.brain_mri.requirements import DEMO
from examples.brain_mri.run_folder import RunFolder

HELP = "simulate a cohort, train both stages, evaluate, write the report"
NEEDS = DEMO
# Small and short, so that it takes minutes on two cores: about 630 slices.
PATIENTS = 18
FEWEST = 5
OPTIONS = Options(
    data="",
    image_size=64,
    classifier_epochs=2,
    segmenter_epochs=3,
    learning_rate=3e-4,
    flips=False,
    refit=False,  # nobody predicts new patients with it
    fractions=(0.6, 0.2, 0.2),
)


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    command.add_argument("--out", type=Path, default=Path("runs/demo"), help="run folder (default: %(default)s)")
    command.add_argument(
        "--patients", type=positive, default=PATIENTS, help="patients to simulate (default: %(default)s)"
    )
    command.add_argument("--seed", type=seed, default=0, help="seed of cohort and training (default: %(default)s)")


def run(chosen: argparse.Namespace) -> None:
    """Run, or continue, everything up to the report on a simulated cohort."""
    from examples.brain_mri.simulation import simulate_cohort

    out = chosen.out
    cohort = out / "cohort"
    if chosen.patients < FEWEST:
        raise ValueError(
            f"Expected --patients of at least {FEWEST}, for three parts. Received {chosen.patients}. Pass more."
        )
    if not cohort.is_dir():
        refuse_existing(out)
        simulate_cohort(cohort, patients=chosen.patients, seed=chosen.seed)
    index = checked_index(cohort)
    if len(index.patients) != chosen.patients:
        raise ValueError(
            f"Expected {chosen.patients} patients in {cohort}. Received {len(index.patients)} of an earlier demo. "
            f"Delete {out}, or name another --out."
        )
    load_tensorflow()
    from examples.brain_mri import training

    options = replace(OPTIONS, data=str(cohort), seed=chosen.seed)
    run = RunFolder(out)
    if (out / "config.json").is_file():
        if run.options().seed != chosen.seed:
            raise ValueError(
                f"Expected a demo of --seed {chosen.seed}. Received {out} of seed {run.options().seed}. "
                "Delete it, or name another --out."
            )
        training.resume(run, index)
    else:
        training.start(out, index, options)
    with run.locked():
        if not run.metrics.is_file():  # which is written last
            evaluate.score(run, index)
    print(f"report: {run.report.resolve()}")
