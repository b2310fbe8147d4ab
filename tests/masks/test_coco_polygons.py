import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as pycocotools

from resunet_kit.masks import _coco_polygons
from resunet_kit.masks._coco_polygons import union_of_polygons

# Steps on which rounding differs most: fifths of a pixel, its middle, and any float; inside, on and beyond the border.
COORDINATES = st.one_of(
    st.integers(-60, 120).map(lambda fifths: fifths / 5),
    st.integers(-20, 40).map(lambda halves: halves / 2),
    st.integers(-120, 240).map(lambda tenths: tenths / 10),
    st.floats(-15, 30),
)
POLYGONS = st.lists(st.lists(st.tuples(COORDINATES, COORDINATES), min_size=3, max_size=8), min_size=1, max_size=4)
SHAPES = st.tuples(st.integers(1, 20), st.integers(1, 20))


def by_pycocotools(polygons, shape):
    flat = [np.ravel(polygon).tolist() for polygon in polygons]
    return pycocotools.decode(pycocotools.merge(pycocotools.frPyObjects(flat, *shape)))


@settings(max_examples=300)
@given(POLYGONS, SHAPES)
def test_draws_the_pixels_of_pycocotools(polygons, shape):
    drawn = union_of_polygons([np.array(polygon, float) for polygon in polygons], shape)
    assert drawn.dtype == np.uint8
    np.testing.assert_array_equal(drawn, by_pycocotools(polygons, shape))


@pytest.mark.parametrize("scale", [0.02, 1, 3, 40])
def test_draws_the_pixels_of_pycocotools_at_every_scale(scale):
    generator = np.random.default_rng(0)
    for _ in range(40):
        shape = tuple(generator.integers(1, 200, 2).tolist())
        points = generator.random((generator.integers(3, 40), 2)) - 0.5
        polygons = [points * shape[::-1] * scale + np.array(shape[::-1]) / 2]
        np.testing.assert_array_equal(union_of_polygons(polygons, shape), by_pycocotools(polygons, shape))


def test_edges_in_parts_make_the_same_mask(monkeypatch):
    polygon = np.random.default_rng(1).random((50, 2)) * 30
    whole = union_of_polygons([polygon], (30, 30))
    monkeypatch.setattr(_coco_polygons, "_CHUNK", 7)
    np.testing.assert_array_equal(union_of_polygons([polygon], (30, 30)), whole)


def test_a_far_point_costs_no_more_than_the_image_has_columns():
    far = np.array([(0, 0), (2.0**27, 0), (2.0**27, 2.0**27), (0, 2.0**27)])  # 10**9 points of the fine grid
    assert union_of_polygons([far], (20, 30)).all()
