"""Grid search over post-processing: combinations of options, and images paired with their truth."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike


def combinations(candidates: dict[str, Any]) -> list[dict[str, Any]]:
    """Return every combination of values whose two thresholds are in order.

    Args:
        candidates: For each option, a value or a sequence of values to try; no `threshold` means 0.05, ..., 0.95.

    Raises:
        ValueError: If there is no such combination.
    """
    if candidates.get("threshold") is None:
        candidates = {**candidates, "threshold": np.arange(1, 20) / 20}
    lists = [list(values) if isinstance(values, (Sequence, np.ndarray)) else [values] for values in candidates.values()]
    chosen = [dict(zip(candidates, values, strict=True)) for values in itertools.product(*lists)]
    valid = [one for one in chosen if (one.get("low_threshold") or 0) <= one["threshold"]]
    if not valid:
        raise ValueError(
            "Expected a combination with low_threshold of at most threshold. "
            f"Received {candidates}. Add a lower low_threshold or a higher threshold."
        )
    return valid


def paired(probabilities: Iterable[ArrayLike], truths: Iterable[ArrayLike]) -> list[tuple[ArrayLike, ArrayLike]]:
    """Return each image with its truth.

    Raises:
        TypeError: If images or truths are not in a list or another iterable.
        ValueError: If there are no images, or an image lacks a truth of its shape.
    """
    for name, given in (("probabilities", probabilities), ("truths", truths)):
        if not isinstance(given, Iterable):
            raise TypeError(f"Expected {name} as a list of arrays. Received {given!r}. Put a single one in a list.")
    images, masks = list(probabilities), list(truths)
    if not images or len(images) != len(masks):
        raise ValueError(
            f"Expected images and one truth per image. Received {len(images)} images and {len(masks)} truths. "
            "Pass two lists of the same length, with at least one image."
        )
    for index, (image, mask) in enumerate(zip(images, masks, strict=True)):
        if np.shape(image) != np.shape(mask):
            raise ValueError(
                f"Expected truths of the images' shapes. Received an image of shape {np.shape(image)} and a truth of "
                f"shape {np.shape(mask)} at index {index}. Drop channel axes, and check the order of both lists."
            )
    return list(zip(images, masks, strict=True))
