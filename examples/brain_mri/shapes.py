"""Surface distances and lesion scores of the test patients' volumes, by the library's `evaluate_masks`."""

import math
from typing import Any

import numpy as np
import pandas as pd

from examples.brain_mri.scoring import STAGES, mean
from examples.brain_mri.volumes import Volume
from resunet_kit.metrics import bootstrap_interval, evaluate_masks

TOLERANCE = 1.0  # of surface Dice, in pixels
DISTANCES = ("hausdorff_distance_95_px", "average_surface_distance_px")
LESIONS = ("lesions_detected", "lesions_missed", "lesions_false_positive")
MEANS = ("surface_dice", "lesion_f1")
UNIT = (
    "The files hold no spacing: a step to the next pixel and one to the next slice both count as 1, so distances are "
    "in pixels and slices, not in millimetres. Distances of a volume with one empty mask are infinite, so their median "
    "over patients is given."
)


def shape_scores(volume: Volume) -> dict[str, Any]:
    """Return one row: the patient, and each stage's surface and lesion scores of the volume."""
    row: dict[str, Any] = {"patient": volume.patient}
    for stage, marked in zip(STAGES, (volume.segmented, volume.cascaded), strict=True):
        scored = evaluate_masks([volume.truth], [marked], num_classes=2, tolerance=TOLERANCE, resamples=1).rows[0]
        row |= {f"{stage}_{name}": scored[name] for name in (*DISTANCES, *MEANS, *LESIONS)}
    return row


def shape_summary(patients: pd.DataFrame) -> dict[str, Any]:
    """Return each stage's distances as medians, the other scores as means, and the lesions of all patients."""
    return {
        "unit": "px",
        "tolerance_px": TOLERANCE,
        "note": UNIT,
        **{stage: _of_stage(patients, stage) for stage in STAGES},
    }


def _of_stage(patients: pd.DataFrame, stage: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in DISTANCES:
        values = patients[f"{stage}_{name}"].to_numpy(float)
        found[name] = {
            "median": _number(np.median(values)),
            "interval": _median_interval(values),
            "infinite": int(np.isinf(values).sum()),
        }
    for name in MEANS:
        found[name] = mean(patients[f"{stage}_{name}"], patients["patient"])
    found |= {name: int(patients[f"{stage}_{name}"].sum()) for name in LESIONS}
    return found


def _median_interval(values: np.ndarray) -> list[float | str] | None:
    if len(values) < 2:
        return None
    found = bootstrap_interval(values, statistic=np.median)
    return [_number(found.low), _number(found.high)]


def _number(value: float) -> float | str:
    """Return a number as JSON has it, where infinity is a text, as in the library's own files."""
    return "Infinity" if math.isinf(value) else float(value)
