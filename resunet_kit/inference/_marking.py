"""From the segmenter's probabilities to masks of classes."""

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from resunet_kit import masks
from resunet_kit._shared.truth import TOLERANCE
from resunet_kit.inference._image_checks import check_outputs
from resunet_kit.inference._stage_checks import MAX_CLASSES


def mark_images(
    probabilities: ArrayLike | Iterable[ArrayLike],
    postprocess: masks.PostProcess,
    indices: Sequence[int] | None = None,
    *,
    checked: bool = False,
) -> Any:
    """Return one uint8 mask of classes per image: an array, or a list where the images differ in size.

    Args:
        probabilities: `(n, height, width, classes)` or `(height, width, classes)` of each image.
        postprocess: From probabilities to a mask.
        indices: The position of each image, for messages; by default from 0.
        checked: Whether the values have been checked already.

    Raises:
        TypeError: If the probabilities are not numbers.
        ValueError: If they are not probabilities, or of another rank.
    """
    if not isinstance(probabilities, np.ndarray):
        probabilities = [np.asarray(image) for image in probabilities]  # type: ignore[union-attr]
        if len({image.shape for image in probabilities}) != 1:
            found = [
                mark_images(image[None], postprocess, [index])[0] if image.ndim == 3 else _check(image, [index])
                for index, image in enumerate(probabilities)
            ]
            return found or np.zeros((0, 0, 0), "uint8")
        probabilities = np.stack(probabilities)
    indices = range(len(probabilities)) if indices is None else indices
    if not checked:
        _check(probabilities, indices)
    masked = [_mark(image, postprocess) for image in probabilities]
    return np.asarray(masked, "uint8").reshape(probabilities.shape[:3])


def _check(probabilities: np.ndarray, indices: Sequence[int]) -> None:
    shape = probabilities.shape
    if probabilities.dtype.kind not in "biuf":
        raise TypeError(
            f"Expected probabilities as numbers. Received dtype {probabilities.dtype}. Pass what segment returns."
        )
    if len(shape) != 4 or not 1 <= shape[-1] <= MAX_CLASSES:
        raise ValueError(
            f"Expected probabilities of shape (n, height, width, classes), with up to {MAX_CLASSES} classes. Received "
            f"shape {shape}. Pass what segment returns, or add axes: probabilities[None, ..., None]."
        )
    if probabilities.size:
        check_outputs("segmenter", probabilities, indices)


def _mark(probabilities: np.ndarray, postprocess: masks.PostProcess) -> np.ndarray:
    if probabilities.shape[-1] <= 2:
        foreground = probabilities[..., -1]
        clipped = np.clip(foreground, 0, 1)
        rounded = np.abs(foreground - clipped) <= TOLERANCE  # resizing may leave [0, 1] by its rounding
        return postprocess(np.where(rounded, clipped, foreground))
    # A pixel of a filled hole gets its most probable class, too.
    rules = dataclasses.replace(postprocess, threshold=0.5, low_threshold=None)
    foreground = rules((masks.to_labels(probabilities) > 0).astype("uint8"))
    return foreground * (1 + masks.to_labels(probabilities[..., 1:]))
