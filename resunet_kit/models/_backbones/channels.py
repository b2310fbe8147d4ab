"""Networks for three channels, made to take images of another number, with the same response to gray ones.

Fewer channels: the image is completed by the mean of those present. More: each plays a colour, and those that play the
same one share its part of the first kernel. Both leave what a gray image gives as it was.
"""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from resunet_kit._shared.errors import reason
from resunet_kit.models._backbones.graph import functional, walk

# Layers that may hold one number a channel in their configuration: its keys, and the attributes with the numbers.
VECTOR_LAYERS = (keras.layers.Rescaling, keras.layers.Normalization)
VECTORS = {"scale": "scale", "offset": "offset", "mean": "input_mean", "variance": "input_variance"}


def complete_channels(image: Any) -> Any:
    """Return the image with three channels, those that it lacks being the mean of its one or two."""
    missing = 3 - image.shape[-1]
    if missing <= 0:
        return image
    mean = ops.mean(image, axis=-1, keepdims=True)
    return keras.layers.Concatenate(name="three_channels")([image, *[mean] * missing])


def fit_channels(image: Any, model: keras.Model) -> tuple[Any, keras.Model]:
    """Return the image and the model, one of them changed where the image's channels are not those of the model.

    Raises:
        ValueError: If they differ and the model does not take three channels, or its layers cannot be adapted.
    """
    channels, expected = image.shape[-1], model.inputs[0].shape[-1]
    if expected in (channels, None):
        return image, model
    if expected != 3:
        raise ValueError(
            f"Expected a network for the image's {channels} channels, or for 3, which can be adapted. Received "
            f"{model.name!r} for {expected}. Build it with keras.Input(…, {channels}), or select channels of the image."
        )
    if channels < 3:
        return complete_channels(image), model
    return image, adapt_channels(model, (*model.inputs[0].shape[1:-1], channels))


def adapt_channels(
    model: keras.Model, input_shape: Sequence[int | None], roles: Sequence[int] | None = None
) -> keras.Model:
    """Return a copy of a three-channel network, weights too, for images of another number of channels.

    Args:
        model: A functional model.
        input_shape: Of the images, without the batch.
        roles: The channel of `model` that each image channel stands for; None: in turns.

    Raises:
        ValueError: If more of the network than its first kernels and what stands before them depends on the channels.
    """
    roles = [channel % 3 for channel in range(input_shape[-1] or 0)] if roles is None else roles
    adapted, pairs = rebuild(model, input_shape, roles)
    for old, new in pairs:
        _copy_weights(old, new, roles, model)
    return adapted


def rebuild(
    model: keras.Model,
    input_shape: Sequence[int | None],
    roles: Sequence[int] = (0, 1, 2),
) -> tuple[keras.Model, list[tuple[Any, Any]]]:
    """Lay the layers of `model` again, with fresh weights, over images of another shape.

    Args:
        model: A functional model with one input.
        input_shape: Without the batch.
        roles: The channel of `model` that each image channel stands for. What layers before the first kernel are
            configured to do to the former, they do to the latter.

    Returns:
        The new model, and each layer that has weights with its copy.

    Raises:
        ValueError: If the layers do not fit the new shape.
    """
    model = functional(model)
    first = {id(layer) for step in walk(model) if not step.learned_before for layer in _leaves(step.operation)}

    pairs: list[tuple[Any, Any]] = []

    def copy(layer: Any) -> Any:
        if isinstance(layer, keras.Sequential):  # its configuration would remember the shape of its input
            inner = [_copy(part, roles if id(part) in first else None) for part in layer.layers]
            twin = keras.Sequential(inner, name=layer.name, trainable=layer.trainable)
        else:
            twin = _copy(layer, roles if id(layer) in first else None)
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


def _copy(layer: Any, roles: Sequence[int] | None) -> Any:
    config = layer.get_config()
    if roles is not None and isinstance(layer, VECTOR_LAYERS):
        for key, attribute in VECTORS.items():
            values = np.ravel(getattr(layer, attribute, 0.0))
            if len(values) == 3:
                config[key] = [float(values[role]) for role in roles]
    return type(layer).from_config(config)


def _copy_weights(old: Any, new: Any, roles: Sequence[int], model: keras.Model) -> None:
    values = old.get_weights()
    changed = [i for i, weight in enumerate(new.weights) if tuple(weight.shape) != values[i].shape]
    kernels = [i for i in changed if values[i].ndim > 1]
    # A kernel that gives more channels than before, or a second one behind it, is not a plain first convolution.
    if len(kernels) > 1 or (kernels and old.output.shape[-1] != new.output.shape[-1]):
        raise _unadaptable(model, len(roles), f"the layer {old.name!r} treats each channel by itself.")
    for i in changed:
        adapted = _widen(values[i], roles) if i in kernels else values[i][list(roles)] if len(values[i]) == 3 else None
        if adapted is None or adapted.shape != tuple(new.weights[i].shape):
            raise _unadaptable(model, len(roles), f"a weight of shape {values[i].shape} in {old.name!r} does not fit.")
        values[i] = adapted
    new.set_weights(values)
    for layer in _leaves(new):
        if isinstance(layer, keras.layers.Normalization):
            layer.finalize_state()  # it computes with copies of its weights


def _widen(kernel: Any, roles: Sequence[int]) -> Any:  # (…, 3, filters) to (…, channels, filters)
    if kernel.shape[-2] != 3:
        return None
    shares = np.eye(3)[list(roles)]
    missing = shares.sum(axis=0) == 0
    shares /= np.maximum(shares.sum(axis=0), 1.0)
    shares[:, missing] = 1.0 / len(roles)  # the mean of the channels present
    return np.einsum("...if,ci->...cf", kernel, shares)


def _leaves(operation: Any) -> list[Any]:
    return operation.layers if isinstance(operation, keras.Sequential) else [operation]


def _unadaptable(model: keras.Model, channels: int | None, cause: str) -> ValueError:
    return ValueError(
        f"Expected the network {model.name!r} to be one that can be adapted to {channels} channels: functional, its "
        f"image reaching plain convolutions. Received one that cannot: {cause} Build it for {channels} "
        "channels, or feed it 3."
    )
