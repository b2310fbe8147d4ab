"""Adaptation of three-channel networks to other numbers of channels, with the same response to gray images.

With fewer channels, the image is completed with their mean. With more, each channel takes the weights of red, green or
blue, and channels of the same colour divide its part of the first kernel among them.
"""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from resunet_kit._shared.errors import reason
from resunet_kit.models._backbones.graph import functional, walk

# Layers whose configuration may hold one number per channel: its keys, and the attributes with the numbers.
PER_CHANNEL_LAYERS = (keras.layers.Rescaling, keras.layers.Normalization)
PER_CHANNEL_VALUES = {"scale": "scale", "offset": "offset", "mean": "input_mean", "variance": "input_variance"}


def complete_channels(image: Any) -> Any:
    """Complete an image of one or two channels to three with their mean; return other images unchanged."""
    missing = 3 - image.shape[-1]
    if missing <= 0:
        return image
    mean = ops.mean(image, axis=-1, keepdims=True)
    return keras.layers.Concatenate(name="three_channels")([image, *[mean] * missing])


def fit_channels(image: Any, model: keras.Model) -> tuple[Any, keras.Model]:
    """Return the image and the model, one of them adapted if their numbers of channels differ.

    Args:
        image: `(batch, height, width, channels)` or `(batch, depth, height, width, channels)`.
        model: A model for the image's channels or for 3.

    Raises:
        ValueError: If the layers of the model cannot be adapted.
    """
    channels = image.shape[-1]
    if model.inputs[0].shape[-1] in (channels, None):
        return image, model
    if channels < 3:
        return complete_channels(image), model
    return image, adapt_channels(model, (*model.inputs[0].shape[1:-1], channels))


def adapt_channels(
    model: keras.Model, input_shape: Sequence[int | None], source_channels: Sequence[int] | None = None
) -> keras.Model:
    """Return a copy of a three-channel network, with its weights, for images with another number of channels.

    Args:
        model: A functional model.
        input_shape: Shape of the images, without the batch axis.
        source_channels: For each image channel, the channel of `model` whose weights it takes; None: 0, 1, 2, 0, 1, …

    Raises:
        ValueError: If more than the first kernels and the layers before them depends on the number of channels.
    """
    sources = [channel % 3 for channel in range(input_shape[-1] or 0)] if source_channels is None else source_channels
    adapted, pairs = rebuild(model, input_shape, sources)
    for old, new in pairs:
        _copy_weights(old, new, sources, model)
    return adapted


def rebuild(
    model: keras.Model,
    input_shape: Sequence[int | None],
    source_channels: Sequence[int] = (0, 1, 2),
) -> tuple[keras.Model, list[tuple[Any, Any]]]:
    """Rebuild the layers of `model`, with newly initialised weights, for images of another shape.

    Args:
        model: A functional model with one input.
        input_shape: Shape of the images, without the batch axis.
        source_channels: For each image channel, the channel of `model` whose numbers it takes in the configurations of
            layers before the first kernel.

    Returns:
        The new model, and a pair of each layer that has weights and its copy.

    Raises:
        ValueError: If the layers do not fit the new shape.
    """
    model = functional(model)
    first = {id(layer) for step in walk(model) if not step.follows_kernel for layer in _leaves(step.operation)}

    pairs: list[tuple[Any, Any]] = []

    def copy(layer: Any) -> Any:
        if isinstance(layer, keras.Sequential):  # its configuration would keep the shape of its input
            inner = [_copy(part, source_channels if id(part) in first else None) for part in layer.layers]
            twin = keras.Sequential(inner, name=layer.name, trainable=layer.trainable)
        else:
            twin = _copy(layer, source_channels if id(layer) in first else None)
        if getattr(layer, "weights", None):
            pairs.append((layer, twin))
        return twin

    name = next(layer.name for layer in model.layers if isinstance(layer, keras.layers.InputLayer))
    inputs = keras.Input(input_shape, dtype=model.inputs[0].dtype, name=name)
    try:
        twins = keras.tree.map_structure(lambda _: inputs, model.input)
        return keras.models.clone_model(model, twins, clone_function=copy), pairs
    except (ValueError, TypeError) as error:
        raise _unadaptable(model, input_shape[-1], reason(error)) from error


def _copy(layer: Any, source_channels: Sequence[int] | None) -> Any:
    config = layer.get_config()
    if source_channels is not None and isinstance(layer, PER_CHANNEL_LAYERS):
        for key, attribute in PER_CHANNEL_VALUES.items():
            values = np.ravel(getattr(layer, attribute, 0.0))
            if len(values) == 3:
                config[key] = [float(values[source]) for source in source_channels]
    return type(layer).from_config(config)


def _copy_weights(old: Any, new: Any, source_channels: Sequence[int], model: keras.Model) -> None:
    values = old.get_weights()
    changed = [i for i, weight in enumerate(new.weights) if tuple(weight.shape) != values[i].shape]
    kernels = [i for i in changed if values[i].ndim > 1]
    # A kernel with more output channels than before, or a second kernel after it, is not a plain first convolution.
    if len(kernels) > 1 or (kernels and old.output.shape[-1] != new.output.shape[-1]):
        raise _unadaptable(model, len(source_channels), f"the layer {old.name!r} filters each channel separately.")
    for i in changed:
        adapted = _adapt_weight(values[i], source_channels)
        if adapted is None or adapted.shape != tuple(new.weights[i].shape):
            cause = f"a weight of shape {values[i].shape} in {old.name!r} does not fit."
            raise _unadaptable(model, len(source_channels), cause)
        values[i] = adapted
    new.set_weights(values)
    for layer in _leaves(new):
        if isinstance(layer, keras.layers.Normalization):
            layer.finalize_state()  # it computes with copies of its weights


def _adapt_weight(values: Any, source_channels: Sequence[int]) -> Any:
    """Adapt a vector `(3,)` or a kernel `(…, 3, filters)` to the image's channels; None for any other shape."""
    if values.ndim == 1:
        return values[list(source_channels)] if len(values) == 3 else None
    if values.shape[-2] != 3:
        return None
    fractions = np.eye(3)[list(source_channels)]  # (channels, 3), of each colour's kernel
    unused = fractions.sum(axis=0) == 0
    fractions /= np.maximum(fractions.sum(axis=0), 1.0)
    fractions[:, unused] = 1.0 / len(source_channels)  # as for an image completed with the mean of its channels
    return np.einsum("...if,ci->...cf", values, fractions)


def _leaves(operation: Any) -> list[Any]:
    return operation.layers if isinstance(operation, keras.Sequential) else [operation]


def _unadaptable(model: keras.Model, channels: int | None, cause: str) -> ValueError:
    return ValueError(
        f"Expected a functional network that starts with plain convolutions, to adapt it to {channels} channels. "
        f"Received {model.name!r}: {cause} Build it for {channels} channels, or pass images of 3."
    )
