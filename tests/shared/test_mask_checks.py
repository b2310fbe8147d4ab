import numpy as np
import pytest

from resunet_kit._shared.mask_checks import as_mask, image_shape, neighbours, pixel_size, whole_number

FOREGROUND = np.array([[False, True, True], [True, False, False]])


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int8, np.int64, np.uint16, np.float16, np.float32, np.float64])
def test_zero_and_one_are_a_mask_in_every_dtype(dtype):
    np.testing.assert_array_equal(as_mask(FOREGROUND.astype(dtype)), FOREGROUND)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float32])
def test_zero_and_255_are_a_mask(dtype):
    np.testing.assert_array_equal(as_mask(255 * FOREGROUND.astype(dtype)), FOREGROUND)


@pytest.mark.parametrize("value", [0, 1, 255])
def test_masks_of_one_value(value):
    assert as_mask(np.full((2, 3), value, np.uint8)).all() == (value != 0)
    assert as_mask(np.full((2, 3), value, np.float64)).any() == (value != 0)


@pytest.mark.parametrize(
    "values",
    [[0, 2], [0, 1, 255], [1, 255], [-1, 0], [0, -1, 1], [0, 0.5], [0, np.nan], [1, np.inf], [0, 127, 255]],
)
def test_other_values_are_named(values):
    with pytest.raises(ValueError, match=r"booleans, 0/1 or 0/255, received the values .*Threshold") as caught:
        as_mask(np.array([values]))
    assert all(f"{value:g}" in str(caught.value) for value in values)


def test_many_values_are_counted_rather_than_listed():
    with pytest.raises(ValueError, match=r"0, 1, 2, 3, 4, 5, \.\.\. \(100 distinct\)"):
        as_mask(np.arange(100).reshape(10, 10))


@pytest.mark.parametrize("mask", [np.array([["a"]]), np.array([[None]]), np.array([[1j]])])
def test_masks_without_numbers(mask):
    with pytest.raises(TypeError, match=r"received dtype"):
        as_mask(mask)


@pytest.mark.parametrize(
    ("shape", "ndims", "cure"),
    [
        ((4, 4, 1), (2,), r"mask\[\.\.\., 0\]"),
        ((2, 4, 4, 1), (2, 3), r"mask\[\.\.\., 0\]"),
        ((5, 4, 4), (2,), "one slice or image at a time"),
        ((4,), (2, 3), "Expected a 2-D or 3-D mask"),
        ((), (2,), "Reshape"),
        ((0, 4), (2,), "at least one pixel"),
    ],
)
def test_shapes_with_their_cures(shape, ndims, cure):
    with pytest.raises(ValueError, match=cure):
        as_mask(np.zeros(shape, bool), ndims=ndims)


def test_whole_numbers():
    assert whole_number("count", np.int8(3), least=1) == 3
    with pytest.raises(ValueError, match="`count` of at least 1, received 0"):
        whole_number("count", 0, least=1)
    for wrong in (1.0, "1", None, True, np.True_):
        with pytest.raises(TypeError, match="`count` to be an integer"):
            whole_number("count", wrong, least=1)


def test_image_shapes():
    assert image_shape([np.int64(3), 4]) == (3, 4)
    assert image_shape(np.array([3, 4])) == (3, 4)
    with pytest.raises(ValueError, match=r"received \(3, 4, 1\)\. Pass `image.shape\[:2\]`"):
        image_shape((3, 4, 1))
    with pytest.raises(ValueError, match="`width` of at least 1, received 0"):
        image_shape((3, 0))
    for wrong in (5, "ab", None, (2.0, 3)):
        with pytest.raises(TypeError, match="Expected"):
            image_shape(wrong)


def test_spacing_is_spread_over_the_axes():
    assert pixel_size(None, 3) == (1.0, 1.0, 1.0)
    assert pixel_size(0.5, 2) == (0.5, 0.5)
    assert pixel_size((5, 1, 2), 3) == (5.0, 1.0, 2.0)


@pytest.mark.parametrize("spacing", [0, -1, (1, 0), (1, np.nan), np.inf, (1, 1, 1), (1,), [[1, 1]]])
def test_spacing_that_does_not_fit(spacing):
    with pytest.raises(ValueError, match="`spacing` of one positive number, or 2"):
        pixel_size(spacing, 2)


def test_connectivity():
    assert [neighbours(c, 3) for c in (None, 1, 2, 3)] == [3, 1, 2, 3]
    with pytest.raises(ValueError, match="from 1 to 2 for a 2-D mask, received 3"):
        neighbours(3, 2)
    with pytest.raises(ValueError, match="at least 1, received 0"):
        neighbours(0, 2)
    with pytest.raises(TypeError, match=r"received 1\.0"):
        neighbours(1.0, 2)
