"""Validation images with their truths, one by one, from arrays, lists, datasets and other iterables."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from resunet_kit._shared.numbers import integer
from resunet_kit.data.batches.presence import known_ignore_class
from resunet_kit.inference._image_source import (
    as_array,
    check_rank,
    check_that_it_ends,
    image_source,
    is_array,
    numeric_image,
)


class Truth(NamedTuple):
    """Truth of an image.

    Attributes:
        labels: `(height, width)` uint8; 0 is background, and so are ignored pixels.
        valid: False for ignored pixels; None if there are none.
    """

    labels: np.ndarray
    valid: np.ndarray | None


def pair_source(
    images: Any, truths: Any, channels: int | None, classes: int, ignore_class: int | None
) -> tuple[Iterator[tuple[np.ndarray, Truth]], int | None]:
    """Return each image with its truth, and how many there are if that is known beforehand.

    Args:
        images: As in `Cascade`; if `truths` is None, an iterable of tuples `(images, masks)` of images or batches.
        truths: An array `(n, height, width)`, with a last axis of 1 or without; a list of masks; or an iterable of
            masks or batches. None: they come with the images.
        channels: Number of channels that each image must have; None for any number.
        classes: Number of the segmenter's classes, including the background; 1 for one sigmoid channel.
        ignore_class: The label of pixels that do not count.

    Raises:
        TypeError: If they are of another kind.
        ValueError: If there are more of one than of the other, or a truth does not fit its image or the segmenter.
    """
    if ignore_class is not None:
        ignore_class = integer("ignore_class", ignore_class, "[0, 255]")
    if truths is None:
        ignore_class = known_ignore_class(images) if ignore_class is None else ignore_class
        pairs, count = _joint(images, channels), _length(images)
    else:
        source, count = image_source(images, channels)
        masks, mask_count = _truth_source(truths)
        if None not in (count, mask_count) and count != mask_count:
            raise _unequal(f"{count} images and {mask_count} truths")
        pairs = _zipped(source, masks)
    return _checked(pairs, classes, ignore_class), count


def _checked(
    pairs: Iterator[tuple[np.ndarray, np.ndarray]], classes: int, ignore_class: int | None
) -> Iterator[tuple[np.ndarray, Truth]]:
    for index, (image, mask) in enumerate(pairs):
        yield image, check_truth(mask, index, image, classes, ignore_class)


def _unequal(received: str) -> ValueError:
    return ValueError(
        f"Expected one truth for each image. Received {received}. Pass both in the same order, none left out."
    )


def _zipped(images: Iterator[np.ndarray], masks: Iterator[np.ndarray]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    missing = object()
    for index, image in enumerate(images):
        mask: Any = next(masks, missing)
        if mask is missing:
            raise _unequal(f"no truth for image {index}")
        yield image, mask
    if next(masks, missing) is not missing:
        raise _unequal("more truths than images")


# === Truths by themselves ===


def _truth_source(truths: Any) -> tuple[Iterator[np.ndarray], int | None]:
    if is_array(truths):
        array = as_array(truths)
        if array.dtype != object:
            if array.ndim not in (3, 4):
                raise ValueError(
                    f"Expected truths of shape (n, height, width), or with a last axis of 1. Received shape "
                    f"{array.shape}. Add the axis of the images: truths[None]."
                )
            return iter(array), len(array)
        truths = list(array)
    if isinstance(truths, (str, bytes, Mapping)) or not isinstance(truths, Iterable):
        raise TypeError(
            f"Expected truths as an array, a list of masks, or a generator of them. Received {type(truths).__name__}. "
            "Read files with resunet_kit.data.read_mask."
        )
    if isinstance(truths, (list, tuple)):
        return map(as_array, truths), len(truths)
    check_that_it_ends(truths)
    return _unbatched(truths), None


def _unbatched(truths: Iterable[Any]) -> Iterator[np.ndarray]:
    for element in truths:
        array = as_array(element)
        batch = array.ndim == 4 or (array.ndim == 3 and array.shape[-1] != 1)
        yield from array if batch else array[None]


# === Images and truths together ===


def _length(pairs: Any) -> int | None:
    return len(pairs) if isinstance(pairs, (list, tuple)) else None


def _joint(pairs: Any, channels: int | None) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    if is_array(pairs) or isinstance(pairs, (str, bytes, Mapping)) or not hasattr(type(pairs), "__iter__"):
        raise TypeError(
            "Expected images with truths: tune(images, truths), or a dataset of tuples (images, masks). Received "
            f"{type(pairs).__name__} alone. Pass the masks as the second argument."
        )
    check_that_it_ends(pairs)
    index = 0
    for element in pairs:
        images, masks = _pair(element, index)
        if images.ndim == 3:
            images, masks = images[None], masks[None]
        if len(images) != len(masks):
            raise _unequal(f"{len(images)} images and {len(masks)} truths in the batch of image {index}")
        for image, mask in zip(images, masks, strict=True):
            check_rank(image, index, channels)
            yield image, mask
            index += 1


def _pair(element: Any, index: int) -> tuple[np.ndarray, np.ndarray]:
    if not isinstance(element, (tuple, list)) or len(element) != 2:
        given = f"{type(element).__name__} of {len(element)}" if isinstance(element, (tuple, list)) else "images alone"
        raise ValueError(
            f"Expected tuples (images, masks). Received {given} for image {index}. Leave out what is not used, as "
            "dataset.map(lambda images, masks, weights: (images, masks)) does, or pass masks: tune(images, truths)."
        )
    return numeric_image(element[0], index), as_array(element[1])


# === One truth ===


def check_truth(mask: np.ndarray, index: int, image: np.ndarray, classes: int, ignore_class: int | None) -> Truth:
    """Return the truth of one image as labels.

    Raises:
        TypeError: If the values are not numbers.
        ValueError: If it is of another size than the image, or holds NaN or labels that the segmenter does not have.
    """
    labels = mask[..., 0] if mask.ndim == 3 and mask.shape[-1] == 1 else mask
    if labels.shape != image.shape[:2]:
        one_hot = mask.ndim == 3 and mask.shape[:2] == image.shape[:2]
        cure = "Turn one-hot classes into labels: masks.argmax(-1)." if one_hot else "Check the order of both."
        raise ValueError(
            f"Expected the truth of image {index} to have its height and width, {image.shape[:2]}. Received shape "
            f"{mask.shape}. {cure}"
        )
    if labels.dtype.kind not in "biuf":
        raise TypeError(
            f"Expected truths of numbers. Received dtype {labels.dtype} for image {index}. Read files with "
            "resunet_kit.data.read_mask."
        )
    valid = None if ignore_class is None else labels != ignore_class
    if valid is not None:
        labels = np.where(valid, labels, 0)
    values = np.unique(labels)
    if np.isnan(values[-1]):  # NaN is sorted last
        raise ValueError(
            f"Expected truths of numbers. Received NaN for image {index}. Give those pixels a label, and pass it as "
            "ignore_class if they do not count."
        )
    labelled = classes > 2
    known = np.arange(classes) if labelled else np.array([0, 1] if values[-1] <= 1 else [0, 255])
    if not np.isin(values, known).all():
        expected = f"labels from 0 to {classes - 1}, the segmenter's classes" if labelled else "0/1 or 0/255"
        shown = ", ".join(f"{value:g}" for value in values[~np.isin(values, known)][:6])
        raise ValueError(
            f"Expected truths of {expected}. Received {shown} for image {index}. Select or map the classes; of pixels "
            "that do not count, pass the label as ignore_class."
        )
    return Truth((labels if labelled else labels > 0).astype("uint8"), valid)
