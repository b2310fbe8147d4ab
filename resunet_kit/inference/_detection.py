"""Detections of a cascade in one image."""

from dataclasses import dataclass

import numpy as np

from resunet_kit import masks


@dataclass(frozen=True)
class Detection:
    """The result of a cascade for one image.

    Attributes:
        probability: The classifier's probability that the image shows a finding, in [0, 1].
        mask: `(height, width)` uint8; 0 is background, other values are the segmenter's classes. All zero if the
            probability is below the cascade's threshold.
        boxes: One `(top, left, bottom, right)` in pixels per connected component, bottom and right excluded; the
            largest component first. Classes are not distinguished.
        centroids: One `(row, column)` in pixels per component, in the same order.
        area: Number of foreground pixels.
    """

    probability: float
    mask: np.ndarray
    boxes: list[tuple[int, ...]]
    centroids: list[tuple[float, ...]]
    area: int


def detection_of(probability: float, mask: np.ndarray, connectivity: int | None) -> Detection:
    """Return the detection of a mask of classes, with its components."""
    found = masks.regions(mask > 0, connectivity=connectivity)
    return Detection(
        probability,
        mask,
        boxes=[region.bbox for region in found],
        centroids=[region.centroid for region in found],
        area=int(np.count_nonzero(mask)),
    )


def nothing_detected(probability: float, shape: tuple[int, ...]) -> Detection:
    """Return the detection for an image of height and width `shape` that the segmenter does not receive."""
    return Detection(probability, np.zeros(shape, "uint8"), boxes=[], centroids=[], area=0)
