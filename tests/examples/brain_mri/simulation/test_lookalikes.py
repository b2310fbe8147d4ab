import numpy as np
import pytest

from examples.brain_mri.simulation.anatomy import Anatomy, build_anatomy, draw_geometry
from examples.brain_mri.simulation.lesion import draw_lesion
from examples.brain_mri.simulation.lookalikes import draw_hyperintensity
from examples.brain_mri.simulation.template import load_template


@pytest.fixture(scope="module")
def anatomy() -> Anatomy:
    rng = np.random.default_rng(2)
    lesion = draw_lesion(rng, load_template())
    return build_anatomy(rng, load_template(), draw_geometry(rng, slices=8, age=50), lesion)


def draw(anatomy: Anatomy, *, age: float, seed: int = 0) -> np.ndarray:
    return draw_hyperintensity(np.random.default_rng(seed), anatomy, age=age)


def test_lookalikes_are_in_white_matter_and_bright(anatomy: Anatomy) -> None:
    bright = draw(anatomy, age=60)
    assert bright.dtype == np.float32
    assert 0.7 < bright.max() <= 1.001
    assert (bright <= anatomy.tissues["white"] + 1e-6).all()


def test_lookalikes_are_small_beside_the_brain(anatomy: Anatomy) -> None:
    fraction = (draw(anatomy, age=75) > 0.5).sum() / (anatomy.tissues["white"] > 0.5).sum()
    assert 0 < fraction < 0.15


def test_age_brings_more_of_them(anatomy: Anatomy) -> None:
    young, old = (np.mean([draw(anatomy, age=age, seed=seed).sum() for seed in range(4)]) for age in (20, 75))
    assert old > 1.5 * young


def test_a_head_without_white_matter_has_no_spots(anatomy: Anatomy) -> None:
    nothing = np.zeros_like(anatomy.depth)
    empty = Anatomy(anatomy.tissues | {"white": nothing}, nothing, anatomy.depth, anatomy.ventricle_mm)
    assert not draw(empty, age=75).any()
