"""Users' arrays, checked and converted to what the figures draw."""

from __future__ import annotations

import numbers
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resunet_kit._shared import mask_checks
from resunet_kit._shared.groups import entries, is_missing, sample_values


def as_mask(values: ArrayLike, name: str = "mask") -> NDArray[np.bool_]:
    """Return a boolean `(height, width)` mask; a last axis of one channel is dropped."""
    return mask_checks.as_mask(_without_channel(mask_checks.as_array(values, name)), name=name, ndims=(2,))


def as_masks(values: Iterable[ArrayLike], name: str) -> list[NDArray[np.bool_]]:
    """Return a list of boolean masks from a sequence or a stacked array."""
    return [as_mask(value, f"{name}[{index}]") for index, value in enumerate(entries(name, values))]


def as_image(value: ArrayLike, name: str = "image") -> NDArray[np.uint8]:
    """Return one uint8 image of shape `(height, width)` or `(height, width, 3)`."""
    array = _image_array(value, name)
    return _to_uint8(array, float(array.min()), float(array.max()))


def as_images(values: Iterable[ArrayLike], name: str = "images") -> list[NDArray[np.uint8]]:
    """Return a list of uint8 images; values outside [0, 1] are stretched by the range of all images together."""
    arrays = [_image_array(value, f"{name}[{index}]") for index, value in enumerate(entries(name, values))]
    if not arrays:
        raise ValueError(f"Expected {name} with at least one image. Received none. Check the selection.")
    low = min(float(array.min()) for array in arrays)
    high = max(float(array.max()) for array in arrays)
    return [_to_uint8(array, low, high) for array in arrays]


def _image_array(value: ArrayLike, name: str) -> NDArray[Any]:
    array = _without_channel(mask_checks.as_array(value, name))
    if array.dtype.kind not in "biuf":
        raise TypeError(f"Expected {name} to be numbers. Received {_kind(array)}. Pass an array of pixels.")
    if array.ndim != 2 and not (array.ndim == 3 and array.shape[-1] == 3):
        raise ValueError(
            f"Expected {name} of shape (height, width), (height, width, 1) or (height, width, 3). Received shape "
            f"{array.shape}. Select one channel or three, as in `image[..., :3]`."
        )
    _check_finite(array, name, cure=_replaced(name))
    return array


def _kind(array: NDArray[Any]) -> str:
    """Return what was passed instead of numbers: a single object by its value, else the type of the array."""
    return repr(array.item()) if array.ndim == 0 else f"dtype {array.dtype}"


def _without_channel(array: NDArray[Any]) -> NDArray[Any]:
    return array[..., 0] if array.ndim == 3 and array.shape[-1] == 1 else array


def _to_uint8(array: NDArray[Any], low: float, high: float) -> NDArray[np.uint8]:
    if array.dtype == np.uint8:
        return array
    values = array.astype(np.float64)
    if low < 0 or high > 1:  # standardised, or raw intensities: show the whole range
        values = (values - low) / (high - low) if high > low else np.zeros_like(values)
    return np.round(values * 255).astype(np.uint8)


def same_shape(image: NDArray[Any], mask: NDArray[Any], name: str, *, method: str = "nearest") -> None:
    """Raise unless `mask` has the height and width of `image`; `method` is the interpolation that would change that."""
    if image.shape[:2] != mask.shape[:2]:
        raise ValueError(
            f"Expected {name} of the image's height and width {image.shape[:2]}. Received {mask.shape[:2]}. Resize it "
            f"with the {method} method."
        )


def same_length(**given: int | None) -> None:
    """Raise unless all lengths are the same and above zero; None stands for an option that was not passed.

    Example:
        >>> same_length(images=2, masks=3)
        Traceback (most recent call last):
        ...
        ValueError: Expected the same number of entries everywhere. Received images: 2, masks: 3. Pass one per entry.
    """
    lengths = {name: length for name, length in given.items() if length is not None}
    received = ", ".join(f"{name}: {length}" for name, length in lengths.items())
    if len(set(lengths.values())) > 1:
        raise ValueError(f"Expected the same number of entries everywhere. Received {received}. Pass one per entry.")
    if 0 in lengths.values():
        raise ValueError(f"Expected at least one entry. Received {received}. Check the selection.")


def as_finite(values: ArrayLike, name: str) -> NDArray[np.float64]:
    """Return a float array without NaN or infinity, of the same shape."""
    array = mask_checks.as_array(values, name)
    _check_finite(array, name, cure="Leave those entries out, and say next to the figure how many they were.")
    return array.astype(np.float64)


def as_finite_pixels(values: ArrayLike, name: str) -> NDArray[np.float64]:
    """Return floats of an image or volume without NaN or infinity, of the same shape."""
    array = mask_checks.as_array(values, name)
    _check_finite(array, name, cure=_replaced(name))
    return array.astype(np.float64)


def _replaced(name: str) -> str:
    return f"Replace them: `numpy.where(numpy.isfinite({name}), {name}, 0)`."


def as_probability(values: ArrayLike, name: str) -> NDArray[np.float64]:
    """Return probabilities `(height, width)` in [0, 1]; a last axis of one channel is dropped."""
    array = _without_channel(as_finite_pixels(values, name))
    if array.ndim != 2:
        raise ValueError(
            f"Expected {name} of shape (height, width). Received shape {array.shape}. Select the class: "
            "`probabilities[..., 1]`."
        )
    if array.min() < 0 or array.max() > 1:
        raise ValueError(
            f"Expected {name} in [0, 1]. Received values from {array.min():g} to {array.max():g}. Apply a sigmoid or "
            "softmax to logits, or divide by the largest value."
        )
    return array


def as_vector(values: ArrayLike, name: str) -> NDArray[np.float64]:
    """Return a vector `(n,)` of finite floats."""
    array = as_finite(values, name)
    if array.ndim != 1:
        raise ValueError(f"Expected {name} to be a vector (n,). Received shape {array.shape}. Flatten it.")
    return array


def as_numbers(values: ArrayLike, name: str) -> NDArray[np.float64]:
    """Return a vector `(n,)` of floats in which None is NaN; infinite values and NaN stay."""
    array = as_floats(values, name)
    if array.ndim != 1:
        raise ValueError(f"Expected {name} to be a vector (n,). Received shape {array.shape}. Flatten it.")
    return array


def as_floats(values: ArrayLike, name: str) -> NDArray[np.float64]:
    """Return floats of the same shape in which None is NaN; infinite values and NaN stay."""
    array = mask_checks.as_array(values, name)
    if array.ndim == 0:
        raise TypeError(f"Expected {name} as a sequence. Received {array.item()!r}. Put it into a list.")
    if array.dtype == object:
        array = np.array([np.nan if value is None else value for value in array.ravel()]).reshape(array.shape)
    _check_finite(array if array.dtype.kind not in "f" else np.nan_to_num(array), name, cure="")
    return array.astype(np.float64)


def by_text(values: Mapping[Any, Any], name: str) -> dict[str, Any]:
    """Return a mapping with its keys as texts, refusing two keys of the same text: one would replace the other."""
    found = {str(key): value for key, value in values.items()}
    if len(found) < len(values):
        twice = [key for key, count in Counter(map(str, values)).items() if count > 1]
        raise ValueError(f"Expected {name} with a name of its own for each. Received {twice[0]!r} twice. Rename one.")
    return found


def as_texts(values: Iterable[object], name: str) -> list[str]:
    """Return titles, labels or names as a list of texts."""
    return [str(value) for value in entries(name, values)]


def _check_finite(array: NDArray[Any], name: str, *, cure: str) -> None:
    if array.dtype.kind not in "biuf":
        raise TypeError(f"Expected {name} to be numbers. Received {_kind(array)}. Convert it with astype(float).")
    if array.size == 0:
        raise ValueError(f"Expected {name} with at least one value. Received shape {array.shape}. Check the selection.")
    bad = int(np.count_nonzero(~np.isfinite(array)))
    if bad:
        raise ValueError(f"Expected finite {name}. Received {bad} NaN or infinite of {array.size}. {cure}")


def both_classes(truth: NDArray[np.bool_], undefined: str) -> None:
    """Raise unless `truth` holds both positives and negatives, without which `undefined` has no value."""
    positives = int(truth.sum())
    if positives in (0, truth.size):
        raise ValueError(
            f"Expected truth with both classes. Received {positives} positives of {truth.size}, for which {undefined} "
            "is undefined. Evaluate on a set that holds both."
        )


def as_labels(values: ArrayLike, name: str) -> list[Any]:
    """Return a vector of class labels as a list of Python values (booleans as 0 and 1)."""
    given = values if hasattr(values, "__array__") else entries(name, values)
    _check_one_kind(given, name)  # before NumPy turns numbers beside texts into texts
    array = sample_values(name, given)
    if array.dtype.kind == "M":
        days = array.astype("M8[D]")
        array = (days if np.all(days == array) else array).astype(str)
    if array.dtype.kind in "Scm":
        raise TypeError(f"Expected {name} to be integers, booleans or texts. Received {array[0]!r}. Convert them.")
    if array.dtype.kind == "O" and all(isinstance(value, numbers.Real) for value in array):
        array = np.asarray(array.tolist())
    if array.size == 0:
        raise ValueError(f"Expected {name} with at least one label. Received none. Check the selection.")
    if array.dtype.kind == "f" and not np.all(np.isfinite(array) & (array == np.round(array))):
        raise ValueError(
            f"Expected {name} to be class labels. Received fractions or infinite values. Threshold probabilities "
            "first, as in `probability >= 0.5`."
        )
    labels: list[Any] = array.tolist()
    if not all(isinstance(label, Hashable) for label in labels):
        raise TypeError(f"Expected {name} to be integers, booleans or texts. Received {labels[0]!r}. Convert them.")
    return [int(label) for label in labels] if array.dtype.kind in "bf" else labels


def _check_one_kind(labels: Any, name: str) -> None:
    """Raise for texts beside other values; `sample_values` refuses what has no entries."""
    if getattr(getattr(labels, "dtype", None), "kind", "O") != "O" or getattr(labels, "ndim", 1) == 0:
        return
    texts, others = ([label for label in labels if isinstance(label, str) is kind] for kind in (True, False))
    others = [label for label in others if not is_missing(label)]
    if texts and others:
        raise TypeError(
            f"Expected {name} of one type. Received texts and other values, such as {texts[0]!r} and {others[0]!r}. "
            "Convert all of them with str()."
        )


def named_classes(labels: Iterable[Any], names: Sequence[str] | Mapping[Any, str] | None) -> dict[Any, str]:
    """Return the classes in their order, each with its name.

    Args:
        labels: Every label that occurs.
        names: A sequence names the classes 0, 1, 2, ...; a mapping names each label; None shows the labels.
    """
    present = set(labels)
    if names is None:
        return _told_apart({label: str(label) for label in sorted(present, key=_rank)})
    known = dict(names) if isinstance(names, Mapping) else dict(enumerate(entries("names", names)))
    unnamed = sorted(map(repr, present - set(known)))
    if unnamed:
        raise ValueError(
            f"Expected names for every label. Received {len(known)} names and no name for {', '.join(unnamed)}. "
            "Pass a sequence for the labels 0, 1, 2, ..., or a mapping of label to name."
        )
    return _told_apart({label: str(name) for label, name in known.items()})


def _rank(label: Any) -> tuple[bool, Any]:
    """Return the sort key of a label: numbers by value, anything else after them by its text."""
    is_number = isinstance(label, numbers.Real)
    return not is_number, label if is_number else str(label)


def _told_apart(names: dict[Any, str]) -> dict[Any, str]:
    """Return the names, refusing duplicates: an axis of classes would draw them over each other."""
    twice = [name for name, count in Counter(names.values()).items() if count > 1]
    if twice:
        labels = [label for label, name in names.items() if name == twice[0]]
        raise ValueError(f"Expected a name of its own for each label. Received {twice[0]!r} for {labels}. Rename one.")
    return names
