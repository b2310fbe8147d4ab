"""`evaluate`: score a run on its test patients and write the report."""

import argparse
from pathlib import Path

from examples.brain_mri.cohort.index import Index
from examples.brain_mri.commands.shared import add_allow_healthy, checked_index
from examples.brain_mri.quiet import load_tensorflow
from examples.brain_mri.requirements import EVALUATION
from examples.brain_mri.run_folder import RunFolder

HELP = "score a run on its test patients and write the report and the model card"
NEEDS = EVALUATION


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    command.add_argument("--run", dest="folder", type=Path, required=True, help="run folder")
    command.add_argument("--data", type=Path, required=True, help="the data that the run was trained on")
    add_allow_healthy(command)


def run(chosen: argparse.Namespace) -> None:
    """Score, and print the path of the report."""
    run = RunFolder.open(chosen.folder)
    run.trained()
    index = checked_index(chosen.data, allow_healthy=chosen.allow_healthy)
    with run.locked():
        score(run, index)
    print(f"report: {run.report.resolve()}")


def score(run: RunFolder, index: Index) -> None:
    """Write everything that an evaluation writes, and print the main scores."""
    load_tensorflow()
    from examples.brain_mri.evaluation import evaluate
    from examples.brain_mri.formats import signed
    from examples.brain_mri.wording import gate_text, leaks_text

    summary = evaluate(run, index)
    classifier = summary["classifier"]
    auc = "undefined" if classifier["roc_auc"] is None else f"{classifier['roc_auc']:.3f}"
    print(f"test patients: classifier accuracy {classifier['accuracy']:.3f}, ROC AUC {auc}")
    for stage in ("segmenter", "cascade"):
        scores = summary[stage]
        print(
            f"{stage}: Dice per patient {scores['per_patient']['dice']['mean']:.3f} (median "
            f"{scores['per_patient']['dice']['median']:.3f}), per slice {scores['per_slice']['dice']['mean']:.3f}, "
            f"pooled {scores['pooled']['dice']:.3f}"
        )
    print(f"cascade minus segmenter: Dice per patient {signed(summary['cascade_minus_segmenter']['dice'])}")
    print(gate_text(summary))
    if any(summary["leaks"].values()):
        print(leaks_text(summary).replace("**", ""))
    print(f"model card: {(run.path / 'model_card.md').resolve()}")
