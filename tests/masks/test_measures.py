import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given
from skimage.measure import label, regionprops

from resunet_kit.masks import area, bounding_box, regions
from tests.strategies import CONNECTIVITIES, SPACINGS, masks

MASKS = masks(ndims=(2, 3))


@given(MASKS, SPACINGS)
def test_area_counts_pixels_and_scales_with_their_size(mask, spacing):
    assert area(mask) == mask.sum()
    pixel = spacing[: mask.ndim]
    assert area(mask, spacing=pixel) == pytest.approx(mask.sum() * math.prod(pixel))


@given(MASKS)
def test_the_box_holds_the_foreground_and_no_smaller_one_does(mask):
    box = bounding_box(mask)
    if box is None:
        assert not mask.any()
        return
    where = np.argwhere(mask)
    assert box == (*where.min(axis=0).tolist(), *(where.max(axis=0) + 1).tolist())
    assert all(type(edge) is int for edge in box)


@given(MASKS, SPACINGS, CONNECTIVITIES)
def test_regions_measure_like_scikit_image(mask, spacing, connectivity):
    pixel = spacing[: mask.ndim]
    found = regions(mask, spacing=pixel, connectivity=connectivity)
    expected = regionprops(label(mask, connectivity=connectivity), spacing=pixel)
    expected.sort(key=lambda one: -one.num_pixels)  # stable: equal ones stay in scan order, as ours do
    assert [one.label for one in found] == [*range(1, len(expected) + 1)]
    for ours, theirs in zip(found, expected, strict=True):
        assert ours.bbox == theirs.bbox
        assert ours.slices == theirs.slice
        assert ours.area == pytest.approx(theirs.area)
        assert ours.extent == pytest.approx(theirs.num_pixels / theirs.image.size)
        assert ours.centroid == pytest.approx(theirs.centroid)
        assert ours.equivalent_diameter == pytest.approx(theirs.equivalent_diameter_area)
        assert ours.axis_lengths[0] == pytest.approx(theirs.axis_major_length, abs=1e-5)
        assert ours.axis_lengths[-1] == pytest.approx(theirs.axis_minor_length, abs=1e-5)


@given(masks(), SPACINGS)
def test_orientation_like_scikit_image(mask, spacing):
    found = regions(mask, spacing=spacing[:2])
    expected = regionprops(label(mask), spacing=spacing[:2])
    expected.sort(key=lambda one: -one.num_pixels)
    for ours, theirs in zip(found, expected, strict=True):
        long, short = ours.axis_lengths
        if long - short > 0.01 * long:  # a round region has no direction
            difference = ours.orientation - theirs.orientation
            assert math.cos(2 * difference) == pytest.approx(1, abs=1e-6)  # an axis has no sign: 180 degrees are 0


@pytest.mark.parametrize("degrees", [-60, -20, 0, 35, 80])
def test_an_ellipse_gives_back_its_axes_angle_and_centre(degrees):
    rows, columns = np.mgrid[:200, :220] - np.array([90, 120])[:, None, None]
    angle = math.radians(degrees)
    along = rows * math.cos(angle) + columns * math.sin(angle)
    across = columns * math.cos(angle) - rows * math.sin(angle)
    (ellipse,) = regions((along / 70) ** 2 + (across / 30) ** 2 <= 1)
    assert ellipse.orientation == pytest.approx(angle, abs=0.01)
    assert ellipse.axis_lengths == pytest.approx((140, 60), rel=0.01)
    assert ellipse.centroid == pytest.approx((90, 120), abs=0.1)
    assert ellipse.area == pytest.approx(math.pi * 70 * 30, rel=0.01)


def test_a_ball_of_unequal_voxels_is_round_in_physical_units():
    spacing = np.array([3.0, 1.0, 1.5])
    position = np.stack(np.mgrid[:21, :61, :41], axis=-1) * spacing - np.array([30.0, 30.0, 30.0])
    (ball,) = regions(np.linalg.norm(position, axis=-1) <= 25, spacing=spacing)
    assert ball.axis_lengths == pytest.approx((50, 50, 50), rel=0.02)
    assert ball.equivalent_diameter == pytest.approx(50, rel=0.02)
    assert ball.centroid == pytest.approx((30, 30, 30), abs=0.2)
    assert ball.orientation is None


def test_equally_long_regions_have_orientation_zero():
    assert [one.orientation for one in regions([[1, 0, 1, 1], [0, 0, 1, 1]])] == [0, 0]


def test_regions_are_frozen_comparable_and_empty_masks_have_none():
    mask = [[1, 1, 0, 1]]
    first, second = regions(mask)
    assert first.area == 2
    assert regions(mask) == [first, second]
    assert np.asarray(mask)[second.slices].tolist() == [[1]]
    with pytest.raises(dataclasses.FrozenInstanceError):
        first.area = 3.0
    assert regions(np.zeros((3, 3))) == []
    assert bounding_box(np.zeros((3, 3))) is None
    assert area(np.zeros((3, 3))) == 0


def test_spacing_of_the_wrong_length():
    for measure in (area, regions):
        with pytest.raises(
            ValueError, match=r"Expected spacing to be one value for all axes, or one for each of 2. Received spacing="
        ):
            measure(np.eye(3), spacing=(1, 1, 1))


@pytest.mark.parametrize("spacing", ["mm", (1, None)])
def test_spacing_must_be_numbers(spacing):
    with pytest.raises(TypeError, match=r"Expected spacing(\[\d\])? to be a number above 0"):
        regions(np.eye(3), spacing=spacing)


@pytest.mark.parametrize(
    ("image", "error", "message"),
    [
        (
            np.zeros((3, 4)),
            ValueError,
            r"the mask's shape \(3, 3\), or \(3, 3\) and channels\. Received shape \(3, 4\)",
        ),
        (np.zeros((3, 3, 2, 2)), ValueError, "channels last"),
        (np.zeros((2, 3, 3)), ValueError, "channels last"),
        (np.zeros((3, 3, 0)), ValueError, "Received shape"),
        (np.zeros(3), ValueError, "Received shape"),
        (np.full((3, 3), 1j), TypeError, "real numbers. Received dtype complex128"),
        (np.ma.masked_equal(np.eye(3), 0), ValueError, r"hides 6 of 9\. Say what they are: `image.filled\(0\)`"),
    ],
)
def test_images_that_do_not_fit_the_mask(image, error, message):
    for mask in (np.eye(3), np.zeros((3, 3))):
        with pytest.raises(error, match=message):
            regions(mask, image=image)
