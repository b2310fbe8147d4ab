"""`check`: report everything that is wrong with a folder."""

import argparse
from pathlib import Path

from examples.brain_mri.cohort.index import index_folder
from examples.brain_mri.commands.shared import add_allow_healthy
from examples.brain_mri.requirements import CHECKING

HELP = "index a folder and report everything that is wrong with it"
NEEDS = CHECKING


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    command.add_argument("dir", type=Path, help="folder in the Kaggle layout, or CSV of its files")
    add_allow_healthy(command)


def run(chosen: argparse.Namespace) -> int:
    """Print notes and problems; exit code 1 if there is a problem."""
    index = index_folder(chosen.dir, progress=True, allow_healthy=chosen.allow_healthy)
    for note in index.notes:
        print(f"note: {note}")
    for problem in index.problems:
        print(f"problem: {problem}")
    patients = len({item.patient for item in index.slices})
    tumour = sum(item.has_tumour for item in index.slices)
    print(f"{patients} patients, {len(index.slices)} slices, {tumour} with tumour, {len(index.problems)} problems")
    return 1 if index.problems else 0
