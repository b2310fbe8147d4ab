"""`train`: train both stages into a new run folder, or continue a run."""

import argparse
from pathlib import Path

from examples.brain_mri import config
from examples.brain_mri.commands.shared import add_allow_healthy, checked_index, refuse_existing
from examples.brain_mri.config import Options
from examples.brain_mri.quiet import load_tensorflow
from examples.brain_mri.requirements import TRAINING
from examples.brain_mri.run_folder import RunFolder

HELP = "train both stages on one split by patient"
NEEDS = TRAINING


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    command.add_argument("--data", type=Path, required=True, help="folder in the Kaggle layout, or CSV of its files")
    command.add_argument("--out", type=Path, required=True, help="new run folder")
    command.add_argument("--resume", action="store_true", help="resume the run in --out, with its own options")
    add_allow_healthy(command)
    config.add_arguments(command)


def run(chosen: argparse.Namespace) -> None:
    """Train, and print what comes next."""
    if chosen.resume:
        RunFolder.open(chosen.out).refuse_other(config.given(chosen))
    else:
        refuse_existing(chosen.out)
    index = checked_index(chosen.data, allow_healthy=chosen.allow_healthy)
    load_tensorflow()
    from examples.brain_mri import training

    if chosen.resume:
        training.resume(RunFolder(chosen.out), index)
    else:
        training.start(chosen.out, index, Options.from_arguments(chosen))
    print(f"trained: {chosen.out}. Next: evaluate --run {chosen.out} --data {chosen.data}")
