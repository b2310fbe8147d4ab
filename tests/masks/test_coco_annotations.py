import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycocotools import mask as pycocotools
from scipy import ndimage

from resunet_kit.masks import bounding_box, from_coco_segmentation, to_coco_annotations
from tests.strategies import label_maps

LABELS = label_maps(classes=4, max_side=9)
KINDS = st.sampled_from(["rle", "uncompressed_rle", "polygons"])
RING = np.array([[1, 1, 1], [1, 0, 1], [1, 1, 1]])


def drawn_by_pycocotools(segmentation, shape):
    """Return what the COCO API's `annToMask` draws."""
    if isinstance(segmentation, list):
        return pycocotools.decode(pycocotools.merge(pycocotools.frPyObjects(segmentation, *shape)))
    if isinstance(segmentation["counts"], list):
        segmentation = pycocotools.frPyObjects(segmentation, *shape)
    return pycocotools.decode(segmentation)


@given(LABELS, st.sampled_from(["component", "label"]), KINDS)
def test_through_json_and_back_every_pixel_is_there_once(labels, per, kind):
    annotations = json.loads(json.dumps(to_coco_annotations(labels, per=per, segmentation=kind)))
    again = np.zeros(labels.shape, int)
    for one in annotations:
        drawn = from_coco_segmentation(one["segmentation"], labels.shape)
        np.testing.assert_array_equal(drawn, drawn_by_pycocotools(one["segmentation"], labels.shape))
        again += one["category_id"] * drawn
        top, left, bottom, right = bounding_box(drawn)
        assert one["bbox"] == [left, top, right - left, bottom - top]
        assert one["area"] == drawn.sum()
    np.testing.assert_array_equal(again, labels)
    assert [one["id"] for one in annotations] == [*range(1, len(annotations) + 1)]


@given(LABELS)
def test_there_is_one_annotation_per_component_or_label(labels):
    present = np.unique(labels[labels > 0])
    components = sum(ndimage.label(labels == label, np.ones((3, 3)))[1] for label in present)
    assert len(to_coco_annotations(labels)) == components
    assert [one["category_id"] for one in to_coco_annotations(labels, per="label")] == present.tolist()
    across_faces = sum(ndimage.label(labels == label)[1] for label in present)
    assert len(to_coco_annotations(labels, connectivity=1)) == across_faces


def test_box_and_area_are_those_of_pycocotools():
    mask = np.zeros((20, 30), np.uint8)
    mask[4:9, 7:20] = 1
    (one,) = to_coco_annotations(mask)
    rle = pycocotools.encode(np.asfortranarray(mask))
    assert one["segmentation"] == {"size": [20, 30], "counts": rle["counts"].decode()}
    assert one["bbox"] == pycocotools.toBbox(rle).tolist() == [7, 4, 13, 5]
    assert one["area"] == pycocotools.area(rle) == 65


@pytest.mark.parametrize("polygons", [False, True])
def test_large_objects_with_rough_outlines(polygons):
    noise = ndimage.gaussian_filter(np.random.default_rng(0).normal(size=(150, 170)), 2)
    mask = ndimage.binary_fill_holes(noise > 0.05)
    again = np.zeros(mask.shape, np.uint8)
    annotations = to_coco_annotations(mask, segmentation="polygons" if polygons else "rle")
    for one in annotations:
        assert isinstance(one["segmentation"], list) == polygons
        again += from_coco_segmentation(one["segmentation"], mask.shape)
    np.testing.assert_array_equal(again, mask)


def plain(value):
    """Return whether a value is made of Python's own types."""
    if type(value) is dict:
        return all(type(key) is str and plain(item) for key, item in value.items())
    return all(map(plain, value)) if type(value) is list else type(value) in (int, float, str)


@pytest.mark.parametrize("kind", ["rle", "uncompressed_rle", "polygons"])
def test_numbers_are_of_python(kind):
    options = {
        "image_id": np.int64(3),
        "first_id": np.int32(9),
        "iscrowd": np.bool_(True),
        "category_id": {1: np.int8(5)},
    }
    (one,) = to_coco_annotations(np.eye(3, dtype=np.uint16), segmentation=kind, **options)
    assert plain(one)
    assert (one["id"], one["image_id"], one["category_id"], one["iscrowd"]) == (9, 3, 5, 1)


def test_an_object_with_a_hole_is_run_lengths_among_polygons():
    mask = np.zeros((3, 8), int)
    mask[:, :3] = RING
    mask[1, 5:] = 1
    ring, bar = to_coco_annotations(mask, segmentation="polygons")
    assert set(ring["segmentation"]) == {"size", "counts"}
    assert len(bar["segmentation"]) == 1


@pytest.mark.parametrize("mask", [RING, RING * 255, RING > 0, RING.astype(float), (RING * 255).tolist()])
def test_a_mask_in_any_spelling_is_category_one(mask):
    assert to_coco_annotations(mask) == to_coco_annotations(RING)
    assert to_coco_annotations(mask)[0]["category_id"] == 1
    assert to_coco_annotations(mask, category_id=18)[0]["category_id"] == 18


def test_instances_of_one_category_and_classes_by_a_table():
    instances = np.array([[300, 0, 300, 0, 70_000]], np.uint32)
    found = to_coco_annotations(instances, per="label", category_id=5)
    assert [(one["category_id"], one["area"]) for one in found] == [(5, 2), (5, 1)]
    found = to_coco_annotations([[0, 1, 2, 255]], category_id={1: 18, 2: 44}, ignore_class=255)
    assert [one["category_id"] for one in found] == [18, 44]
    assert to_coco_annotations([[0, 1, 255]], category_id={1: 1, 255: 90})[1]["category_id"] == 90
    assert len(to_coco_annotations(np.arange(300)[None], per="label")) == 299  # 254 is there too: 255 is an instance


def test_masks_without_an_object():
    assert to_coco_annotations(np.zeros((3, 4), np.uint8)) == []
    assert to_coco_annotations([[255, 0]], ignore_class=255) == []


@pytest.mark.parametrize(
    ("mask", "options", "error", "message"),
    [
        ([[0, 1, 255]], {}, ValueError, r"255, which is often void\. Leave it out by ignore_class=255"),
        ([[0, 1, 255]], {"category_id": 3}, ValueError, "often void"),
        ([[0, 1, 2]], {"category_id": {1: 7}}, ValueError, r"each label \[1, 2\]\. Received none for \[2\]"),
        ([[0, 255]], {"category_id": {1: 7}}, ValueError, r"Received none for \[255\]"),
        ([[0, 0.5]], {}, ValueError, r"integer labels from 0\. Received values from 0.0 to 0.5.*Threshold"),
        ([[0, -1]], {}, ValueError, "Received values from -1 to 0"),
        ([[0, np.nan]], {}, ValueError, "Received values from nan"),
        ([[0, np.inf]], {}, ValueError, "to inf"),
        (np.zeros((2, 3, 1)), {}, ValueError, r"Received shape \(2, 3, 1\)\. Drop the channel axis"),
        (np.zeros((2, 3, 4)), {}, ValueError, "one label map at a time"),
        (np.zeros((0, 3)), {}, ValueError, "at least one pixel"),
        ([["1"]], {}, TypeError, "Received dtype"),
        ([[1]], {"per": "class"}, ValueError, "Expected per to be one of"),
        ([[1]], {"segmentation": "polygon"}, ValueError, "Did you mean 'polygons'"),
        ([[1]], {"first_id": 0}, ValueError, "Pass one from 1: pycocotools"),
        ([[1]], {"image_id": "7"}, TypeError, "image_id"),
        ([[1]], {"iscrowd": 2}, ValueError, "iscrowd"),
        ([[1]], {"category_id": "cat"}, TypeError, "category_id"),
        ([[1]], {"category_id": {1: "cat"}}, TypeError, r"category_id\[1\]"),
        ([[1]], {"ignore_class": 1.0}, TypeError, "ignore_class"),
        ([[1]], {"connectivity": 3}, ValueError, "connectivity"),
    ],
)
def test_masks_and_options_that_are_refused(mask, options, error, message):
    with pytest.raises(error, match=message):
        to_coco_annotations(mask, **options)
