import copy
import dataclasses
import json
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.measure import label, regionprops

from resunet_kit.masks import Region, regions
from tests.strategies import SPACINGS, masks

MASKS = masks(ndims=(2, 3))
DERIVED = ["perimeter", "eccentricity", "solidity", "feret_diameter"]
INTENSITIES = ["intensity_mean", "intensity_min", "intensity_max", "intensity_std"]
RING = np.array([[1, 1, 1, 0], [1, 0, 1, 0], [1, 1, 1, 1]], np.uint8)


def by_scikit_image(mask, image=None, spacing=None):
    found = regionprops(label(mask), intensity_image=image, spacing=spacing)
    return sorted(found, key=lambda one: -one.num_pixels)  # stable: equal ones stay in scan order, as ours do


@given(MASKS)
def test_masks_of_the_regions_make_up_the_mask(mask):
    again = np.zeros(mask.shape, int)
    for region in regions(mask):
        assert region.mask.dtype == np.bool_
        assert region.mask.shape == np.empty(mask.shape)[region.slices].shape
        assert region.mask.sum() == region.area
        again[region.slices] += region.mask
    np.testing.assert_array_equal(again, mask)


@settings(max_examples=50)
@given(masks(), st.floats(0.25, 4))
def test_shapes_like_scikit_image(mask, size):
    for ours, theirs in zip(regions(mask, spacing=size), by_scikit_image(mask, spacing=(size, size)), strict=True):
        np.testing.assert_array_equal(ours.mask, theirs.image)
        assert ours.perimeter == pytest.approx(theirs.perimeter)
        assert ours.eccentricity == pytest.approx(theirs.eccentricity, abs=1e-6)
        assert ours.solidity == pytest.approx(theirs.solidity)
        # There between the middles of pixel edges, here between corners.
        assert -1e-9 <= ours.feret_diameter / size - theirs.feret_diameter_max / size < 1


@given(masks(), SPACINGS)
def test_eccentricity_with_unequal_spacing_like_scikit_image(mask, spacing):
    for ours, theirs in zip(
        regions(mask, spacing=spacing[:2]), by_scikit_image(mask, spacing=spacing[:2]), strict=True
    ):
        assert ours.eccentricity == pytest.approx(theirs.eccentricity, abs=1e-6)


@settings(max_examples=50)
@given(MASKS, st.sampled_from([(), (1,), (3,)]), st.sampled_from(["uint8", "float32", "bool"]))
def test_intensities_like_scikit_image(mask, channels, dtype):
    image = (np.random.default_rng(mask.size).random((*mask.shape, *channels)) * 255).astype(dtype)
    for ours, theirs in zip(regions(mask, image=image), by_scikit_image(mask, image.astype(float)), strict=True):
        for name in INTENSITIES:
            found = getattr(ours, name)
            assert type(found) is (tuple if channels else float)
            assert found == pytest.approx(np.asarray(getattr(theirs, name)).tolist())


def test_intensities_are_those_of_the_image_when_it_was_measured():
    image = np.array([[200, 100, 7, 9]], np.uint8)
    large, small = regions([[1, 1, 0, 1]], image=image)
    image[:] = 0
    assert (large.intensity_mean, large.intensity_std, large.intensity_max) == (150, 50, 200)
    assert small.intensity_min == 9


def test_values_that_are_not_finite_are_seen_only_where_they_are():
    left, right = regions([[1, 0, 1]], image=[[np.nan, np.inf, 3.0]])
    assert np.isnan([getattr(left, name) for name in INTENSITIES]).all()
    assert right.intensity_mean == 3
    (infinite,) = regions([[1, 1]], image=[[np.inf, 0.0]])
    assert infinite.intensity_max == np.inf
    assert np.isnan(infinite.intensity_std)


def test_what_a_volume_has_not_is_none():
    (cube,) = regions(np.ones((3, 4, 5)), spacing=(2, 1, 1))
    assert cube.perimeter is cube.eccentricity is cube.orientation is None
    assert cube.solidity == 1
    assert cube.feret_diameter == pytest.approx(np.linalg.norm([6, 4, 5]))


def test_measurements_are_taken_once_and_only_when_asked_for():
    (region,) = regions(RING, image=RING * 3)
    assert not set(DERIVED + INTENSITIES) & set(vars(region))
    for name in DERIVED + INTENSITIES:
        assert getattr(region, name) is getattr(region, name)


def test_numbers_are_of_python_and_json_takes_a_region():
    (region,) = regions(RING, image=np.dstack([RING, RING]).astype(np.float32), spacing=np.float32(2))
    fields = dataclasses.asdict(region)
    assert json.loads(json.dumps(fields))["bbox"] == [0, 0, 3, 4]
    taken = {name: getattr(region, name) for name in DERIVED + INTENSITIES}
    assert json.loads(json.dumps(taken))["intensity_max"] == [1.0, 1.0]
    for value in [*fields.values(), *taken.values()]:
        assert all(type(number) in (int, float) for number in (value if isinstance(value, tuple) else [value]))


def test_regions_are_copied_pickled_and_compared():
    (region,) = regions(RING, image=RING)
    for again in (copy.copy(region), copy.deepcopy(region), pickle.loads(pickle.dumps(region))):
        assert again == region
        assert again.solidity == region.solidity
        assert again.intensity_mean == 1
    assert "mask" not in repr(region)


def test_a_region_cannot_be_changed():
    (region,) = regions(RING)
    with pytest.raises(ValueError, match="read-only"):
        region.mask[0, 0] = False
    with pytest.raises(dataclasses.FrozenInstanceError):
        region.area = 3.0


def test_regions_do_not_keep_the_whole_image():
    mask = np.zeros((500, 500))
    mask[3, 4] = 1
    (region,) = regions(mask, image=np.ones((500, 500)))
    assert len(pickle.dumps(region)) < 3000
    assert region.mask.base is None


def test_measurements_without_pixels_or_image_name_what_is_missing():
    by_hand = Region(1, 2.0, (0.0, 0.5), (0, 0, 1, 2), 1.0, 1.57, (2.0, 0.0), 1.6)
    assert by_hand.eccentricity == 1
    for name in ("mask", "perimeter", "solidity", "feret_diameter", "intensity_mean"):
        with pytest.raises(ValueError, match=r"Use those that `regions\(mask\)` returns"):
            getattr(by_hand, name)
    (region,) = regions(RING)
    for name in INTENSITIES:
        with pytest.raises(ValueError, match=r"regions\(mask, image=image\)"):
            getattr(region, name)
