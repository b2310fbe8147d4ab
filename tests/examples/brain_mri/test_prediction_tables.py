import csv
import json
from pathlib import Path

import numpy as np

from examples.brain_mri.pipeline import Prediction
from examples.brain_mri.prediction_tables import (
    COLUMNS,
    PATIENT_COLUMNS,
    patient_row,
    shown,
    slice_rows,
    write_table,
)
from examples.brain_mri.scans.scan import Stack


def two_slices():
    mask = np.zeros((2, 8, 8), "uint8")
    mask[0, 0, 0] = mask[0, 4, 6] = mask[1, 4, 6] = 1
    files = [Path("folder/p_1.png"), Path("folder/p_2.png")]
    stack = Stack(np.zeros((2, 8, 8, 3), "float32"), files, [None, None], ["p_1_pred.png", "p_2_pred.png"], None, print)
    return stack, Prediction(
        np.array([0.75, 0.2], "float32"), np.array([True, True]), mask.astype("float32"), mask, mask
    )


def test_a_slice_has_the_centroid_of_all_marked_pixels():
    stack, prediction = two_slices()
    first, second = slice_rows("p", stack, prediction, None)
    assert tuple(first) == COLUMNS
    assert COLUMNS[:7] == (
        "image", "tumour_probability", "has_tumour", "area_px", "boxes", "centroid", "components",
    )  # fmt: skip
    assert json.loads(first["centroid"]) == [2.0, 3.0]
    assert json.loads(first["boxes"]) == [[0, 0, 1, 1], [4, 6, 5, 7]]
    assert (first["has_tumour"], first["components"], first["area_px"], first["area_mm2"]) == (1, 2, 2, "")
    assert (second["has_tumour"], second["mask"]) == (1, "p_2_pred.png")
    prediction.mask[1] = 0
    empty = slice_rows("p", stack, prediction, None)[1]
    assert (empty["has_tumour"], empty["centroid"]) == (0, "")


def test_a_patient_has_a_volume_where_the_spacing_is_known():
    stack, prediction = two_slices()
    row = patient_row("p", stack, prediction, (5.0, 2.0, 10.0))
    assert tuple(row) == PATIENT_COLUMNS
    assert row["volume_ml"] == 0.3  # three voxels of 100 mm³
    assert (row["slices"], row["slices_with_tumour"], row["components"]) == (2, 2, 2)  # one spans both slices
    assert row["highest_tumour_probability"] == 0.75
    assert slice_rows("p", stack, prediction, (5.0, 2.0, 10.0))[0]["area_mm2"] == 40
    assert patient_row("p", stack, prediction, None)["volume_ml"] == ""


def test_names_are_no_formulas_and_always_utf_8(tmp_path):
    assert [shown(start + "x") for start in "=+-@\t\r"] == [f"'{start}x" for start in "=+-@\t\r"]
    assert shown("a=1") == "a=1"
    write_table(tmp_path / "t.csv", ["image"], [{"image": shown(name)} for name in ("Müller", "b\udcff")])
    with (tmp_path / "t.csv").open(encoding="utf-8", newline="") as file:
        assert [row["image"] for row in csv.DictReader(file)] == ["Müller", "b\\xff"]
