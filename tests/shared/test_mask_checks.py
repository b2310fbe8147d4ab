import numpy as np
import pytest

from resunet_kit._shared.mask_checks import as_array, as_binary, as_mask, image_shape, neighbours, pixel_size

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
    with pytest.raises(ValueError, match=r"booleans, 0/1 or 0/255. Received the values .*Threshold") as caught:
        as_mask(np.array([values]))
    assert all(f"{value:g}" in str(caught.value) for value in values)


def test_many_values_are_counted_rather_than_listed():
    with pytest.raises(ValueError, match=r"0, 1, 2, 3, 4, 5, \.\.\. \(100 distinct\)"):
        as_mask(np.arange(100).reshape(10, 10))


@pytest.mark.parametrize("mask", [np.array([["a"]]), np.array([[None]]), np.array([[1j]])])
def test_masks_without_numbers(mask):
    with pytest.raises(TypeError, match=r"Received dtype"):
        as_mask(mask)


@pytest.mark.parametrize(
    ("shape", "ndims", "cure"),
    [
        ((4, 4, 1), (2,), r"mask\[\.\.\., 0\]"),
        ((2, 4, 4, 1), (2, 3), r"mask\[\.\.\., 0\]"),
        ((5, 4, 4), (2,), "one slice or image at a time"),
        ((4,), (2, 3), "Expected mask to be 2-D or 3-D"),
        ((), (2,), "Reshape"),
        ((0, 4), (2,), "at least one pixel"),
    ],
)
def test_shapes_with_their_cures(shape, ndims, cure):
    with pytest.raises(ValueError, match=cure):
        as_mask(np.zeros(shape, bool), ndims=ndims)


def test_image_shapes():
    assert image_shape([np.int64(3), 4]) == (3, 4)
    assert image_shape(np.array([3, 4])) == (3, 4)
    with pytest.raises(ValueError, match=r"Received \(3, 4, 1\)\. Pass `image.shape\[:2\]`"):
        image_shape((3, 4, 1))
    with pytest.raises(ValueError, match=r"width to be an integer of at least 1. Received width=0"):
        image_shape((3, 0))
    for wrong in (5, "ab", None, (2.0, 3)):
        with pytest.raises(TypeError, match="Expected"):
            image_shape(wrong)


def test_spacing_is_spread_over_the_axes():
    assert pixel_size(None, 3) == (1.0, 1.0, 1.0)
    assert pixel_size(0.5, 2) == (0.5, 0.5)
    assert pixel_size((5, 1, 2), 3) == (5.0, 1.0, 2.0)


@pytest.mark.parametrize(
    ("spacing", "error"), [((1, 0), ValueError), ((1, 1, 1), ValueError), ("1", TypeError), ((1, "2"), TypeError)]
)
def test_spacing_that_does_not_fit(spacing, error):
    with pytest.raises(error, match="Expected spacing"):
        pixel_size(spacing, 2)


def test_binary_values_have_any_shape_and_a_name():
    np.testing.assert_array_equal(as_binary([0, 255, 255], "truth"), [False, True, True])
    assert as_binary(np.array(1), "truth").shape == ()
    with pytest.raises(ValueError, match=r"Expected truth of booleans, 0/1 or 0/255. Received the values 0, 2"):
        as_binary([0, 2], "truth")
    with pytest.raises(ValueError, match="Expected truth with at least one value"):
        as_binary([], "truth")
    with pytest.raises(TypeError, match="Received dtype"):
        as_binary(["a"], "truth")


def test_connectivity():
    assert [neighbours(c, 3) for c in (None, 1, 2, 3)] == [3, 1, 2, 3]
    for wrong in (0, 3):
        with pytest.raises(ValueError, match=rf"in \[1, 2\]\. Received connectivity={wrong}\. Pass 1 to join"):
            neighbours(wrong, 2)
    with pytest.raises(TypeError, match="Expected connectivity"):
        neighbours(1.0, 2)


def test_an_array_is_not_copied_and_a_masked_array_that_hides_nothing_is_one():
    array = np.eye(2)
    assert as_array(array, "mask") is array
    np.testing.assert_array_equal(as_array(np.ma.masked_equal(array, 7), "mask"), array)
    assert type(as_array(np.ma.masked_equal(array, 7), "mask")) is np.ndarray


def test_hidden_values_and_ragged_lists_are_refused():
    hidden = np.ma.masked_equal(np.eye(2), 1)
    with pytest.raises(ValueError, match=r"hides 2 of 4\. Say what they are: `mask.filled\(0\)`"):
        as_mask(hidden)
    assert not as_mask(hidden.filled(0)).any()
    with pytest.raises(ValueError, match=r"Expected mask as one array\. Received lists of unequal lengths"):
        as_mask([[0, 1], [1]])
