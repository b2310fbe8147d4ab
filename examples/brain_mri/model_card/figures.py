"""The figures of the card: both stages, the gate, groups of patients, surfaces, lesions and calibration."""

from collections.abc import Callable
from typing import Any

from examples.brain_mri.formats import number, of_group, with_interval
from examples.brain_mri.groups import named
from examples.brain_mri.scoring import STAGES
from examples.brain_mri.wording import (
    difference_text,
    gate_rows,
    gate_text,
    interval_text,
    shape_rows,
    slice_rows,
    stage_rows,
    validation_text,
)


def analyses(summary: dict[str, Any]) -> list[Any]:
    """Return the unitary results, and why there are no intersectional ones."""
    return [
        interval_text(summary["split"]["test"]["patients"]),
        "Segmenter alone and cascade, Dice:",
        stage_rows(summary, scores=1),
        difference_text(summary),
        validation_text(summary),
        "By slice:",
        slice_rows(summary),
        gate_rows(summary),
        gate_text(summary),
        "By institution, the code in the patient's name:",
        _group_rows("Institution", summary["by_institution"], named),
        _size_text(summary),
        _group_rows("Size", summary["by_lesion_size"], str),
        "Surfaces and lesions of the patients' volumes. " + summary["surfaces_and_lesions"]["note"],
        shape_rows(summary["surfaces_and_lesions"]),
        _calibration_text(summary["calibration"]),
        _bin_rows(summary["calibration"]),
        "Intersections of institution and size are not given: too few patients fall into each.",
    ]


def _group_rows(heading: str, groups: dict[str, Any], shown: Callable[[str], str]) -> list[dict[str, Any]]:
    return [
        {
            heading: shown(name),
            "Patients": found["patients"],
            "Slices": found["slices"],
            **{f"Dice, {stage}": of_group(found[f"{stage}_dice"], found["patients"]) for stage in STAGES},
            "Slice sensitivity": of_group(found["sensitivity"], found["patients"]),
            "Slice specificity": of_group(found["specificity"], found["patients"]),
        }
        for name, found in groups.items()
    ]


def _size_text(summary: dict[str, Any]) -> str:
    low, high = summary["lesion_size_cut_points_px"]
    return (
        f"By the tumour's size: small below {low:,} pixels of the volume, large from {high:,}, medium between. The cut "
        "points are the tertiles of the training patients' tumours."
    )


def _calibration_text(found: dict[str, Any]) -> str:
    return (
        "Calibration of the gate: the expected calibration error over slices is "
        f"{with_interval(found['expected_calibration_error'], found['interval'])}, from these bins of the probability:"
    )


def _bin_rows(found: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "Probability": f"{row['from']:.1f} to {row['to']:.1f}",
            "Slices": row["slices"],
            "Mean probability": number(row["mean_probability"]),
            "Fraction with tumour": number(row["with_tumour"]),
        }
        for row in found["bins"]
    ]
