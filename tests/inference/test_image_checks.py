"""Which images pass; the cascade's tests try every step with them."""

import numpy as np
import pytest

from resunet_kit.inference._image_checks import check_image, check_outputs


def refused(image, value_range="auto", *, raw=False):
    try:
        check_image(np.asarray(image), 7, value_range, raw=raw)
    except ValueError as error:
        return "image 7" in str(error)
    return False


@pytest.mark.parametrize(
    ("values", "value_range", "raw", "expected"),
    [
        ([0.0, 0.5], "auto", False, False),
        ([0.0, 1.0005], "auto", False, False),
        ([0.0, 2.0], "auto", False, True),
        ([0.5, 2.5], "auto", False, False),
        ([0.5, 31.5], "auto", False, True),
        ([-0.5, 31.5], "auto", False, False),
        ([0, 1], "auto", False, True),
        ([0, 1], "auto", True, False),
        ([0.0, 0.3], "auto", True, False),
        ([0.0, 0.7], "auto", True, True),
        ([0.0, 1.0], "auto", True, False),
        ([0.2, 250.0], "auto", True, False),
        ([0.0, 0.7], (0.0, 255.0), False, True),
        ([0.0, 0.7], (0.0, 40.0), False, False),
        ([0, 255], (0.0, 255.0), False, False),
        ([0, 256], (0.0, 255.0), False, True),
        ([-1000, 2000], (-1024.0, 3071.0), False, False),
        ([-2000, 2000], (-1024.0, 3071.0), False, True),
        ([0, 1], (0.0, 1.0), False, True),
        ([0, 99999], None, False, False),
    ],
)
def test_a_range_passes_or_not(values, value_range, raw, expected):
    assert refused(np.reshape(values, (1, 2, 1)), value_range, raw=raw) == expected


def test_images_without_pixels_or_numbers_are_refused():
    assert refused(np.zeros((0, 4, 1)))
    with pytest.raises(TypeError, match="complex"):
        check_image(np.zeros((2, 2, 1), complex), 0, None, raw=False)


def test_outputs_within_the_rounding_of_half_precision_pass():
    check_outputs("segmenter", np.float32([[[[1.0005, -0.0005]]]]), [0])
    check_outputs("segmenter", np.full((1, 2, 2, 3), 0.336, "float32"), [0])
    with pytest.raises(ValueError, match=r"sums from 1.05 to 1.05 for image 5"):
        check_outputs("segmenter", np.full((1, 2, 2, 3), 0.35, "float32"), [5])
