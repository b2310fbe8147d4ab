import base64
import io
import itertools

import numpy as np
from hypothesis import given, settings
from PIL import Image

from resunet_kit.masks import polygons_to_mask
from resunet_kit.plots._layers import Region, outline, palette_picture
from tests.strategies import masks


def filled(mask):
    """Fill the outlines again, split where None separates them."""
    x, y = outline(mask)
    groups = itertools.groupby(zip(y, x, strict=True), key=lambda point: point[0] is not None)
    return polygons_to_mask([list(points) for drawn, points in groups if drawn], mask.shape)


@settings(max_examples=60, deadline=None)
@given(masks(max_side=9))
def test_outlines_surround_the_mask_and_leave_out_its_holes(mask):
    np.testing.assert_array_equal(filled(mask), mask)


def test_an_empty_mask_keeps_one_empty_point():
    assert outline(np.zeros((3, 3), bool)) == ([None], [None])


def test_a_palette_holds_the_256_classes_that_leave_no_pixel_clear():
    labels = np.arange(256).reshape(16, 16)
    for first in (0, 1):
        regions = [Region(labels == label, str(label), f"#0000{label:02X}", fill=1.0) for label in range(first, 256)]
        source = palette_picture(regions).split(",", 1)[1]
        pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(source))).convert("RGBA"))
        np.testing.assert_array_equal(pixels[..., 2], labels)
        assert pixels[0, 0, 3] == (0 if first else 255)
