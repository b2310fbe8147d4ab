"""`predict`: mark new images and tabulate where the tumour is."""

import argparse
from pathlib import Path

from examples.brain_mri.quiet import load_tensorflow
from examples.brain_mri.requirements import READING
from examples.brain_mri.run_folder import RunFolder

HELP = "mark new images and tabulate where the tumour is"
NEEDS = READING


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    command.add_argument("--run", dest="folder", type=Path, required=True, help="run folder")
    command.add_argument("--out", type=Path, required=True, help="new folder for masks and predictions.csv")
    command.add_argument("images", type=Path, nargs="+", metavar="IMAGE_OR_DIR", help="folders are searched below")


def run(chosen: argparse.Namespace) -> None:
    """Mark new images, and print the path of the table."""
    folder = RunFolder.open(chosen.folder)
    folder.trained()
    load_tensorflow()
    from examples.brain_mri import prediction
    from examples.brain_mri.pipeline import Pipeline

    images = prediction.find_images(chosen.images)
    print(prediction.predict(Pipeline.load(folder, final=True).cascade, images, chosen.out) / "predictions.csv")
