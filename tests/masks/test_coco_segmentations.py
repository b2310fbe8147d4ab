import json

import numpy as np
import pytest
from pycocotools import mask as pycocotools

from resunet_kit.masks import from_coco_segmentation, polygons_to_mask, to_coco_rle

SHAPE = (6, 8)
SQUARE = [1.0, 1.0, 4.0, 1.0, 4.0, 3.0, 1.0, 3.0]
STAR = [3.2, 0.4, 4.9, 5.6, 0.3, 2.2, 6.1, 2.2, 1.5, 5.6]


def test_a_square_between_pixel_edges_has_its_pixels():
    expected = np.zeros(SHAPE)
    expected[1:3, 1:4] = 1
    np.testing.assert_array_equal(from_coco_segmentation([SQUARE], SHAPE), expected)


def test_polygons_are_united_whichever_way_they_run():
    backwards = np.reshape(SQUARE, (-1, 2))[::-1].ravel().tolist()
    shifted = [number + 1 for number in backwards]
    expected = from_coco_segmentation([SQUARE], SHAPE) | from_coco_segmentation([shifted], SHAPE)
    assert expected.sum() == 6 + 6 - 2
    for segmentation in ([SQUARE, shifted], [shifted, SQUARE], [SQUARE, shifted, SQUARE]):
        np.testing.assert_array_equal(from_coco_segmentation(segmentation, SHAPE), expected)


def test_a_polygon_that_crosses_itself_is_filled_by_the_even_odd_rule():
    drawn = from_coco_segmentation([STAR], SHAPE)
    assert drawn[3, 3] == 0  # inside, but around which the line runs twice
    np.testing.assert_array_equal(drawn, pycocotools.decode(pycocotools.frPyObjects([STAR], *SHAPE))[..., 0])


def test_what_lies_beyond_the_border_is_cut_off():
    assert from_coco_segmentation([[-3, -3, 20, -3, 20, 20, -3, 20]], SHAPE).all()
    assert from_coco_segmentation([[0, 0, 8, 0, 8, 6, 0, 6]], SHAPE).all()
    assert not from_coco_segmentation([[9, 0, 12, 0, 12, 6]], SHAPE).any()


def test_coordinates_count_from_the_corner_as_those_of_polygons_to_mask_may():
    points = np.reshape(SQUARE, (-1, 2))
    again = polygons_to_mask([points], SHAPE, origin="corner", order="xy")
    np.testing.assert_array_equal(from_coco_segmentation([SQUARE], SHAPE), again)


@pytest.mark.parametrize("counts", ["bytes", "str", "list"])
def test_run_lengths_of_every_kind(counts):
    mask = np.random.default_rng(0).random(SHAPE) < 0.4
    rle = to_coco_rle(mask, counts=counts)
    np.testing.assert_array_equal(from_coco_segmentation(rle, SHAPE), mask)
    if counts != "bytes":
        np.testing.assert_array_equal(from_coco_segmentation(json.loads(json.dumps(rle)), np.array(SHAPE)), mask)


@pytest.mark.parametrize("polygons", [[tuple(SQUARE)], (SQUARE,), [np.array(SQUARE)], np.array([SQUARE])])
def test_any_sequence_holds_polygons(polygons):
    assert from_coco_segmentation(polygons, SHAPE).sum() == 6


@pytest.mark.parametrize(
    ("segmentation", "message"),
    [
        ([], r"at least one polygon\. Received an empty list\. Leave out"),
        ([[]], r"at least three points\. Received \[\] at index 0, 0 numbers"),
        ([SQUARE, [1, 1, 3, 3]], r"at index 1, 4 numbers\. Draw a box"),
        ([[1, 1, 3, 3, 1]], "5 numbers"),
        ([[1, 1, 3, 3, 1, 3, 2]], "7 numbers. Leave that polygon out, or restore"),
        (SQUARE, r"Received 1.0 at index 0\. Put a single polygon in a list"),
        ([[[1, 1], [4, 1], [4, 3]]], "np.ravel"),
        ([[[1, 1], [4, 1], [4]]], "Received"),
        ([[1, 1, 4, np.nan, 4, 3]], "finite coordinates .* Received nan in the polygon at index 0. Remove"),
        ([[1, 1, 4, np.inf, 4, 3]], "Received inf"),
        ([[1, 1, 4, -1e9, 4, 3]], "Received -1000000000.0"),
        ({"size": [8, 6], "counts": [48]}, r"shape \(6, 8\)\. Received the size \[8, 6\]\. Pass the shape as \(height"),
        ({"size": [6, 8], "counts": [47]}, "add up to 48 pixels"),
        ({"counts": [48]}, r"Add \['size'\]"),
        ({"id": 3, "segmentation": [SQUARE]}, r"whole annotation .* Pass `annotation\['segmentation'\]`"),
    ],
)
def test_segmentations_that_cannot_be_drawn(segmentation, message):
    with pytest.raises(ValueError, match=message):
        from_coco_segmentation(segmentation, SHAPE)


@pytest.mark.parametrize(
    ("segmentation", "message"),
    [
        ("14", r"Received str\. Pass `annotation\['segmentation'\]`"),
        (None, "Received NoneType"),
        (7, "Received int"),
        ([["1", "1", "4", "1", "4", "3"]], "polygons of numbers"),
        ([[True, False, True, True, False, True]], "polygons of numbers"),
        ([[None] * 6], "polygons of numbers"),
        ({"size": [6, 8], "counts": 4}, "Received int"),
        ([{"size": [6, 8], "counts": [48]}], "run lengths by itself, without a list"),
        (["1", "1"], "polygons of numbers"),
    ],
)
def test_segmentations_of_another_type(segmentation, message):
    with pytest.raises(TypeError, match=message):
        from_coco_segmentation(segmentation, SHAPE)


def test_the_shape_is_height_and_width():
    assert from_coco_segmentation([SQUARE], (6, 8)).shape == (6, 8)
    with pytest.raises(ValueError, match="height"):
        from_coco_segmentation([SQUARE], (6, 8, 3))
