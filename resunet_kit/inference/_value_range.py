"""Value range of the images that a model was trained on: as declared, or as the model's first layers show."""

from collections.abc import Iterator
from typing import Any, Literal

import keras
import numpy as np

from resunet_kit._shared.numbers import choice, number

ValueRange = tuple[float, float] | Literal["auto"] | None

PASSED = ("Flip", "Identity", "Mean", "Concatenate", "ZeroPadding2D", "Cropping2D", "Resizing")
FACTOR = 50.0  # a Rescaling by less than 1 / 50 divides raw intensities
CENTRE = 2.0  # intensities are raw if a Rescaling or a Normalization shifts one above this to zero


def check_value_range(value_range: Any) -> ValueRange:
    """Return "auto", None, or the minimum and maximum as floats.

    Raises:
        TypeError: If it is neither a name, None nor a pair of numbers.
        ValueError: If the numbers are not finite and ascending, or the name is unknown.
    """
    if value_range is None:
        return None
    if isinstance(value_range, str):
        choice("value_range", value_range, ("auto",), also="None or a pair of numbers")
        return "auto"
    message = (
        f"Expected value_range to be the minimum and maximum of the training images, 'auto' or None. Received "
        f"{value_range=}. Pass a pair such as (0, 1) or (0, 255)."
    )
    if not isinstance(value_range, tuple | list | np.ndarray):
        raise TypeError(message)
    limits = [number(f"value_range[{index}]", limit) for index, limit in enumerate(value_range)]
    if len(limits) != 2 or limits[0] >= limits[1]:
        raise ValueError(message)
    return limits[0], limits[1]


def takes_raw_intensities(model: keras.Model | None) -> bool:
    """Return whether a model's first layers, `Rescaling` and `Normalization`, scale raw intensities to about 1.

    They are composed up to the first other layer: `resnet_classifier` multiplies by 255 what an EfficientNet then
    divides by it.
    """
    scale, offset = 1.0, 0.0
    for layer in _operations(model):
        if isinstance(layer, keras.layers.Rescaling):
            factor = float(np.mean(layer.scale))
            scale, offset = scale * factor, offset * factor + float(np.mean(layer.offset))
        elif isinstance(layer, keras.layers.Normalization):
            offset -= _mean_of(layer)
            break
        elif type(layer).__name__ not in PASSED:
            break
    if scale <= 0:
        return False
    return -offset / scale > CENTRE if offset else scale < 1 / FACTOR


def _operations(model: Any) -> Iterator[Any]:
    """Yield the operations after the input in the order of the graph, including those of nested models."""
    for operation in getattr(model, "operations", ()) or getattr(model, "layers", ()):
        if isinstance(operation, keras.Model):
            yield from _operations(operation)
        elif not isinstance(operation, keras.layers.InputLayer):
            yield operation


def _mean_of(layer: Any) -> float:
    mean = layer.input_mean if layer.input_mean is not None else layer.adapt_mean
    return float(np.mean(keras.ops.convert_to_numpy(mean)))
