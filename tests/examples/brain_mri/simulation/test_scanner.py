from collections import Counter

import numpy as np
import pytest

from examples.brain_mri.simulation.anatomy import Anatomy, build_anatomy, draw_geometry
from examples.brain_mri.simulation.lesion import Lesion, draw_lesion
from examples.brain_mri.simulation.scanner import draw_missing, scan
from examples.brain_mri.simulation.template import load_template

pytestmark = pytest.mark.slow  # each builds heads, in seconds


@pytest.fixture(scope="module")
def subject() -> tuple[Anatomy, Lesion]:
    rng = np.random.default_rng(3)
    lesion = draw_lesion(rng, load_template())
    return build_anatomy(rng, load_template(), draw_geometry(rng, slices=8, age=50), lesion), lesion


def acquire(subject: tuple[Anatomy, Lesion], *, missing: tuple[str, ...] = (), bright: float = 0.0) -> np.ndarray:
    anatomy, lesion = subject
    hyperintensity = bright * anatomy.tissues["white"]
    return scan(np.random.default_rng(0), anatomy, lesion, hyperintensity=hyperintensity, missing=missing)


def test_missing_sequences_are_as_frequent_as_in_the_published_cohort() -> None:
    draws = Counter(draw_missing(np.random.default_rng([seed, 7])) for seed in range(20_000))
    assert set(draws) == {(), ("post-contrast",), ("pre-contrast", "post-contrast")}
    frequency = {missing: count / 20_000 for missing, count in draws.items()}
    assert frequency[()] == pytest.approx(101 / 110, abs=0.01)
    assert frequency["pre-contrast", "post-contrast"] == pytest.approx(6 / 110, abs=0.01)


@pytest.mark.parametrize("missing", [(), ("post-contrast",), ("pre-contrast", "post-contrast")])
def test_flair_stands_in_for_a_missing_sequence(subject: tuple[Anatomy, Lesion], missing: tuple[str, ...]) -> None:
    images = acquire(subject, missing=missing)
    assert images.dtype == np.uint8
    for channel, name in ((0, "pre-contrast"), (2, "post-contrast")):
        assert np.array_equal(images[..., channel], images[..., 1]) == (name in missing)


def test_contrast_is_that_of_the_sequences(subject: tuple[Anatomy, Lesion]) -> None:
    anatomy, _ = subject
    images = acquire(subject).astype(float)
    tumour = anatomy.infiltration > 0.9
    healthy = (anatomy.infiltration == 0) & (anatomy.tissues["white"] > 0.95)
    fluid = (anatomy.infiltration == 0) & (anatomy.tissues["fluid"] > 0.95)
    t1, flair, _ = images[tumour].mean(axis=0) / images[healthy].mean(axis=0)
    assert t1 < 0.95
    assert flair > 1.2
    assert (images[fluid].mean(axis=0) < 0.6 * images[healthy].mean(axis=0)).all()


def test_lookalikes_brighten_flair_alone(subject: tuple[Anatomy, Lesion]) -> None:
    anatomy, _ = subject
    healthy = (anatomy.infiltration == 0) & (anatomy.tissues["white"] > 0.95)
    plain, bright = (acquire(subject, bright=b)[healthy].mean(axis=0) for b in (0.0, 1.0))
    np.testing.assert_allclose(plain[[0, 2]], bright[[0, 2]], rtol=0.01)
    assert bright[1] > 1.3 * plain[1]


def test_air_shows_rayleigh_noise(subject: tuple[Anatomy, Lesion]) -> None:
    air = acquire(subject)[:, :40, :20, 0].astype(float)
    # The magnitude of complex noise: mean over standard deviation is sqrt(pi / (4 - pi)) = 1.91; bytes round it.
    assert air.mean() / air.std() == pytest.approx(1.91, rel=0.1)
