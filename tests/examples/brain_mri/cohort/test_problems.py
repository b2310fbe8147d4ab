import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from examples.brain_mri.cohort.index import index_folder
from examples.brain_mri.cohort.problems import parse_name
from tests.examples.brain_mri.slice_files import ALL, A, B, image_of, keys, mask_of, save, write_slice


def _truncate(path):
    path.write_bytes(path.read_bytes()[:-40])


PROBLEMS = {
    "no mask": (lambda f: mask_of(f, A, 2).unlink(), [(f"{A}_2.tif", "without its mask")]),
    "no image": (lambda f: image_of(f, A, 2).unlink(), [(f"{A}_2_mask.tif", "without its image")]),
    "cut image": (lambda f: _truncate(image_of(f, A, 2)), [(f"{A}_2.tif", "")]),
    "cut mask": (lambda f: _truncate(mask_of(f, A, 2)), [(f"{A}_2_mask.tif", "")]),
    "cut both": (
        lambda f: (_truncate(image_of(f, A, 2)), _truncate(mask_of(f, A, 2))),
        [(f"{A}_2.tif", ""), (f"{A}_2_mask.tif", "")],
    ),
    "not an image": (lambda f: image_of(f, A, 2).write_text("x"), [(f"{A}_2.tif", "")]),
    "other size than its pair": (
        lambda f: save(mask_of(f, A, 2), np.zeros((8, 9), np.uint8)),
        [(f"{A}_2_mask.tif", "8x9.*8x8")],
    ),
    "other size than the cohort": (
        lambda f: write_slice(f, A, 2, size=(4, 4)),
        [(f"{A}_2.tif", "4x4x3.*8x8x3")],
    ),
    "grey mask": (
        lambda f: save(mask_of(f, A, 2), np.arange(64, dtype=np.uint8).reshape(8, 8)),
        [(f"{A}_2_mask.tif", "[Mm]ask")],
    ),
    "two images of a slice": (
        lambda f: shutil.copy(image_of(f, A, 2), image_of(f, A, "02")),
        [(f"{A}_2.tif", "same slice as")],
    ),
    "wrong name": (lambda f: shutil.copy(image_of(f, A, 2), f / A / "scan.tif"), [("scan.tif", "not in the layout")]),
    "wrong folder": (
        lambda f: shutil.copy(image_of(f, A, 2), f / B / f"{A}_2.tif"),
        [(f"{A}_2.tif", "its patient is not its folder")],
    ),
    "empty patient": (lambda f: (f / "TCGA_CC_0003_20000303").mkdir(), [("TCGA_CC_0003_20000303", "without images")]),
}
KEEP_ALL = {"wrong name", "wrong folder", "empty patient"}


@pytest.mark.parametrize("kind", PROBLEMS)
def test_each_problem_is_named_and_leaves_out_its_slice_only(folder, kind):
    harm, expected = PROBLEMS[kind]
    harm(folder)
    index = index_folder(folder)
    assert [problem.file.name for problem in index.problems] == [name for name, _ in expected]
    for problem, (_, words) in zip(index.problems, expected, strict=True):
        assert re.search(words, problem.what)
        assert problem.cure
        assert str(problem).startswith(f"{problem.file}: {problem.what}; ")
    assert keys(index) == (ALL if kind in KEEP_ALL else [key for key in ALL if key != (A, 2)])


def test_a_name_tells_patient_number_and_mask():
    assert parse_name(Path(f"{A}_10_mask.TIF")) == (A, 10, True)
    assert parse_name(Path(f"{A}_2.tiff")) == (A, 2, False)
    assert parse_name(Path(f"{A}.tif")) is None
