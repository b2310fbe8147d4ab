import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.preprocessing import StandardScaler

from resunet_kit.data import z_score
from resunet_kit.data.files.normalization import Moments, checked_normalization

DTYPES = st.sampled_from([np.uint8, np.uint16, np.int16, np.float32, np.float64, np.bool_])
SHAPES = st.lists(st.integers(1, 7), min_size=2, max_size=5).map(tuple)


def _drawn(shape, dtype, seed):
    return (np.random.default_rng(seed).random(shape) * 200).astype(dtype)


@settings(max_examples=60, deadline=None)
@given(SHAPES, DTYPES, st.integers(0, 2**31))
def test_agrees_with_scikit_learn_channel_by_channel(shape, dtype, seed):
    images = _drawn(shape, dtype, seed)
    images[..., 0] = images.flat[0]  # a constant channel
    scored = z_score(images)
    expected = StandardScaler().fit_transform(images.reshape(-1, shape[-1]).astype(np.float64)).reshape(shape)
    assert scored.dtype == np.float32
    np.testing.assert_allclose(scored, expected, atol=2e-4)


@settings(max_examples=60, deadline=None)
@given(SHAPES, DTYPES, st.integers(0, 2**31), st.integers(1, 6))
def test_moments_of_parts_add_up_to_those_of_the_whole(shape, dtype, seed, parts):
    images = _drawn((6, *shape), dtype, seed)
    total = None
    for part in np.array_split(images, parts):
        found = Moments.of(part)
        total = found if total is None else total + found
    pixels = images.reshape(-1, shape[-1]).astype(np.float64)
    assert total.count == len(pixels)
    np.testing.assert_allclose(total.mean, pixels.mean(axis=0), rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(np.sqrt(total.squares / total.count), pixels.std(axis=0), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("value", [0.0, 0.1, -3e7, 1e-30])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_constant_images_become_zero(value, dtype):
    np.testing.assert_array_equal(z_score(np.full((33, 31, 2), value, dtype)), 0)


@pytest.mark.parametrize("dtype", [np.float64, np.int32])
def test_small_differences_of_large_numbers_stay(dtype):
    small = np.random.default_rng(0).integers(0, 9, (20, 20, 1))
    np.testing.assert_allclose(z_score((10**8 + small).astype(dtype)), z_score(small), atol=1e-6)


def test_large_numbers_do_not_overflow():
    images = np.float32([[3e38]] * 9 + [[-3e38]])
    np.testing.assert_allclose(z_score(images), z_score(images / 3e38), atol=1e-6)


def test_given_statistics_serve_every_channel_or_each():
    images = np.random.default_rng(0).random((4, 4, 2))
    np.testing.assert_allclose(z_score(images, mean=0.5, std=2), (images - 0.5) / 2, atol=1e-6)
    np.testing.assert_allclose(z_score(images, mean=[1, 2], std=[0, 4]), (images - [1, 2]) / [1, 4], atol=1e-6)


def test_the_input_stays_as_it_is():
    images = np.random.default_rng(0).random((4, 4, 2), dtype=np.float32)
    images.flags.writeable = False
    assert not np.shares_memory(z_score(images, mean=0, std=1), images)


@pytest.mark.parametrize(
    ("images", "options", "error", "expected"),
    [
        (["a"], {}, TypeError, "numbers"),
        ([1.0], {}, ValueError, r"\(1,\)"),
        (np.zeros((0, 2)), {}, ValueError, "at least one pixel"),
        ([[np.nan, 1.0]], {}, ValueError, "finite"),
        ([[1e200], [0.0]], {}, ValueError, "finite"),
        ([[1.0]], {"mean": 1}, ValueError, "together"),
        ([[1.0, 2.0, 3.0]], {"mean": [1, 2], "std": 1}, ValueError, "each of 3 channels"),
        ([[1.0]], {"mean": 0, "std": -1}, ValueError, "at least 0"),
        ([[1.0]], {"mean": np.nan, "std": 1}, ValueError, "finite"),
        ([[1.0]], {"mean": "a", "std": 1}, TypeError, "mean.* a number"),
    ],
)
def test_bad_input_is_refused(images, options, error, expected):
    with pytest.raises(error, match=expected):
        z_score(images, **options)


@pytest.mark.parametrize(
    ("normalize", "error"),
    [
        ("zscore", ValueError),
        (True, TypeError),
        ({"mean": 0}, TypeError),
        ((1,), ValueError),
        ((0.0, -1.0), ValueError),
        (("a", 1), TypeError),
    ],
)
def test_other_options_are_refused(normalize, error):
    with pytest.raises(error, match=r"Expected .* Received"):
        checked_normalization(normalize)
