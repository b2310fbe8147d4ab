import dataclasses
import re
from collections.abc import Iterator

import numpy as np
import pytest

from examples.brain_mri.simulation import Patient, simulate_patient
from examples.brain_mri.simulation.patient import draw_slices

pytestmark = pytest.mark.slow  # each builds heads, in seconds


@pytest.fixture(scope="module")
def cohort() -> Iterator[list[Patient]]:
    """Five patients of fewer slices than any cohort has: quick, and otherwise as any."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("examples.brain_mri.simulation.patient.draw_slices", lambda *_: 10)
        yield [simulate_patient(index) for index in range(5)]


def test_shapes_types_and_values(cohort: list[Patient]) -> None:
    for patient in cohort:
        slices = len(patient.images)
        assert patient.images.shape == (slices, 256, 256, 3)
        assert patient.masks.shape == (slices, 256, 256)
        assert patient.images.dtype == patient.masks.dtype == np.uint8
        assert set(np.unique(patient.masks)) == {0, 1}


def test_names_follow_the_pattern_and_are_no_real_patients(cohort: list[Patient]) -> None:
    for patient in cohort:
        assert re.fullmatch(r"TCGA_SM_\d{4}_21\d{6}", patient.name)
        assert patient.clinical["Patient"] == patient.name[:12]


def test_tumour_slices_are_one_run(cohort: list[Patient]) -> None:
    for patient in cohort:
        present = np.flatnonzero(patient.masks.any(axis=(1, 2)))
        assert len(present) > 0
        assert (np.diff(present) == 1).all()


def test_a_patient_is_frozen_and_repeats(cohort: list[Patient]) -> None:
    first = cohort[0]
    again = simulate_patient(0)
    assert again.name == first.name
    assert again.clinical == first.clinical
    np.testing.assert_array_equal(again.images, first.images)
    np.testing.assert_array_equal(again.masks, first.masks)
    with pytest.raises(dataclasses.FrozenInstanceError):
        again.name = "other"  # type: ignore[misc]


def test_another_seed_gives_another_patient(cohort: list[Patient]) -> None:
    assert (simulate_patient(1, seed=18).images != cohort[1].images).mean() > 0.1


@pytest.mark.parametrize("seed", range(5))
def test_every_cohort_has_the_published_number_of_slices(seed: int) -> None:
    slices = [draw_slices(index, seed) for index in range(110)]
    assert min(slices) == 20
    assert 80 <= max(slices) <= 88
    assert sum(slices) == pytest.approx(3929, rel=0.02)


def counts(patients: list[Patient]) -> tuple[np.ndarray, np.ndarray]:
    """Return how many tumour pixels, and how many pixels, are at least as bright on FLAIR as each value."""
    tumour = np.concatenate([patient.images[..., 1][patient.masks == 1] for patient in patients])
    everything = np.concatenate([patient.images[..., 1].ravel() for patient in patients])
    tp, positives = (np.bincount(values, minlength=256)[::-1].cumsum()[::-1] for values in (tumour, everything))
    return tp, positives


def threshold_dice(patients: list[Patient]) -> np.ndarray:
    tp, positives = counts(patients)
    return 2 * tp / (positives + tp[0])


def test_no_flair_threshold_solves_it(cohort: list[Patient]) -> None:
    train, test = threshold_dice(cohort[:3]), threshold_dice(cohort[3:])
    assert test[train.argmax()] < 0.6
    assert test.max() < 0.6  # not even the threshold that suits the test patients best


@pytest.mark.parametrize(("index", "seed"), [(-1, 0), (9999, 0), (0, -1)])
def test_numbers_out_of_range_are_refused(index: int, seed: int) -> None:
    with pytest.raises(ValueError, match=r"Expected .* Received \w+=-?\d+"):
        simulate_patient(index, seed=seed)
