"""`study`: measure what pretrained weights bring, for how many patients, and how to fine-tune them."""

import argparse
from pathlib import Path

from examples.brain_mri.commands.shared import add_allow_healthy, checked_index
from examples.brain_mri.quiet import load_tensorflow
from examples.brain_mri.requirements import STUDY
from examples.brain_mri.run_folder import RunFolder
from examples.brain_mri.study import arguments
from examples.brain_mri.study.folder import StudyFolder
from examples.brain_mri.study.plan import Plan

HELP = "measure what pretrained weights bring, for how many patients, and how to fine-tune them"
NEEDS = STUDY
SIMULATED_PATIENTS = 8  # of --quick without --data


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    command.add_argument(
        "--data", type=Path, help="as for train; with --quick it may be left out, and patients are simulated"
    )
    command.add_argument("--out", type=Path, required=True, help="new folder for the study")
    command.add_argument("--quick", action="store_true", help="a small study, in minutes")
    command.add_argument("--resume", action="store_true", help="continue the study in --out, with its own options")
    add_allow_healthy(command)
    arguments.add_arguments(command)


def run(chosen: argparse.Namespace) -> None:
    """Run a study, or continue it."""
    folder = StudyFolder(chosen.out)
    stated = arguments.given(chosen)
    if chosen.resume:
        options = folder.plan(stated)
    else:
        folder.refuse_existing()
        options = Plan(**stated)
    data = _data(folder, chosen)
    index = checked_index(data, allow_healthy=chosen.allow_healthy)
    load_tensorflow()
    from examples.brain_mri.batches import read_patients
    from examples.brain_mri.study import running

    patients = read_patients(index.slices, options.image_size)
    if not chosen.resume:
        running.check(options, patients)
        folder.path.mkdir(parents=True, exist_ok=True)
    with RunFolder(folder.path).locked():
        if not chosen.resume:
            folder.refuse_existing()  # another process may have begun one since
            options = running.start(folder, options, data, index, patients)
        running.train(folder, options, index, patients)
    print(f"report: {folder.report.resolve()}")


def _data(folder: StudyFolder, chosen: argparse.Namespace) -> Path:
    """Return the folder of the patients that are studied; with --quick they may be simulated."""
    from examples.brain_mri.simulation import simulate_cohort

    if chosen.data is not None:
        return Path(chosen.data)
    if chosen.resume:
        return Path(folder.stored()["data"])
    if not chosen.quick:
        raise ValueError(
            "Expected --data, the patients to study. Received none. Pass their folder, or --quick for simulated ones."
        )
    if not folder.data.is_dir():
        simulate_cohort(folder.data, patients=SIMULATED_PATIENTS)
    return folder.data
