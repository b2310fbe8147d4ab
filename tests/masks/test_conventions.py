"""Each line of the guide's table of coordinates holds."""

import re
from pathlib import Path

import numpy as np
import pytest

from resunet_kit import masks

GUIDE = Path(__file__).parents[2] / "docs" / "pages" / "guides" / "masks.md"
SHAPE = (10, 12)
PIXEL = np.zeros(SHAPE, np.uint8)
PIXEL[2, 5] = 1
(REGION,) = masks.regions(PIXEL)


def extent(points):
    points = np.asarray(points)
    return f"from `{tuple(points.min(axis=0).tolist())}` to `{tuple(points.max(axis=0).tolist())}`"


def of_contours(**options):
    """Return the extent of the pixel's contour, from which the mask comes back."""
    found = masks.contours(PIXEL, **options)
    np.testing.assert_array_equal(masks.polygons_to_mask(found, SHAPE, **options), PIXEL)
    return extent(found[0])


def of_coco_polygons():
    (one,) = masks.to_coco_annotations(PIXEL, segmentation="polygons")
    np.testing.assert_array_equal(masks.from_coco_segmentation(one["segmentation"], SHAPE), PIXEL)
    return extent(np.reshape(one["segmentation"][0], (-1, 2)))


def of_boxes():
    assert masks.bounding_box(PIXEL) == REGION.bbox
    return f"`{REGION.bbox}`"


def of_slices():
    assert PIXEL[REGION.slices].tolist() == [[1]]
    return "`[" + ", ".join(f"{one.start}:{one.stop}" for one in REGION.slices) + "]`"


def of_centroid():
    (scaled,) = masks.regions(PIXEL, spacing=(2, 3))
    assert scaled.centroid == (4, 15)
    return f"`{REGION.centroid}`"


def of_kaggle():
    start, length = masks.to_rle(PIXEL).split()
    np.testing.assert_array_equal(masks.from_rle(f"{start} {length}", SHAPE), PIXEL)
    return f"of 10 rows: `{start}`"


def of_coco_rle():
    rle = masks.to_coco_rle(PIXEL, counts="list")
    np.testing.assert_array_equal(masks.from_coco_rle(rle), PIXEL)
    return f"of 10 rows: `{rle['counts'][0]}` pixels before it"


LINES = {
    "`bounding_box`, `Region.bbox`": of_boxes,
    "`Region.slices`": of_slices,
    "`Region.centroid`": of_centroid,
    "`contours`, `polygons_to_mask`": of_contours,
    'the same with `origin="corner"`': lambda: of_contours(origin="corner"),
    'the same with `order="xy"`': lambda: of_contours(order="xy"),
    "the same with both": lambda: of_contours(origin="corner", order="xy"),
    "`from_coco_segmentation`, polygons of `to_coco_annotations`": of_coco_polygons,
    "`bbox` of `to_coco_annotations`": lambda: f"`{masks.to_coco_annotations(PIXEL)[0]['bbox']}`",
    "`to_rle`, `from_rle`": of_kaggle,
    "`to_coco_rle`, `from_coco_rle`": of_coco_rle,
}


def table():
    section = GUIDE.read_text(encoding="utf-8").split("\n## Coordinates\n")[1].split("\n## ")[0]
    rows = [[cell.strip() for cell in row.split("|")[1:-1]] for row in re.findall(r"^\|.*\|$", section, re.MULTILINE)]
    return {row[0]: row[-1] for row in rows[2:]}


def test_every_line_is_tested():
    assert list(table()) == list(LINES)


@pytest.mark.parametrize("line", LINES)
def test_the_pixel_is_where_the_line_says(line):
    assert LINES[line]() == table()[line]
