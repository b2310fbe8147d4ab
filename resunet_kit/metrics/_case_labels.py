"""Class labels of one case, whether stored as labels, 0/1 or 0/255."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resunet_kit._shared.mask_checks import as_array

# Without `num_classes`, larger values are more often intensities or instance numbers than classes.
LARGEST_BY_DEFAULT = 127
MANY_CLASSES = 32  # a longer last axis is a spatial axis of a volume


class CaseLabels(NamedTuple):
    """Labels of one mask.

    Attributes:
        array: `(height, width)` or `(depth, height, width)`.
        present: The distinct labels above 0, without the ignored one.
        full_scale: Whether it was stored as 0 and 255.
    """

    array: NDArray[Any]
    present: frozenset[int]
    full_scale: bool


def case_labels(mask: ArrayLike, name: str, *, num_classes: int | None, ignore_class: int | None) -> CaseLabels:
    """Return the class labels of a mask; 0/255 masks become 0/1 where there are no more than two classes.

    Args:
        mask: `(height, width)` or `(depth, height, width)`, or with a last axis of length 1.
        name: What the mask is called in messages.
        num_classes: If given, labels must be below it; 1 and 2 ask for a binary mask.
        ignore_class: A label that is allowed in addition.

    Raises:
        TypeError: If the values are not numbers.
        ValueError: If the shape is wrong, or a value is not a label.
    """
    array = _spatial(as_array(mask, name), name)
    values = _distinct(array, name)
    _refuse_one_hot(array, values, name)
    scored = values[values != ignore_class] if ignore_class is not None else values
    binary = num_classes is None or num_classes <= 2
    full_scale = binary and 255 in scored and set(scored.tolist()) <= {0, 255}
    highest = LARGEST_BY_DEFAULT if num_classes is None else max(num_classes, 2) - 1
    if full_scale:
        labels = np.where(array == 255, 1, array) if ignore_class is not None else array != 0
        return CaseLabels(labels.astype(np.uint8), frozenset({1}), True)
    wrong = scored[(scored < 0) | (scored > highest) | (scored != np.round(scored))]
    if wrong.size:
        raise ValueError(_unexpected(name, values, wrong, num_classes, highest))
    labels = array if array.dtype.kind in "iu" else array.astype(np.int64 if array.dtype.kind == "f" else np.uint8)
    return CaseLabels(labels, frozenset(int(value) for value in scored if value), False)


def _spatial(array: NDArray[Any], name: str) -> NDArray[Any]:
    if array.dtype.kind not in "buif":
        raise TypeError(f"Expected {name} of labels. Received dtype {array.dtype}. Convert it to integers first.")
    if array.ndim >= 3 and array.shape[-1] == 1:
        array = array[..., 0]
    if array.ndim not in (2, 3) or array.size == 0:
        cure = "Pass labels or thresholded masks, one image or volume a case, without axes of batch and classes."
        raise ValueError(
            f"Expected {name} of shape (height, width) or (depth, height, width). Received shape {array.shape}. {cure}"
        )
    return array


def _refuse_one_hot(array: NDArray[Any], values: NDArray[Any], name: str) -> None:
    """Refuse one-hot classes, which would be scored as a volume."""
    if array.ndim < 3 or array.shape[-1] > MANY_CLASSES or len(values) > 2 or values.min() != 0:
        return
    if (np.count_nonzero(array, axis=-1) == 1).all():
        raise ValueError(
            f"Expected {name} of labels. Received shape {array.shape} with one class per pixel along the last axis. "
            "Take numpy.argmax(mask, axis=-1); of a volume that is so, move another axis to the end."
        )


def _distinct(array: NDArray[Any], name: str) -> NDArray[Any]:
    if array.dtype == np.uint8:  # three times as fast as np.unique
        return np.flatnonzero(np.bincount(array.ravel(), minlength=256))
    values = np.unique(array)
    if array.dtype.kind == "f" and not np.isfinite(values).all():
        raise ValueError(
            f"Expected {name} of finite labels. Received NaN or an infinite value. Say what it is, as "
            "numpy.nan_to_num does, or leave the case out."
        )
    return values.astype(np.int64) if array.dtype == np.bool_ else values


def _unexpected(name: str, values: NDArray[Any], wrong: NDArray[Any], num_classes: int | None, highest: int) -> str:
    shown = ", ".join(f"{value:g}" for value in values[:8].tolist()) + (", ..." if len(values) > 8 else "")
    expected = f"labels from 0 to {highest}" if num_classes is not None else f"0/255, or labels from 0 to {highest}"
    cure = "Pass num_classes for larger labels, or ignore_class for unmarked pixels."
    if num_classes is not None:
        cure = "Pass a larger num_classes, or ignore_class for unmarked pixels."
    if (wrong != np.round(wrong)).any():
        cure = "Threshold probabilities (`probability >= 0.5`), or take the most probable class (masks.to_labels)."
    return f"Expected {name} of {expected}. Received the values {shown}. {cure}"
