import numpy as np
import pytest

from examples.brain_mri.simulation.anatomy import CENTRE_MM
from examples.brain_mri.simulation.clinical import COLUMNS, draw_age, draw_clinical
from examples.brain_mri.simulation.lesion import Lesion


def lesion_at(right: float, front: float, up: float) -> Lesion:
    centre = (CENTRE_MM + np.array([right, front, up])).astype(np.float32)
    return Lesion(centre, 20.0, np.zeros((1, 1, 1), np.float32), 0.2, 0.1, 0.0, enhances=False)


def row(lesion: Lesion, seed: int = 0) -> dict[str, str | int | None]:
    return draw_clinical(np.random.default_rng(seed), "TCGA_SM_0001", lesion=lesion, age=40)


def test_columns_are_those_of_the_published_table() -> None:
    assert tuple(row(lesion_at(30, 0, 0))) == COLUMNS
    assert len(COLUMNS) == 18


@pytest.mark.parametrize(
    ("offset", "side", "lobe"),
    [
        ((30, 40, 10), 3, 2),
        ((-30, 40, 10), 1, 2),
        ((-40, 0, -25), 1, 6),
        ((30, -25, 25), 3, 5),
        ((20, -60, 0), 3, 4),
    ],
)
def test_side_and_lobe_are_the_lesions(offset: tuple[float, float, float], side: int, lobe: int) -> None:
    clinical = row(lesion_at(*offset))
    assert (clinical["laterality"], clinical["tumor_location"]) == (side, lobe)


def test_some_values_are_missing_and_the_patient_never_is() -> None:
    rows = [row(lesion_at(30, 0, 0), seed) for seed in range(200)]
    assert {one["Patient"] for one in rows} == {"TCGA_SM_0001"}
    missing = np.mean([value is None for one in rows for value in one.values()])
    assert 0.005 < missing < 0.1


def test_ages_are_those_of_adults() -> None:
    ages = [draw_age(np.random.default_rng(seed)) for seed in range(300)]
    assert min(ages) >= 18
    assert max(ages) <= 75
    assert 40 < np.mean(ages) < 52
