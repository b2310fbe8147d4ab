"""The results of a study: two tables and a report with curves and what they say."""

import datetime
from collections.abc import Sequence
from typing import Any

import resunet_kit
from examples.brain_mri.provenance import cores, processor
from examples.brain_mri.study.figures import sections
from examples.brain_mri.study.folder import StudyFolder
from examples.brain_mri.study.grid import Cell, Comparison, describe
from examples.brain_mri.study.plan import Plan
from examples.brain_mri.study.results import result_table, summary_table
from examples.brain_mri.study.sentences import sentences
from resunet_kit import plots
from resunet_kit.data import atomic_write

READING = (
    "A pair is two training runs with the same patients, seed and steps, which differ in one thing: the first is "
    "compared with the second. Differences are means over pairs with 95 % bootstrap intervals over pairs, which show "
    "how much of a difference is due to the chance of seeds and training patients. For the segmenter, the table also "
    "has intervals over the held-out patients (patients_low to patients_high), which show whether the difference would "
    "be the same on other patients. With few pairs or patients, intervals are too narrow. Nothing was chosen on the "
    "held-out patients. Seconds are those of training steps, without compiling, scoring and the training on the "
    "simulated cohort."
)


def write_results(folder: StudyFolder, plan: Plan, grid: Sequence[Cell]) -> None:
    """Write results.csv, summary.csv and report.html of the training runs that are done."""
    finished = folder.results(grid)
    results, summary = result_table(finished), summary_table(finished, plan.compared())
    for name, table in (("results.csv", results), ("summary.csv", summary)):
        with atomic_write(folder.path / name) as file:
            table.to_csv(file, index=False)
    blocks = [plots.Section("The study", _about(folder, plan, grid, finished))]
    for comparison in plan.compared():
        text = [line for stage in plan.stages for line in sentences(summary, comparison, stage)]
        figures = sections(results, comparison, plan.stages)
        if figures:
            blocks.append(plots.Section(comparison.question, [*_fixed(comparison), *text, *figures]))
    if len(summary):
        blocks.append(plots.Section("All differences", [READING, summary.to_dict("list")]))
    plots.write_report(folder.report, blocks, title="Transfer learning, measured")


def _fixed(comparison: Comparison) -> list[str]:
    what = "Layers" if comparison.varies == "start" else "Start"
    return [f"{what} of all training runs here: {describe(comparison.fixed)}."]


def _origin(simulated: Sequence[str], patients: Sequence[str]) -> str:
    if len(simulated) == len(patients):
        return "**The patients are simulated: nothing here was measured on real ones.**"
    if simulated:
        return f"**{len(simulated)} of {len(patients)} patients are simulated**: the scores mix them with the others."
    return "**No patient is marked as simulated**: they are taken for real ones."


def _about(folder: StudyFolder, plan: Plan, grid: Sequence[Cell], finished: Sequence[dict[str, Any]]) -> list[Any]:
    stored = folder.stored()
    held_out, training = stored["held_out"], stored["training"]
    lines = [_origin(stored["simulated"], [*held_out, *training])]
    if len(finished) < len(grid):
        lines.append(f"**{len(finished)} of {len(grid)} training runs are done; --resume does the others.**")
    empty = [f for f in finished if f["stage"] == "segmenter" and f["moments"][-1]["score"] == 0]
    if empty:
        lines.append(
            f"**{len(empty)} training runs of the segmenter end with a Dice of 0**: they mark no tumour pixel at all, "
            "so their differences say nothing about their starts."
        )
    start_seconds = {(f["stage"], f["start"]): f["start_seconds"] for f in finished if "start_seconds" in f}
    lines += [
        f"{len(training)} patients for training, {len(held_out)} held out, on whom all scores are measured: "
        f"{', '.join(held_out)}. Each run has {plan.steps} steps of {plan.batch_size} slices of "
        f"{plan.image_size}x{plan.image_size} pixels, whatever its start, layers and number of patients. The "
        "classifier's score is the ROC AUC of all slices, the segmenter's the mean Dice of the volumes at a "
        "probability of 0.5, at the size that the network sees, without any post-processing.",
        READING,
    ]
    if start_seconds:
        taken = [f"{stage}, {describe(start)}: {seconds:.0f} s" for (stage, start), seconds in start_seconds.items()]
        lines.append(f"The training on the simulated cohort, done once, took ({'; '.join(taken)}).")
    now = datetime.datetime.now(datetime.UTC)
    lines.append(
        f"resunet_kit {resunet_kit.__version__}, written {now:%Y-%m-%d} on {processor()}, {cores()} cores, "
        f"{plan.precision}. Not a medical device."
    )
    table = [
        {"Option": name, "Value": " ".join(value) if isinstance(value, list) else str(value)}
        for name, value in plan.stated().items()
    ]
    return [*lines, table]
