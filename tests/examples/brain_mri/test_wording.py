from dataclasses import asdict
from types import SimpleNamespace

import pytest

from examples.brain_mri import wording
from resunet_kit.masks import PostProcess


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({}, "Pixels with a probability of 0.5 or more are marked."),
        (
            {"threshold": 0.4, "low_threshold": 0.2, "max_hole": None},
            "Pixels with a probability of 0.4 or more are marked; so are pixels with 0.2 or more that are connected to "
            "them, across slices too; holes are filled.",
        ),
        (
            {"max_hole": 9},
            "Pixels with a probability of 0.5 or more are marked; holes are filled up to 9 pixels.",
        ),
    ],
)
def test_every_step_of_the_post_processing_is_named(options, says):
    assert wording.marking_text({"postprocess": asdict(PostProcess(**options))}) == says


def test_networks_that_were_trained_on_test_patients_are_not_taken_for_the_scored_ones():
    assert "the test patients included" in wording.refit_text(SimpleNamespace(refit=True))
    assert "are scored here" in wording.refit_text(SimpleNamespace(refit=False))


def test_leaks_and_added_patients_are_named():
    leaks = {"people": [], "identical_images": []}
    assert "share no patient" in wording.leaks_text({"leaks": leaks, "added_since_training": []})
    leaks = {"people": ["TCGA_CS_0001"], "identical_images": []}
    text = wording.leaks_text({"leaks": leaks, "added_since_training": ["TCGA_CS_0002_20000101"]})
    assert text.startswith("**The parts leak.** 1 patients have slices in two parts (first: TCGA_CS_0001)")
    assert "1 patients were added" in text
    assert "TCGA_CS_0002_20000101" in text


@pytest.mark.parametrize(("patients", "says"), [(1, "no score has an interval"), (5, "too narrow"), (20, "bootstrap")])
def test_intervals_of_few_patients_are_called_too_narrow(patients, says):
    text = wording.interval_text(patients)
    assert says in text
    assert ("too narrow" in text) == (patients == 5)


@pytest.mark.parametrize(("spent", "says"), [(0.5, "saves 1.50 seconds"), (3.0, "costs 1.00 seconds")])
def test_a_gate_that_costs_time_is_not_said_to_save_it(spent, says):
    seconds = {"patients_timed": 3, "classifier": 0.1, "with_gate": spent, "without_gate": 2.0}
    gate = {"held_back_fraction": {"mean": 0.5, "interval": None}, "seconds_per_patient": seconds}
    assert says in wording.gate_text({"gate": gate, "thresholds": {"classifier": 0.1}})
    assert wording.gate_text({"gate": gate, "thresholds": {"classifier": 0.0}}).startswith("The gate is open")
