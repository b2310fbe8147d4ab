"""What tuning tries, on which images, and what it maximises by default."""

import itertools
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def combinations(candidates: dict[str, Any]) -> list[dict[str, Any]]:
    """Return every combination of values that is valid.

    Args:
        candidates: For each option a value, or a sequence of those to try; no `threshold` means 0.05, ..., 0.95.

    Raises:
        ValueError: If none is valid.
    """
    if candidates.get("threshold") is None:
        candidates = {**candidates, "threshold": np.arange(1, 20) / 20}
    lists = [list(values) if isinstance(values, (Sequence, np.ndarray)) else [values] for values in candidates.values()]
    chosen = [dict(zip(candidates, values, strict=True)) for values in itertools.product(*lists)]
    # Of thresholds that are combined freely some are the wrong way round.
    valid = [one for one in chosen if (one.get("low_threshold") or 0) <= one["threshold"]]
    if not valid:
        raise ValueError(f"Expected a combination with `low_threshold` of `threshold` at most in {candidates}.")
    return valid


def paired(probabilities: Iterable[ArrayLike], truths: Iterable[ArrayLike]) -> list[tuple[ArrayLike, ArrayLike]]:
    """Return each image with its truth.

    Raises:
        ValueError: If there is none, or one has no partner or one of another shape.
    """
    images, masks = list(probabilities), list(truths)
    if not images or len(images) != len(masks):
        raise ValueError(f"Expected images and a truth for each, received {len(images)} and {len(masks)}.")
    for number, (image, mask) in enumerate(zip(images, masks, strict=True)):
        if np.shape(image) != np.shape(mask):
            raise ValueError(
                f"Expected a truth of the image's shape, received {np.shape(image)} and {np.shape(mask)} at {number}."
            )
    return list(zip(images, masks, strict=True))


def dice(truth: NDArray[np.uint8], prediction: NDArray[np.uint8]) -> float:
    """Return the Dice score, 1 where both are empty."""
    total = int(np.count_nonzero(truth)) + int(np.count_nonzero(prediction))
    return 2 * int(np.count_nonzero(truth & prediction)) / total if total else 1.0
