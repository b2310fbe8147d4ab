import dataclasses
import json

import numpy as np
import pandas as pd
import pytest

from examples.brain_mri.cohort.index import index_folder
from examples.brain_mri.evaluation import leaks_between_parts, look_at, slice_table
from examples.brain_mri.pipeline import Pipeline
from examples.brain_mri.run_folder import RunFolder


def test_only_test_patients_are_scored(trained, cohort):
    run = RunFolder.open(trained)
    slices = pd.read_csv(trained / "metrics_per_slice.csv")
    patients = pd.read_csv(trained / "metrics_per_patient.csv")
    test = {patient for patient, part in run.split().items() if part == "test"}
    assert set(slices["patient"]) == set(patients["patient"]) == test
    assert len(slices) == 4 * len(test)


def test_metrics_agree_with_the_tables(trained):
    metrics = json.loads((trained / "metrics.json").read_text())
    slices = pd.read_csv(trained / "metrics_per_slice.csv")
    assert metrics["classifier"]["accuracy"] == pytest.approx((slices.has_tumour == slices.predicted_tumour).mean())
    assert metrics["cascade"]["per_slice"]["dice"]["mean"] == pytest.approx(slices["cascade_dice"].mean())
    assert metrics["split"]["test"]["slices"] == len(slices)
    assert metrics["split"]["train"]["patients"] + metrics["split"]["validation"]["patients"] < 8
    assert "empty_rule" in metrics
    assert metrics["leaks"] == {"people": [], "identical_images": []}
    assert 0.1 <= metrics["thresholds"]["segmenter"] <= 0.9
    assert metrics["min_component_px"] >= 0


def test_the_cascade_marks_nothing_where_the_classifier_sees_nothing(trained):
    slices = pd.read_csv(trained / "metrics_per_slice.csv")
    assert (slices.loc[slices["predicted_tumour"] == 0, "cascade_px"] == 0).all()


def test_a_volume_is_looked_at_in_the_size_of_its_slices(trained, cohort):
    run = RunFolder.open(trained)
    slices = run.slices_of("test", index_folder(cohort).slices)[:4]
    volume = look_at(Pipeline.load(run), slices[0].patient, slices)
    assert volume.truth.shape == volume.segmented.shape == volume.cascaded.shape == (4, 40, 40)
    assert volume.images().shape == (4, 40, 40, 3)
    np.testing.assert_array_equal(volume.truth.any(axis=(1, 2)), [False, True, True, False])
    table = slice_table(volume, 0.5)
    assert list(table["truth_px"]) == list(volume.truth.sum(axis=(1, 2)))


def test_the_report_stands_alone(trained):
    page = (trained / "report.html").read_text(encoding="utf-8")
    for heading in ("Summary", "Training", "Stage 1", "Stage 2", "Explore"):
        assert heading in page
    assert page.count("TCGA_SM_") > 3
    assert 'src="http' not in page


def test_leaks_name_people_and_identical_images(trained, cohort):
    run, index = RunFolder.open(trained), index_folder(cohort)
    test = next(item for item in index.slices if run.split()[item.patient] == "test")
    train = next(item for item in index.slices if run.split()[item.patient] == "train")
    copied = dataclasses.replace(test, image=train.image)
    leaking = dataclasses.replace(index, slices=(copied, *(item for item in index.slices if item is not test)))
    assert leaks_between_parts(run, leaking)["identical_images"] == [[str(train.image), str(train.image)]]
