"""Inputs of `predict` as arrays of images: an array, a list, a dataset, or anything that yields batches."""

import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import keras
import numpy as np

from resunet_kit.inference._engines.sample import check_shape


def is_array(x: Any) -> bool:
    """Return whether `x` has a shape and can be sliced, like arrays, tensors and memory maps."""
    return hasattr(x, "shape") and hasattr(x, "__getitem__") and not isinstance(x, keras.utils.PyDataset)


def array_of(x: Any, shape: tuple[int | None, ...]) -> Any | None:
    """Return the images of an array, a list or a dictionary, in the input's shape; None if `x` yields batches.

    Args:
        x: As in `predict`.
        shape: Shape of the model's input.

    Raises:
        TypeError: If it is something else.
        ValueError: If a shape is not the input's.
    """
    if isinstance(x, Mapping):
        x = list(x.values())
    if isinstance(x, list | tuple):
        x = _from_list(x, shape)
    if is_array(x):
        return check_shape("images", as_numpy(x), shape)
    if not isinstance(x, keras.utils.PyDataset) and not isinstance(x, Iterable):
        raise TypeError(
            f"Expected images as an array, a list, a dataset or a generator. Received {type(x).__name__}. Convert them "
            "with numpy.asarray."
        )
    return None


def batches_of(x: Any, shape: tuple[int | None, ...], steps: int | None) -> tuple[Iterator[Any], int | None]:
    """Return the images of each batch of a dataset or generator, and how many batches there are if that is known.

    Raises:
        ValueError: If `x` has no end and there is no `steps`, or a batch is not of the input's shape.
    """
    endless = _is_endless(x)
    known = None if endless else _length(x)
    count = known if steps is None else steps if known is None else min(steps, known)
    if count is None and endless:
        raise ValueError(
            "Expected steps with a dataset without end. Received steps=None. Pass the number of batches as steps."
        )
    batches = (x[index] for index in range(count or 0)) if isinstance(x, keras.utils.PyDataset) else iter(x)
    taken = batches if count is None else itertools.islice(batches, count)
    return (_images_of(batch, shape) for batch in taken), count


def as_numpy(x: Any) -> Any:
    """Return a tensor as a NumPy array, and what NumPy slices lazily, such as a memory map, unchanged."""
    if isinstance(x, np.ndarray) or not keras.ops.is_tensor(x):
        return x if hasattr(x, "dtype") else np.asarray(x)
    return keras.ops.convert_to_numpy(x)


def _from_list(x: Any, shape: tuple[int | None, ...]) -> Any:
    arrays = [np.asarray(as_numpy(item)) for item in x]
    if len(arrays) == 1 and arrays[0].ndim >= len(shape):
        return arrays[0]  # as Keras interprets it: one input
    shapes = sorted({array.shape for array in arrays})
    if len(shapes) != 1 or len(shapes[0]) >= len(shape):
        raise ValueError(
            f"Expected a list of images of one shape, for a model with one input. Received shapes {shapes[:4]}. Stack "
            "images of one shape, and pass those of each shape in a call of their own."
        )
    return np.stack(arrays)


def _images_of(batch: Any, shape: tuple[int | None, ...]) -> Any:
    images = keras.utils.unpack_x_y_sample_weight(batch)[0]
    if isinstance(images, Mapping | list | tuple):
        [images] = images.values() if isinstance(images, Mapping) else images
    return check_shape("batches of images", np.asarray(as_numpy(images)), shape)


def _is_endless(x: Any) -> bool:
    if isinstance(x, keras.utils.PyDataset):
        return x.num_batches is None
    return hasattr(x, "cardinality") and int(x.cardinality()) == -1  # of tf.data


def _length(x: Any) -> int | None:
    if hasattr(x, "cardinality"):
        return int(x.cardinality()) if int(x.cardinality()) >= 0 else None  # negative where it is unknown
    return x.num_batches if isinstance(x, keras.utils.PyDataset) else len(x) if hasattr(x, "__len__") else None
