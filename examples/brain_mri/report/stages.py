"""The sections on each stage and on both together."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from examples.brain_mri.calibration import BINS
from examples.brain_mri.explaining import Explained
from examples.brain_mri.preparation import FLAIR
from examples.brain_mri.report.data import NAMES
from examples.brain_mri.scoring import PROBABLE, STAGES
from examples.brain_mri.wording import difference_text, gate_rows, gate_text, shape_rows, stage_rows, validation_text
from resunet_kit import plots

COLUMNS = {
    "patient": "Patient",
    "slices": "Slices",
    "slices_with_tumour": "With tumour",
    "slices_predicted": "Marked",
    "truth_px": "Tumour (px)",
    "cascade_px": "Marked (px)",
    "lesion_size": "Size",
    "segmenter_dice": "Dice, segmenter",
    "cascade_dice": "Dice, cascade",
    "cascade_iou": "IoU, cascade",
    "cascade_hausdorff_distance_95_px": "95 % Hausdorff (px), cascade",
}


def classifier_blocks(slices: pd.DataFrame, summary: dict[str, Any]) -> list[Any]:
    """Return the classifier's table and curves; the marked threshold is the run's, no optimum is sought here."""
    truth, probability = slices["has_tumour"].to_numpy(), slices["probability"].to_numpy()
    threshold = summary["thresholds"]["classifier"]
    report = summary["classifier"]["classification_report"]
    table = [
        {"Class": name, **{key.capitalize(): values[key] for key in ("precision", "recall", "f1-score", "support")}}
        for name, values in report.items()
        if isinstance(values, dict)
    ]
    return [
        table,
        plots.confusion_matrix(truth, (probability >= PROBABLE).astype(int), names=NAMES),
        f"The table and the matrix are at a probability of {PROBABLE}. The threshold marked below, {threshold:.2g}, is "
        "the gate's, which is meant to lose no tumour; it was chosen on validation patients, and no optimum is sought "
        "on test patients.",
        plots.roc_curve(truth, probability, threshold=threshold),
        plots.precision_recall_curve(truth, probability, threshold=threshold),
        plots.threshold_curve(truth, probability, threshold=threshold),
        plots.reliability_diagram(truth, probability, bins=BINS),
    ]


def evidence_blocks(explained: Sequence[Explained]) -> list[Any]:
    """Return where the classifier finds evidence for a tumour, in the slices that it is most wrong about."""
    return [
        "The slices with tumour to which the classifier gives the lowest probability, and those without to which it "
        "gives the highest, as it sees them: cropped to the head, FLAIR. Bright areas are evidence for a tumour, by "
        "Grad-CAM (Selvaraju 2017, arXiv 1610.02391), with 1 as the maximum of each slice. A slice may have no "
        "evidence. Such a map shows where the evidence is, not that it is right.",
        *(
            plots.heatmap_overlay(
                one.image[..., FLAIR],
                one.evidence,
                mask=one.mask if one.has_tumour else None,
                name="Evidence",
                value_range=(0, 1),
                title=f"{one.patient} #{one.number}, {NAMES[one.has_tumour]}: probability {one.probability:.3f}",
            )
            for one in explained
        ),
    ]


def overlap_blocks(slices: pd.DataFrame, patients: pd.DataFrame) -> list[Any]:
    """Return every patient's row, and the distribution of Dice over patients and over slices."""
    with_tumour = slices[slices["has_tumour"] == 1]
    return [
        "Each patient's slices scored as one volume, worst first.",
        plots.Table(patients[list(COLUMNS)].rename(columns=COLUMNS).to_dict("list"), sort_by=COLUMNS["cascade_dice"]),
        plots.score_distribution(
            {stage: patients[f"{stage}_dice"].to_numpy() for stage in STAGES}, title="Dice of each patient's volume"
        ),
        plots.score_distribution(
            {stage: with_tumour[f"{stage}_dice"].to_numpy() for stage in STAGES},
            title="Dice of each slice with tumour",
        ),
        plots.bland_altman(
            patients["truth_px"].to_numpy(),
            patients["cascade_px"].to_numpy(),
            labels=patients["patient"].tolist(),
            name="Tumour in pixels, cascade",
        ),
    ]


def shape_blocks(patients: pd.DataFrame, summary: dict[str, Any]) -> list[Any]:
    """Return how far surfaces lie from each other, and how many lesions are found."""
    found = summary["surfaces_and_lesions"]
    return [
        found["note"],
        shape_rows(found),
        plots.score_distribution(
            {stage: patients[f"{stage}_hausdorff_distance_95_px"].to_numpy() for stage in STAGES},
            name="95 % Hausdorff distance (px)",
            labels=patients["patient"].tolist() * len(STAGES),
        ),
    ]


def gate_blocks(summary: dict[str, Any]) -> list[Any]:
    """Return the segmenter alone beside the cascade, and what the gate saves and costs."""
    return [
        stage_rows(summary, scores=1),
        difference_text(summary),
        validation_text(summary),
        gate_rows(summary),
        gate_text(summary),
    ]
