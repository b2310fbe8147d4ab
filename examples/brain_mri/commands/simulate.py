"""`simulate`: write a simulated cohort."""

import argparse
from pathlib import Path

from examples.brain_mri.argument_types import positive, seed
from examples.brain_mri.requirements import SIMULATION

HELP = "write a simulated cohort in the Kaggle folder layout"
NEEDS = SIMULATION


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    command.add_argument("dir", type=Path, help="new folder")
    command.add_argument("--patients", type=positive, default=110, help="default: %(default)s")
    command.add_argument("--seed", type=seed, default=0, help="default: %(default)s")


def run(chosen: argparse.Namespace) -> None:
    """Write the cohort and print its folder."""
    from examples.brain_mri.simulation import simulate_cohort

    print(simulate_cohort(chosen.dir, patients=chosen.patients, seed=chosen.seed))
