import itertools
import math
import warnings

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from skimage.measure import perimeter as perimeter_of_scikit_image
from skimage.morphology import convex_hull_image

from resunet_kit.masks import _shape_measures
from resunet_kit.masks._shape_measures import feret_diameter, perimeter, solidity
from tests.strategies import SPACINGS, masks

MASKS = masks(max_side=8)
BOTH = masks(ndims=(2, 3), max_side=5)


def perimeter_by_loop(mask, spacing):
    """Each boundary pixel's own length, from its boundary neighbours, pixel by pixel."""
    framed = np.pad(mask, 2)
    faces = [(-1, 0), (1, 0), (0, -1), (0, 1)]
    corners = list(itertools.product((-1, 1), repeat=2))
    boundary = np.zeros(framed.shape, bool)
    for row, column in np.argwhere(framed):
        boundary[row, column] = not all(framed[row + r, column + c] for r, c in faces)
    total, slanted = 0.0, math.hypot(*spacing)
    for row, column in np.argwhere(boundary):
        across = [spacing[0] if r else spacing[1] for r, c in faces if boundary[row + r, column + c]]
        diagonal = sum(boundary[row + r, column + c] for r, c in corners)
        straight = sum(across) / len(across) if across else 0
        match len(across), diagonal:
            case ((2 | 3), (0 | 1 | 2)):
                total += straight
            case (0, 2) | (1, 3):
                total += slanted
            case 1, (1 | 2):
                total += (straight + slanted) / 2
    return total


@given(MASKS, st.floats(0.25, 4))
def test_perimeter_is_that_of_scikit_image(mask, size):
    expected = size * perimeter_of_scikit_image(mask)
    assert perimeter(mask, (size, size)) == pytest.approx(expected)


@given(MASKS, SPACINGS)
def test_perimeter_with_unequal_spacing_counts_each_step_with_its_length(mask, spacing):
    assert perimeter(mask, spacing[:2]) == pytest.approx(perimeter_by_loop(mask, spacing[:2]))


@pytest.mark.parametrize(("spacing", "excess"), [((1, 1), 0.055), ((1, 2), 0.09), ((3, 1), 0.13)])
def test_perimeter_of_a_physical_circle(spacing, excess):
    rows, columns = (np.arange(-440, 440, step) for step in spacing)
    disc = rows[:, None] ** 2 + columns**2 <= 400**2
    assert 1 <= perimeter(disc, spacing) / (2 * math.pi * 400) <= 1 + excess


@given(BOTH)
def test_solidity_is_that_of_scikit_image(mask):
    assume(mask.any())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        hull = convex_hull_image(mask).sum()  # none of a flat region in 3-D: it warns and is empty
    if hull:
        assert solidity(mask) == mask.sum() / hull
    assert 0 < solidity(mask) <= 1


def test_solidity_of_flat_regions_in_a_volume():
    assert solidity(np.ones((1, 1, 1), bool)) == 1
    assert solidity(np.ones((1, 4, 1), bool)) == 1
    ring = np.ones((3, 3), bool)
    ring[1, 1] = False
    assert [solidity(np.expand_dims(ring, axis)) for axis in range(3)] == [8 / 9] * 3
    assert solidity(np.eye(4, dtype=bool)[None]) == 1


def test_solidity_of_an_l():
    assert solidity(np.array([[1, 0], [1, 1]], bool)) == 1
    big = np.zeros((10, 10), bool)
    big[:, :5] = big[5:] = True
    assert solidity(big) == pytest.approx(75 / (75 + 10))  # the hull's edge passes the centres of 4 + 3 + 2 + 1 pixels


@settings(max_examples=60)
@given(BOTH, SPACINGS)
def test_feret_diameter_is_the_largest_distance_of_pixel_corners(mask, spacing):
    assume(mask.any())
    spacing = spacing[: mask.ndim]
    shifts = list(itertools.product((0, 1), repeat=mask.ndim))
    corners = np.unique(np.concatenate([np.argwhere(mask) + shift for shift in shifts]), axis=0) * spacing
    expected = max(np.linalg.norm(corners - corner, axis=1).max() for corner in corners)
    assert feret_diameter(mask, spacing) == pytest.approx(expected)


def test_feret_diameter_of_known_shapes():
    assert feret_diameter(np.ones((1, 1), bool), (1, 1)) == pytest.approx(math.sqrt(2))
    assert feret_diameter(np.ones((16, 16), bool), (1, 1)) == pytest.approx(16 * math.sqrt(2))
    assert feret_diameter(np.ones((1, 9), bool), (2, 0.5)) == pytest.approx(math.hypot(2, 4.5))
    assert feret_diameter(np.ones((2, 3, 6), bool), (1, 1, 1)) == pytest.approx(7)


def test_distances_in_parts(monkeypatch):
    mask = np.random.default_rng(0).random((20, 20)) < 0.1
    whole = feret_diameter(mask, (1, 1))
    monkeypatch.setattr(_shape_measures, "_POINTS", 3)
    assert feret_diameter(mask, (1, 1)) == whole
