import dataclasses
import json
import weakref

import numpy as np
import pandas as pd
import pytest

from examples.brain_mri import evaluation, wording
from examples.brain_mri.cohort.index import index_folder
from examples.brain_mri.commands import evaluate as command
from examples.brain_mri.evaluation import leaks_between_parts, slice_table
from examples.brain_mri.run_folder import RunFolder
from examples.brain_mri.volumes import Volume


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
    right = {"classifier": slices.probability >= 0.5, "cascade_by_slice": slices.predicted_tumour == 1}
    for stage, found in right.items():
        assert metrics[stage]["accuracy"] == pytest.approx(((slices.has_tumour == 1) == found).mean())
    assert metrics["cascade"]["per_slice"]["dice"]["mean"] == pytest.approx(slices["cascade_dice"].mean())
    assert metrics["split"]["test"]["slices"] == len(slices)
    assert metrics["split"]["train"]["patients"] + metrics["split"]["validation"]["patients"] < 8
    assert "empty_rule" in metrics
    assert metrics["leaks"] == {"people": [], "identical_images": []}
    assert 0.1 <= metrics["thresholds"]["segmenter"] <= 0.9


def test_rates_by_slice_are_of_the_classifier_and_of_the_cascade(trained):
    classifier, cascade = wording.slice_rows(json.loads((trained / "metrics.json").read_text()))
    assert classifier["By slice"].startswith("Classifier, probability of 0.5")
    assert classifier["ROC AUC"].startswith(("0.", "1."))
    assert cascade["ROC AUC"] == ""  # a mask is there or not
    assert classifier.keys() == cascade.keys()


def test_the_cascade_marks_nothing_where_the_classifier_sees_nothing(trained):
    slices = pd.read_csv(trained / "metrics_per_slice.csv")
    assert (slices.loc[slices["passes_gate"] == 0, "cascade_px"] == 0).all()
    assert (slices["predicted_tumour"] == (slices["cascade_px"] > 0)).all()


def test_the_table_counts_what_the_masks_hold(cohort):
    slices = index_folder(cohort).slices[:4]
    truth = np.stack([np.pad(np.ones((1, 1), np.uint8), (0, 3)) * n for n in (0, 1, 1, 0)])
    marked = np.stack([np.pad(np.ones((2, 1), np.uint8), ((0, 2), (0, 3)))] * 4)
    probability = np.array([0.2, 0.5, 0.9, 0.1], np.float32)
    table = slice_table(Volume(slices[0].patient, slices, truth, probability, probability >= 0.5, marked, marked * 0))
    assert list(table["truth_px"]) == [0, 1, 1, 0]
    assert list(table["passes_gate"]) == [0, 1, 1, 0]
    assert list(table["predicted_tumour"]) == [0] * 4
    assert list(table["segmenter_fp"]) == [2, 1, 1, 2]
    assert list(table["cascade_fn"]) == [0, 1, 1, 0]


def test_one_patients_arrays_are_in_memory_at_a_time(cohort, monkeypatch):
    alive = []

    def look(_, patient, slices):
        assert [reference() for reference in alive] == [None] * len(alive)
        arrays = [np.zeros((len(slices), 8, 8), np.uint8) for _ in range(3)]
        alive.extend(map(weakref.ref, arrays))
        return Volume(patient, slices, arrays[0], np.zeros(len(slices)), np.ones(len(slices), bool), *arrays[1:])

    monkeypatch.setattr(evaluation, "look_at", look)
    index = index_folder(cohort)
    test = [[item for item in index.slices if item.patient == name] for name in index.patients]
    marked, slices, patients = evaluation._tables(None, test)
    assert len(alive) == 3 * 8
    assert [kept.patient for kept in marked] == list(patients["patient"]) == index.patients
    assert len(slices) == len(index.slices)


def test_patients_have_an_institution_a_size_surfaces_and_lesions(trained):
    patients = pd.read_csv(trained / "metrics_per_patient.csv")
    metrics = json.loads((trained / "metrics.json").read_text())
    assert set(patients["institution"]) == {"SM"}
    low, high = metrics["lesion_size_cut_points_px"]
    expected = ["large" if px >= high else "medium" if px >= low else "small" for px in patients["truth_px"]]
    assert list(patients["lesion_size"]) == expected
    for stage in ("segmenter", "cascade"):
        assert (patients[f"{stage}_hausdorff_distance_95_px"] >= 0).all()
        assert (patients[f"{stage}_lesions_detected"] + patients[f"{stage}_lesions_missed"] >= 1).all()
    assert metrics["by_institution"]["SM"]["patients"] == len(patients)
    assert sum(group["patients"] for group in metrics["by_lesion_size"].values()) == len(patients)


def test_the_cascade_stands_beside_its_segmenter(trained):
    metrics = json.loads((trained / "metrics.json").read_text())
    slices = pd.read_csv(trained / "metrics_per_slice.csv")
    difference = metrics["cascade_minus_segmenter"]["dice"]
    means = [metrics[stage]["per_patient"]["dice"]["mean"] for stage in ("cascade", "segmenter")]
    assert difference["mean"] == pytest.approx(means[0] - means[1])
    gate = metrics["gate"]
    assert gate["held_back"] == (slices["passes_gate"] == 0).sum()
    assert gate["false_positive_px"]["cascade"] == slices["cascade_fp"].sum()
    spent = gate["seconds_per_patient"]
    assert spent["with_gate"] >= spent["classifier"] > 0
    assert spent["without_gate"] > 0


def test_the_origin_of_the_evaluation_is_kept(trained, cohort):
    found = json.loads((trained / "metrics.json").read_text())["provenance"]
    test = [name for name, part in RunFolder.open(trained).split().items() if part == "test"]
    assert found["seed"] == 0
    assert found["test_patients"] == found["simulated_test_patients"] == len(test)


def test_leaks_name_people_and_identical_images(trained, cohort):
    run, index = RunFolder.open(trained), index_folder(cohort)
    test = next(item for item in index.slices if run.split()[item.patient] == "test")
    train = next(item for item in index.slices if run.split()[item.patient] == "train")
    copied = dataclasses.replace(test, image=train.image)
    leaking = dataclasses.replace(index, slices=(copied, *(item for item in index.slices if item is not test)))
    assert leaks_between_parts(run, leaking)["identical_images"] == [[str(train.image), str(train.image)]]


def test_the_command_says_that_parts_leak(trained, cohort, monkeypatch, capsys):
    summary = json.loads((trained / "metrics.json").read_text())
    monkeypatch.setattr(evaluation, "evaluate", lambda *_: summary)
    command.score(RunFolder.open(trained), index_folder(cohort))
    assert "leak" not in capsys.readouterr().out
    summary["leaks"]["identical_images"] = [["a.tif", "b.tif"]]
    command.score(RunFolder.open(trained), index_folder(cohort))
    printed = capsys.readouterr().out
    assert "The parts leak. 0 patients have slices in two parts, and 1 pairs of images" in printed
