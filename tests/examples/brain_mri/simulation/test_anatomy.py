import dataclasses

import numpy as np
import pytest

from examples.brain_mri.simulation.anatomy import Anatomy, build_anatomy, draw_geometry
from examples.brain_mri.simulation.lesion import Lesion, draw_lesion
from examples.brain_mri.simulation.template import load_template

pytestmark = pytest.mark.slow  # each builds heads, in seconds


@pytest.fixture(scope="module")
def lesion() -> Lesion:
    return draw_lesion(np.random.default_rng(5), load_template())


def build(lesion: Lesion, *, seed: int = 0, age: float = 40) -> Anatomy:
    rng = np.random.default_rng(seed)
    return build_anatomy(rng, load_template(), draw_geometry(rng, slices=8, age=age), lesion)


@pytest.fixture(scope="module")
def anatomy(lesion: Lesion) -> Anatomy:
    return build(lesion)


def test_tissues_are_fractions_that_do_not_exceed_the_pixel(anatomy: Anatomy) -> None:
    for fraction in anatomy.tissues.values():
        assert fraction.dtype == np.float32
        assert fraction.min() >= 0
        assert fraction.max() <= 1.001
    brain = sum(anatomy.tissues[name] for name in ("white", "grey", "fluid"))
    assert brain.max() <= 1.001


def test_brain_lies_inside_the_skull_and_the_skull_inside_the_scalp(anatomy: Anatomy) -> None:
    middle = {name: fraction[5] > 0.5 for name, fraction in anatomy.tissues.items()}
    row = 128
    scalp = np.flatnonzero(middle["fat"][row])
    brain = np.flatnonzero((middle["white"] | middle["grey"])[row])
    assert scalp.min() < brain.min() - 4
    assert scalp.max() > brain.max() + 4


def test_lesion_replaces_brain_alone(anatomy: Anatomy) -> None:
    solid = anatomy.tissues["white"] + anatomy.tissues["grey"]
    assert (anatomy.infiltration > 0.5).sum() > 200
    assert solid[anatomy.infiltration > 0.5].min() >= 0.25
    assert anatomy.depth[anatomy.infiltration > 0.5].max() < 1


def test_heads_differ(lesion: Lesion, anatomy: Anatomy) -> None:
    other = build(lesion, seed=1)
    assert np.abs(other.tissues["white"] - anatomy.tissues["white"]).max() > 0.9


def test_mass_effect_makes_the_lesion_larger_and_leaves_the_scalp(lesion: Lesion) -> None:
    still = build(dataclasses.replace(lesion, mass_effect=0.0))
    pushing = build(dataclasses.replace(lesion, mass_effect=0.3))
    assert (pushing.infiltration > 0.5).sum() > 1.2 * (still.infiltration > 0.5).sum()
    np.testing.assert_array_equal(pushing.tissues["marrow"], still.tissues["marrow"])


def test_ventricles_widen_with_age(lesion: Lesion) -> None:
    young, old = (
        np.mean([draw_geometry(np.random.default_rng(s), slices=8, age=age).fluid_mm for s in range(50)])
        for age in (25, 70)
    )
    assert old > young + 0.5
    assert build(lesion, age=75).tissues["fluid"].sum() > build(lesion, age=20).tissues["fluid"].sum()
