import re

import numpy as np
import pytest
import tifffile

from examples.brain_mri.cohort.index import index_folder
from examples.brain_mri.scans.slices import read_slice
from tests.examples.brain_mri.slice_files import ALL, A, image_of, mask_of, write_slice

PYTHON = re.compile(r"\w+=|\w\(|full_scale|normalize")  # options of functions

FLOAT = np.linspace(0, 1, 8 * 8 * 3, dtype=np.float32).reshape(8, 8, 3)
FILES = {
    "NaN": np.where(FLOAT > 0.9, np.nan, FLOAT),
    "infinite": np.where(FLOAT > 0.9, np.inf, FLOAT),
    "above 1": FLOAT * 3000,
    "below 0": FLOAT - 0.5,
    "five channels": np.zeros((8, 8, 5), np.uint8),
    "volume": np.zeros((6, 8, 8), np.uint8),
    "complex": FLOAT.astype(np.complex64),
}


@pytest.mark.parametrize("what", FILES)
def test_advice_names_no_option_of_a_function(tmp_path, what):
    for patient, number in ALL:
        write_slice(tmp_path, patient, number)
    tifffile.imwrite(image_of(tmp_path, A, 2), FILES[what], photometric="minisblack", planarconfig="contig")
    problems = [problem for problem in index_folder(tmp_path).problems if problem.file == image_of(tmp_path, A, 2)]
    said = [f"{problem.what}; {problem.cure}" for problem in problems]
    try:
        read_slice(image_of(tmp_path, A, 2))
    except ValueError as error:
        said.append(str(error).replace(str(tmp_path), ""))
    assert said
    assert not [line for line in said if PYTHON.search(line)]


@pytest.mark.parametrize("values", [np.full((8, 8), np.nan, np.float32), np.full((8, 8), 0.3, np.float32)])
def test_masks_too(tmp_path, values):
    for patient, number in ALL:
        write_slice(tmp_path, patient, number)
    values[0] = 0
    tifffile.imwrite(mask_of(tmp_path, A, 2), values, photometric="minisblack")
    [problem] = index_folder(tmp_path).problems
    assert not PYTHON.search(problem.what)
