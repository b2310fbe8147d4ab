"""The first section: every main score with its interval."""

from typing import Any

from examples.brain_mri.formats import option_rows, precision_text
from examples.brain_mri.run_folder import RunFolder
from examples.brain_mri.wording import difference_text, interval_text, marking_text, refit_text, slice_rows, stage_rows
from resunet_kit import plots


def summary_blocks(run: RunFolder, summary: dict[str, Any]) -> list[Any]:
    """Return the scores of the classifier, of both stages, and of the difference, and the options of the run."""
    return [
        "Every score below is of the **test patients alone**: no slice of theirs was seen in training or in choosing "
        "weights and thresholds, by either stage. Both stages share one split, by patient.",
        slice_rows(summary),
        stage_rows(summary),
        difference_text(summary),
        _reading(summary),
        refit_text(run.options()),
        plots.Details(
            "The options that it was trained with", [option_rows(run.options()), precision_text(run.options())]
        ),
    ]


def _reading(summary: dict[str, Any]) -> str:
    weights, thresholds = summary["tversky_weights"], summary["thresholds"]
    return (
        "The segmenter is scored on every slice; the cascade marks only slices that pass the gate: to which the "
        f"classifier gives a probability of {thresholds['classifier']:.2g} or more. {summary['empty_rule']} "
        f"Tversky weighs false pixels {weights['fp_weight']:g} and missed ones {weights['fn_weight']:g}. Per slice and "
        "per patient are means; a "
        "patient's slices are scored as one volume; pooled takes all pixels of all patients together. "
        f"{interval_text(summary['split']['test']['patients'])}\n\n"
        f"{marking_text(summary)} No threshold was chosen on test patients."
    )
