import numpy as np
import pytest
from scipy import ndimage

from examples.brain_mri.simulation.lesion import draw_lesion, draw_seed, grow
from examples.brain_mri.simulation.template import COARSE_MM, Template, load_template


@pytest.fixture(scope="module")
def template() -> Template:
    return load_template()


def coarse(tissue: np.ndarray) -> np.ndarray:
    return tissue[::COARSE_MM, ::COARSE_MM, ::COARSE_MM].astype(float) / 255


@pytest.mark.parametrize("seed", range(4))
def test_lesion_grows_inside_the_brain_and_mostly_in_white_matter(template: Template, seed: int) -> None:
    lesion = draw_lesion(np.random.default_rng(seed), template)
    inside = lesion.arrival < 1
    white, grey = coarse(template.white), coarse(template.grey)
    assert white[tuple((lesion.centre_mm / COARSE_MM).astype(int))] > 0.75
    assert (white + grey)[inside].min() > 0.5
    whole_brain = white[white + grey > 0.5].mean()
    assert white[inside].mean() > whole_brain + 0.05


@pytest.mark.parametrize("seed", range(3))
def test_lesion_is_one_piece_of_the_volume_asked_for(template: Template, seed: int) -> None:
    rng = np.random.default_rng(seed)
    inside = grow(rng, template, draw_seed(rng, template), volume_mm3=30_000) < 1
    assert inside.sum() * COARSE_MM**3 == pytest.approx(30_000, rel=0.01)
    assert ndimage.label(inside, np.ones((3, 3, 3)))[1] == 1


def test_border_is_more_irregular_than_a_ball(template: Template) -> None:
    rng = np.random.default_rng(0)
    inside = grow(rng, template, draw_seed(rng, template), volume_mm3=30_000) < 1
    x, y, z = np.indices((41, 41, 41)) - 20
    ball = (x**2 + y**2 + z**2) * COARSE_MM**2 < (30_000 * 3 / 4 / np.pi) ** (2 / 3)

    def surface(region: np.ndarray) -> int:
        return int(region.sum() - ndimage.binary_erosion(region).sum())

    assert surface(inside) > 1.3 * surface(ball)


def test_an_unattainable_volume_fills_the_whole_window(template: Template) -> None:
    rng = np.random.default_rng(0)
    arrival = grow(rng, template, draw_seed(rng, template), volume_mm3=1e9)
    assert np.isfinite(arrival).all()
    assert arrival.min() == 0
    assert (arrival < 1).sum() > 20_000
