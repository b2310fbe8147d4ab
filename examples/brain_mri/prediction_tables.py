"""The tables of a prediction: predictions.csv, a row per slice, and patients.csv, a row per patient."""

import csv
import json
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from examples.brain_mri.pipeline import Prediction
from examples.brain_mri.scans.scan import Stack
from resunet_kit import masks
from resunet_kit.data import atomic_write

Row = dict[str, Any]

COLUMNS = (
    "image", "tumour_probability", "has_tumour", "area_px", "boxes", "centroid", "components",
    "area_mm2", "patient", "slice", "mask",
)  # fmt: skip
PATIENT_COLUMNS = (
    "patient", "folder", "slices", "slices_with_tumour", "volume_ml", "components", "highest_tumour_probability",
    "height_px", "width_px", "depth_mm", "row_mm", "column_mm", "mask",
)  # fmt: skip
SKIPPED_COLUMNS = ("file", "reason")
Spacing = tuple[float, float, float]


def slice_rows(patient: str, stack: Stack, prediction: Prediction, spacing: Spacing | None) -> list[Row]:
    """Return the rows of predictions.csv for one patient.

    Boxes are `[top, left, bottom, right]`, bottom and right excluded; the centroid, `[row, column]`, is that of all
    marked pixels.
    """
    return [
        {
            "image": shown(str(file)),
            "tumour_probability": round(float(probability), 6),
            "has_tumour": int(mask.any()),
            **_measures(mask),
            "area_mm2": "" if spacing is None else _rounded(np.count_nonzero(mask) * spacing[1] * spacing[2]),
            "patient": shown(patient),
            "slice": "" if number is None else number,
            "mask": shown(name),
        }
        for file, number, name, probability, mask in zip(
            stack.files, stack.numbers, stack.masks, prediction.tumour, prediction.mask, strict=True
        )
    ]


def patient_row(patient: str, stack: Stack, prediction: Prediction, spacing: Spacing | None) -> Row:
    """Return the row of patients.csv; volumes need the spacing, and components are connected across slices."""
    height, width = prediction.mask.shape[1:]
    depth_mm, row_mm, column_mm = ("", "", "") if spacing is None else map(_rounded, spacing)
    pixels = np.count_nonzero(prediction.mask)
    return {
        "patient": shown(patient),
        "folder": shown(str(stack.files[0].parent)),
        "slices": len(stack.files),
        "slices_with_tumour": int(prediction.mask.any(axis=(1, 2)).sum()),
        "volume_ml": "" if spacing is None else _rounded(pixels * math.prod(spacing) / 1000),
        "components": len(masks.regions(prediction.mask > 0)),
        "highest_tumour_probability": round(float(prediction.tumour.max()), 6),
        "height_px": height,
        "width_px": width,
        "depth_mm": depth_mm,
        "row_mm": row_mm,
        "column_mm": column_mm,
        "mask": shown(stack.masks[0]) if len(set(stack.masks)) == 1 else "",
    }


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Write a table as CSV in UTF-8, whole or not at all."""
    with atomic_write(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, columns)
        table.writeheader()
        table.writerows(rows)


def shown(text: str) -> str:
    """Return a name as a cell that no spreadsheet takes for a formula, and that UTF-8 can hold."""
    readable = os.fsencode(text).decode("utf-8", "backslashreplace")
    return f"'{readable}" if readable.startswith(("=", "+", "-", "@", "\t", "\r")) else readable


def _measures(mask: np.ndarray) -> Row:
    found = masks.regions(mask > 0)
    rows, columns = np.nonzero(mask)
    centroid = [round(float(rows.mean()), 1), round(float(columns.mean()), 1)] if len(rows) else None
    return {
        "area_px": len(rows),
        "boxes": json.dumps([region.bbox for region in found]),
        "centroid": json.dumps(centroid) if centroid else "",
        "components": len(found),
    }


def _rounded(number: float) -> float:
    return round(float(number), 3)
