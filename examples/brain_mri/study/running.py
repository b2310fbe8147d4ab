"""All training runs of a study, one after another; those that are done are not repeated."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from examples.brain_mri.batches import Patient
from examples.brain_mri.cohort.index import Index
from examples.brain_mri.fingerprints import fingerprint
from examples.brain_mri.precision import with_precision
from examples.brain_mri.progress import progress_bar
from examples.brain_mri.study import cells
from examples.brain_mri.study.folder import StudyFolder
from examples.brain_mri.study.grid import Cell
from examples.brain_mri.study.patients import drawn, hold_out
from examples.brain_mri.study.plan import Plan
from examples.brain_mri.study.report import write_results
from examples.brain_mri.study.starts import Starts, steps
from examples.brain_mri.study.trainer import Networks, stage_of


def check(plan: Plan, patients: Sequence[Patient]) -> None:
    """Raise, before anything is written, if the patients or the networks cannot be used.

    Raises:
        ImportError: If the ImageNet weights come from a package that is not installed.
        ValueError: If there are too few patients, or the weights cannot be loaded.
    """
    training, _ = hold_out(patients, plan.seed)
    _subsets(plan, plan.cells(len(training)), training)
    imagenet = needs_imagenet(plan.cells(len(training)))
    for stage in plan.stages:
        options = plan.options(imagenet=imagenet, seed=0, epochs=1)
        stage_of(stage, options, []).build(options)


def start(folder: StudyFolder, plan: Plan, data: Path, index: Index, patients: Sequence[Patient]) -> Plan:
    """Write what stays the same until the end of the study, and return the plan with its precision."""
    parts = hold_out(patients, plan.seed)
    training, held_out = ([patient.name for patient in part] for part in parts)
    # All runs count as one: together they are long enough for measuring to pay off.
    grid = plan.cells(len(training))
    options = plan.options(imagenet=needs_imagenet(grid), seed=0, epochs=plan.moments * len(grid))
    stage = stage_of("segmenter", options, [])
    options = with_precision(options, lambda: stage.build(options))
    print(f"precision: {options.precision}, {options.precision_reason}", flush=True)
    plan = replace(plan, precision=options.precision)
    folder.write_plan(
        plan,
        data=str(data.resolve()),
        fingerprints=fingerprint(index.slices),
        training=training,
        held_out=held_out,
        simulated=sorted(index.simulated),
    )
    return plan


def train(folder: StudyFolder, plan: Plan, index: Index, patients: Sequence[Patient]) -> None:
    """Do the remaining training runs, and write the results, also of an interrupted study.

    Raises:
        ValueError: If the patients are not those of the start.
    """
    folder.check_data(fingerprint(index.slices))
    training, held_out = hold_out(patients, plan.seed)
    grid = plan.cells(len(training))
    try:
        _train(folder, plan, grid, training, held_out)
    finally:
        if folder.results(grid):
            write_results(folder, plan, grid)


def _train(
    folder: StudyFolder, plan: Plan, grid: Sequence[Cell], training: Sequence[Patient], held_out: Sequence[Patient]
) -> None:
    missing = [cell for cell in grid if folder.read_cell(cell) is None]
    needed = sorted({(cell.stage, cell.start) for cell in missing})
    needed = [key for key in needed if not folder.start_weights(*key).is_file()]
    subsets = _subsets(plan, grid, training)
    networks = Networks(plan, imagenet=needs_imagenet(grid))
    total = plan.steps * len(grid) + steps(plan, needed)
    with progress_bar(
        total=total,
        initial=plan.steps * (len(grid) - len(missing)),
        desc="study",
        unit="step",
        smoothing=0,  # runs differ in speed: the time left is estimated by the mean of all
    ) as bar:
        starts = Starts(folder, plan, networks, bar.update)
        for cell in missing:
            bar.set_description(f"study: {cell.name}", refresh=False)
            patients = subsets[cell.patients, cell.seed]
            result = cells.train(cell, patients, held_out, networks, starts, bar.update)
            if "simulated" in cell.start:
                result["start_seconds"] = starts.seconds(cell.stage, cell.start)
            folder.write_cell(cell, **result)


def needs_imagenet(grid: Sequence[Cell]) -> bool:
    """Return whether any training starts from ImageNet weights."""
    return any("imagenet" in cell.start for cell in grid)


def _subsets(plan: Plan, grid: Sequence[Cell], training: Sequence[Patient]) -> dict[tuple[int, int], list[Patient]]:
    """Return the training patients for each number of them and each seed."""
    keys = {(cell.patients, cell.seed) for cell in grid}
    return {(count, seed): drawn(training, count, plan.seed + seed) for count, seed in sorted(keys)}
