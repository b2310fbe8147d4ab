"""`predict`: mark new images and tabulate where the tumour is."""

import argparse
import sys
from pathlib import Path

from examples.brain_mri.argument_types import positive_number
from examples.brain_mri.quiet import load_tensorflow
from examples.brain_mri.requirements import PREDICTION
from examples.brain_mri.run_folder import RunFolder

HELP = "mark new images and tabulate where the tumour is"
NEEDS = PREDICTION


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    command.add_argument("--run", dest="folder", type=Path, required=True, help="run folder that `train` made")
    command.add_argument("--out", type=Path, required=True, help="new folder for masks and tables")
    command.add_argument("--resume", action="store_true", help="continue an interrupted prediction in --out")
    command.add_argument(
        "--skip-unreadable",
        action="store_true",
        help="leave out files that cannot be used and list them in skipped.csv; without it, they stop the command",
    )
    command.add_argument(
        "--spacing",
        type=positive_number,
        nargs=3,
        metavar=("DEPTH", "HEIGHT", "WIDTH"),
        help="distance between slices, rows and columns in mm, for volumes of TIFF, PNG and JPEG slices, whose files "
        "do not store it; NIfTI and DICOM keep their own",
    )
    command.add_argument(
        "images",
        type=Path,
        nargs="+",
        metavar="IMAGE_OR_DIR",
        help="TIFF, PNG or JPEG slices, NIfTI volumes, DICOM slices, or folders, which are searched recursively; "
        "slices of one folder whose names differ only in the last number are one patient",
    )


def run(chosen: argparse.Namespace) -> None:
    """Mark new images, and print the path of the table."""
    folder = RunFolder.open(chosen.folder)
    folder.trained()
    load_tensorflow()
    from examples.brain_mri import prediction

    spacing = tuple(chosen.spacing) if chosen.spacing else None
    options = prediction.Options(chosen.resume, chosen.skip_unreadable, spacing)
    try:
        skipped = prediction.predict(folder, chosen.images, chosen.out, options)
    except KeyboardInterrupt:
        print(f"\nContinue with --resume where {chosen.out} was begun.", file=sys.stderr)
        raise
    except OSError as error:
        if error.filename is not None:
            raise
        raise OSError(error.errno, error.strerror or str(error), str(chosen.out)) from error  # a full disk
    print(chosen.out / "predictions.csv")
    if chosen.skip_unreadable:
        print(f"left out: {skipped} {'file' if skipped == 1 else 'files'}, listed in {chosen.out / 'skipped.csv'}")
