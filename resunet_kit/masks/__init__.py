"""Masks as NumPy arrays: run lengths, components, contours, measurements, labels and overlays.

Functions of masks take booleans, 0/1 or 0/255, refuse any other values, and return `uint8` with 0 and 1. None changes
its input. Nothing here loads a deep-learning framework; SciPy and scikit-image load on first use.
"""

from resunet_kit.masks.coco import from_coco_rle, to_coco_rle
from resunet_kit.masks.coco_annotations import to_coco_annotations
from resunet_kit.masks.coco_segmentations import from_coco_segmentation
from resunet_kit.masks.components import fill_holes, hysteresis, largest_component, remove_small
from resunet_kit.masks.distances import signed_distance_map
from resunet_kit.masks.labels import one_hot, to_labels
from resunet_kit.masks.measures import Region, area, bounding_box, regions
from resunet_kit.masks.overlays import overlay
from resunet_kit.masks.polygons import contours, is_hole, polygons_to_mask
from resunet_kit.masks.postprocessing import PostProcess, Tuning
from resunet_kit.masks.run_lengths import from_rle, to_rle

__all__ = [
    "PostProcess",
    "Region",
    "Tuning",
    "area",
    "bounding_box",
    "contours",
    "fill_holes",
    "from_coco_rle",
    "from_coco_segmentation",
    "from_rle",
    "hysteresis",
    "is_hole",
    "largest_component",
    "one_hot",
    "overlay",
    "polygons_to_mask",
    "regions",
    "remove_small",
    "signed_distance_map",
    "to_coco_annotations",
    "to_coco_rle",
    "to_labels",
    "to_rle",
]
