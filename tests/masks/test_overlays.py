import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resunet_kit.masks import overlay
from tests.strategies import UNIT, images, masks, shapes

NOTHING = np.zeros((2, 2))
BRIGHTNESS = np.array([[0, 51], [102, 255]], np.uint8)


@given(st.data(), shapes(max_side=6), UNIT, st.tuples(*[st.integers(0, 255)] * 3))
def test_foreground_is_blended_and_the_rest_kept(data, shape, alpha, color):
    image = data.draw(images(shape))
    mask = data.draw(masks(shape))
    drawn = overlay(image, mask, color=color, alpha=alpha)
    assert drawn.dtype == np.uint8
    np.testing.assert_array_equal(drawn[~mask], image[~mask])
    blend = (1 - alpha) * image[mask].astype(float) + alpha * np.array(color, float)
    assert np.abs(drawn[mask] - blend).max(initial=0) <= 0.5 + 1e-9


@given(masks(max_side=6))
def test_outline_is_the_foreground_beside_background_or_border(mask):
    drawn = overlay(np.zeros(mask.shape), mask, color=(9, 8, 7), alpha=0, outline=True)
    framed = np.pad(mask, 1)
    inner = framed[:-2, 1:-1] & framed[2:, 1:-1] & framed[1:-1, :-2] & framed[1:-1, 2:]
    np.testing.assert_array_equal(drawn, (mask & ~inner)[..., None] * np.array([9, 8, 7]))


@pytest.mark.parametrize(
    "image",
    [
        BRIGHTNESS,
        BRIGHTNESS[..., None],
        np.dstack([BRIGHTNESS] * 3),
        np.dstack([BRIGHTNESS] * 3 + [BRIGHTNESS // 2]),
        BRIGHTNESS / 255,
        (BRIGHTNESS / 255).astype(np.float32),
        BRIGHTNESS / 255 * 7 - 3,
        BRIGHTNESS.astype(np.uint16) * 100 + 30,
        BRIGHTNESS.astype(np.int16) * 100 - 9000,
    ],
)
def test_kinds_of_images_that_show_the_same(image):
    np.testing.assert_array_equal(overlay(image, NOTHING), np.dstack([BRIGHTNESS] * 3))


def test_boolean_constant_and_dim_images():
    assert overlay(np.eye(2, dtype=bool), NOTHING)[..., 0].tolist() == [[255, 0], [0, 255]]
    assert overlay(np.full((2, 2), -7.5), NOTHING).max() == 0
    assert overlay(np.full((2, 2), 0.2), NOTHING).min() == 51  # within 0..1, so not stretched
    assert overlay(np.full((2, 2), 3, np.uint8), NOTHING).max() == 3


def test_the_channels_of_a_colour_image_are_stretched_together():
    image = np.array([[[0.0, 5.0, 10.0]]])
    assert overlay(image, [[0]]).ravel().tolist() == [0, 128, 255]


@pytest.mark.parametrize(
    ("image", "mask", "options", "error", "message"),
    [
        (np.zeros((2, 3)), NOTHING, {}, ValueError, r"image's shape \(2, 3\)\. Received \(2, 2\)"),
        (np.zeros((2, 2, 2)), NOTHING, {}, ValueError, r"Received shape \(2, 2, 2\)"),
        (np.zeros((1, 2, 2, 3)), NOTHING, {}, ValueError, "not a batch"),
        (np.zeros((0, 2)), NOTHING, {}, ValueError, "Received shape"),
        (np.full((2, 2), np.nan), NOTHING, {}, ValueError, "np.nan_to_num"),
        (np.full((2, 2), np.inf), NOTHING, {}, ValueError, "NaN or infinity"),
        (np.full((2, 2), "a"), NOTHING, {}, TypeError, "image of numbers"),
        (NOTHING, NOTHING[..., None], {}, ValueError, r"mask\[\.\.\., 0\]"),
        (NOTHING, NOTHING, {"alpha": 1.1}, ValueError, r"Expected alpha to be a number in \[0, 1\]"),
        (NOTHING, NOTHING, {"color": (0, 0, 256)}, ValueError, r"Expected color\[2\] to be an integer in \[0, 255\]"),
        (NOTHING, NOTHING, {"color": (0, 0, 0, 9)}, ValueError, "Pass three integers"),
        (NOTHING, NOTHING, {"color": "red"}, TypeError, "Received color='red'"),
    ],
)
def test_what_cannot_be_drawn(image, mask, options, error, message):
    with pytest.raises(error, match=message):
        overlay(image, mask, **options)


def test_images_with_hidden_values_are_refused():
    with pytest.raises(ValueError, match="hides 2 of 4"):
        overlay(np.ma.masked_equal(np.eye(2), 1), NOTHING)
