"""The first section: every main score with its interval."""

from typing import Any

from examples.brain_mri.formats import option_rows, precision_text
from examples.brain_mri.run_folder import RunFolder
from examples.brain_mri.wording import difference_text, interval_text, marking_text, refit_text, slice_rows, stage_rows
from resunet_kit import plots


def summary_blocks(run: RunFolder, summary: dict[str, Any]) -> list[Any]:
    """Return the scores of the classifier, of both stages, and of the difference, and the options of the run."""
    return [
        "Every score below is on the **test patients alone**: none of their slices was used to train either stage, or "
        "to choose its weights or thresholds. Both stages share one split, by patient.",
        slice_rows(summary),
        stage_rows(summary),
        difference_text(summary),
        _reading(summary),
        refit_text(run.options()),
        plots.Details(
            "The options that the run was trained with", [option_rows(run.options()), precision_text(run.options())]
        ),
    ]


def _reading(summary: dict[str, Any]) -> str:
    weights, thresholds = summary["tversky_weights"], summary["thresholds"]
    return (
        "The segmenter is scored on every slice; the cascade marks only slices that pass the gate, to which the "
        f"classifier gives a probability of {thresholds['classifier']:.2g} or more. {summary['empty_rule']} "
        f"Tversky weights false positives by {weights['fp_weight']:g} and false negatives by {weights['fn_weight']:g}. "
        "Scores per slice and per patient are means; a patient's slices are scored as one volume; pooled scores take "
        "all pixels of all patients together. "
        f"{interval_text(summary['split']['test']['patients'])}\n\n"
        f"{marking_text(summary)} No threshold was chosen on test patients."
    )
