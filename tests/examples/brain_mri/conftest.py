"""A small cohort and one run trained on it, shared by the tests of the example."""

import numpy as np
import pytest
from PIL import Image

from examples.brain_mri import cli

SIDE = 40
PATIENTS = [f"TCGA_SM_{number:04d}_20000101" for number in range(8)]


def write_slice(folder, patient, number, *, tumour, seed=0):
    """Write one slice: noise, and a bright disc where the mask says tumour."""
    generator = np.random.default_rng([seed, number, *map(ord, patient)])
    image = generator.integers(0, 90, (SIDE, SIDE, 3), dtype=np.uint8)
    mask = np.zeros((SIDE, SIDE), np.uint8)
    if tumour:
        row, column = generator.integers(12, SIDE - 12, 2)
        rows, columns = np.ogrid[:SIDE, :SIDE]
        mask[(rows - row) ** 2 + (columns - column) ** 2 < 60] = 255
        image[mask > 0] += 140
    (folder / patient).mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(folder / patient / f"{patient}_{number}.tif")
    Image.fromarray(mask).save(folder / patient / f"{patient}_{number}_mask.tif")


@pytest.fixture(scope="session")
def cohort(tmp_path_factory):
    """Eight patients of four slices, the middle two with tumour."""
    folder = tmp_path_factory.mktemp("cohort") / "kaggle_3m"
    for patient in PATIENTS:
        for number in range(1, 5):
            write_slice(folder, patient, number, tumour=number in (2, 3))
    return folder


TRAIN_OPTIONS = ["--image-size", "32", "--classifier-epochs", "1", "--segmenter-epochs", "2", "--batch-size", "4"]


@pytest.fixture(scope="session")
def trained(cohort, tmp_path_factory):
    """A run folder trained and evaluated on the cohort; tests read it and leave it as it is."""
    out = tmp_path_factory.mktemp("runs") / "first"
    assert cli.main(["train", "--data", str(cohort), "--out", str(out), *TRAIN_OPTIONS]) == 0
    assert cli.main(["evaluate", "--run", str(out), "--data", str(cohort)]) == 0
    return out


def pytest_collection_modifyitems(items):
    """Keep all tests of the trained run on one worker, so that it is trained once."""
    for item in items:
        if "trained" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("brain_mri_run"))
