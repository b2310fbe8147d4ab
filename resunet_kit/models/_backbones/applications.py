"""Networks of keras.applications, without their classifiers, for images of static or variable size."""

import inspect
from collections.abc import Callable
from typing import Any

import keras

from resunet_kit._shared.errors import reason
from resunet_kit.models._backbones.channels import adapt_channels

Builder = Callable[..., keras.Model]
Shape = tuple[int | None, ...]

# For builders that need a static shape: a size that is an integer at every stride up to 32.
STATIC_SIZE = 256


def builders() -> dict[str, Builder]:
    """Return the builders of all networks by their names."""
    return dict(inspect.getmembers(keras.applications, inspect.isfunction))


def preprocess_input(builder: Builder) -> Callable[[Any], Any]:
    """Return the function that preprocesses images for a network."""
    # A public module and the defining one have the same name; MobileNetV3's builders are not in its public one.
    return getattr(keras.applications, builder.__module__.rpartition(".")[2]).preprocess_input


def build(builder: Builder, input_shape: Shape, *, weights: str | None = None) -> keras.Model:
    """Build a network without its classifier for images `(height, width, 3)`, with random or `"imagenet"` weights.

    Raises:
        ValueError: If the network cannot be built for the shape, or the weights cannot be downloaded.
    """
    model = _build(builder, input_shape[:-1], weights)
    static = tuple(size or STATIC_SIZE for size in input_shape[:-1])
    if None not in input_shape or _accepts(model, static):
        return model
    # NASNet compares sizes to find out which of its layers to reduce, and considers all variable sizes equal.
    return adapt_channels(_build(builder, static, weights), input_shape)


def _build(builder: Builder, size: Shape, weights: str | None) -> keras.Model:
    try:
        return builder(include_top=False, weights=weights, input_shape=(*size, 3))
    except ValueError as error:
        raise ValueError(
            f"Expected images that {builder.__name__} can be built for. Received height and width {size}, and Keras "
            f"says: {reason(error)} Resize the images, or choose another backbone."
        ) from error
    except Exception as error:  # keras.utils.get_file raises a bare Exception without a network
        raise ValueError(
            f"Expected Keras to load the ImageNet weights of {builder.__name__}. Received an error: {reason(error)} "
            "Without a network, download the file of keras.applications elsewhere and pass its path as weights."
        ) from error


def _accepts(model: keras.Model, size: Shape) -> bool:
    try:
        model.compute_output_shape((1, *size, 3))
    except ValueError:
        return False
    return True
