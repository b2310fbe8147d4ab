"""From the segmenter's probabilities to masks of classes."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from resunet_kit import masks
from resunet_kit.inference._image_checks import check_outputs
from resunet_kit.inference._image_source import as_array, is_array
from resunet_kit.inference._stage_checks import MAX_CLASSES


def mark_images(
    probabilities: Any,
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
    if is_array(probabilities):
        maps = as_array(probabilities)
    else:
        each = [as_array(image) for image in _iterable(probabilities)]
        if len({image.shape for image in each}) > 1:
            return [mark_images(image[None], postprocess, [index])[0] for index, image in enumerate(each)]
        maps = np.stack(each) if each else np.zeros((0, 0, 0, 1))
    if not checked:
        _check(maps, range(len(maps)) if indices is None else indices)
    masked = [_mark(image, postprocess) for image in maps]
    return np.asarray(masked, "uint8").reshape(maps.shape[:-1])


def _iterable(probabilities: Any) -> Iterable[Any]:
    if isinstance(probabilities, str | bytes | Mapping) or not isinstance(probabilities, Iterable):
        raise TypeError(
            f"Expected probabilities as an array, or a list of arrays. Received {type(probabilities).__name__}. Pass "
            "what segment returns."
        )
    return probabilities


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
        return postprocess(np.clip(probabilities[..., -1], 0, 1))  # half precision may leave [0, 1], and resizing
    # A pixel of a filled hole gets its most probable class, too.
    rules = dataclasses.replace(postprocess, threshold=0.5, low_threshold=None)
    foreground = rules((masks.to_labels(probabilities) > 0).astype("uint8"))
    return foreground * (1 + masks.to_labels(probabilities[..., 1:]))
