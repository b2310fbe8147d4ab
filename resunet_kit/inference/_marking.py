"""Conversion of the segmenter's probabilities to masks of classes."""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
    """Return one uint8 mask of classes per image: an array, or a list if the images differ in size.

    Args:
        probabilities: `(n, height, width, classes)` or `(height, width, classes)` of each image.
        postprocess: Post-processing from probabilities to a mask.
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
    masked = [mark_image(image, postprocess) for image in maps]
    return np.asarray(masked, "uint8").reshape(maps.shape[:-1])


def mark_each(
    probabilities: np.ndarray, postprocesses: Sequence[masks.PostProcess]
) -> Iterator[tuple[int, np.ndarray]]:
    """Yield the index of each of several post-processings, with its read-only mask of one image.

    Args:
        probabilities: `(height, width, classes)`, checked already.
        postprocesses: The post-processings; for a single foreground, steps that they have in common run only once.
    """
    if probabilities.shape[-1] <= 2:
        found = masks.PostProcess._masks(_foreground(probabilities), list(postprocesses))
    else:
        found = ((index, mark_image(probabilities, one)) for index, one in enumerate(postprocesses))
    for index, mask in found:
        mask.flags.writeable = False  # other masks may be computed from it
        yield index, mask


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


def mark_image(probabilities: np.ndarray, postprocess: masks.PostProcess) -> np.ndarray:
    """Return the uint8 mask of classes of one image `(height, width, classes)`, checked already."""
    if probabilities.shape[-1] <= 2:
        return postprocess(_foreground(probabilities))
    # A pixel in a filled hole gets its most probable class, too.
    rules = dataclasses.replace(postprocess, threshold=0.5, low_threshold=None)
    foreground = rules((masks.to_labels(probabilities) > 0).astype("uint8"))
    return foreground * (1 + masks.to_labels(probabilities[..., 1:]))


def _foreground(probabilities: np.ndarray) -> np.ndarray:
    return np.clip(probabilities[..., -1], 0, 1)  # half precision and resizing may leave [0, 1]
