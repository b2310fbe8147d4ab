"""Backbones in two steps: a plan, which checks and looks up everything once, and its layers, which trust the plan."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras

from resunet_kit.models._backbones.channels import complete_channels, fit_channels
from resunet_kit.models._backbones.preprocessing import check_value_range, preprocess
from resunet_kit.models._backbones.registry import Backbone, find_backbone
from resunet_kit.models._backbones.weights import Weights, check_weights, load_backbone

MIN_SIZE = 32  # pixels: every backbone that has a name reduces images by 32


@dataclass(frozen=True)
class BackbonePlan:
    """A checked backbone, before a layer is made.

    Attributes:
        network: The architecture of a backbone that has a name, or the user's own model.
        input_shape: `(height, width, channels)` that a named backbone is built for.
        weights: Of a named backbone, as in `load_backbone`.
        value_range: Minimum and maximum of the images, for the preprocessing of a named backbone.
    """

    network: Backbone | keras.Model
    input_shape: tuple[int | None, ...]
    weights: Weights
    value_range: tuple[float, float]


def plan_backbone(
    option: str,
    backbone: str | keras.Model,
    input_shape: Sequence[int | None],
    *,
    weights: Weights,
    weights_option: str,
    value_range: tuple[float, float],
) -> BackbonePlan:
    """Look up and check a backbone for images of a shape.

    Args:
        option: The option's name, for messages.
        backbone: A name, as in `find_backbone`, or a functional model for the image's channels or for 3.
        input_shape: `(height, width, channels)` or `(depth, height, width, channels)`.
        weights: Of a named backbone, as in `load_backbone`.
        weights_option: The name of the option with the weights, for messages.
        value_range: Minimum and maximum of the images.

    Raises:
        TypeError: If the backbone is neither a name nor a model, or another argument is of a wrong type.
        ValueError: If the name is unknown, the backbone is for images of another shape, or the weights are not for it.
    """
    limits = check_value_range(value_range)
    if isinstance(backbone, str):
        network = find_backbone(backbone, option=option)
        check_named(network, input_shape, weights, weights_option=weights_option)
        return BackbonePlan(network, tuple(input_shape), weights, limits)
    _check_model(option, backbone)
    _check_model_input(option, backbone, input_shape)
    if weights is not None:
        raise ValueError(
            f"Expected {weights_option} for a backbone given by its name. Received {weights_option}={str(weights)!r} "
            f"for the model {backbone.name!r}. Load them into it first: model.load_weights(…)."
        )
    return BackbonePlan(backbone, tuple(input_shape), None, limits)


def attach(image: Any, plan: BackbonePlan) -> tuple[Any, keras.Model]:
    """Return what a planned backbone is to be called on, and the backbone.

    A model is used itself, without preprocessing; a copy is made if it is for 3 channels and the image has more.

    Args:
        image: A tensor of the shape that was planned for.
        plan: From `plan_backbone`.

    Raises:
        ValueError: If the weights cannot be loaded, or the layers of a model cannot be adapted to the channels.
    """
    if isinstance(plan.network, keras.Model):
        return fit_channels(image, plan.network)
    model = load_backbone(plan.network, plan.input_shape, plan.weights)
    if model.inputs[0].shape[-1] != image.shape[-1]:
        image = complete_channels(image)
    return preprocess(image, plan.network.preprocessing, plan.value_range), model


def check_named(
    backbone: Backbone, input_shape: Sequence[int | None], weights: Any, *, weights_option: str = "weights"
) -> None:
    """Check the shape of images and the weights for a backbone that has a name.

    Raises:
        TypeError: If the weights are neither None, a string nor a path.
        ValueError: If the images are volumes or too small, or the weights are not for the backbone.
    """
    if len(input_shape) != 3:
        raise ValueError(
            f"Expected images (height, width, channels) for {backbone.label}. Received {len(input_shape) - 1} spatial "
            "axes. Pass a keras.Model that takes volumes."
        )
    if any(size is not None and size < MIN_SIZE for size in input_shape[:-1]):
        raise ValueError(
            f"Expected a height and width of at least {MIN_SIZE} pixels for {backbone.label}. Received input_shape="
            f"{tuple(input_shape)}. Resize the images."
        )
    check_weights(weights_option, weights, backbone)


def _check_model(option: str, model: Any) -> None:
    if not isinstance(model, keras.Model):
        raise TypeError(
            f"Expected {option} to be the name of a backbone or a keras.Model. Received {option}={model!r}. Pass one "
            "of them."
        )
    inputs = getattr(model, "inputs", None) or []
    if len(inputs) != 1 or len(inputs[0].shape) not in (4, 5):
        raise ValueError(
            f"Expected {option} to be a functional model with one input (batch, height, width, channels) or (batch, "
            f"depth, height, width, channels). Received {model.name!r} with inputs of shapes "
            f"{[tuple(x.shape) for x in inputs]}. Build it with keras.Input and keras.Model(inputs, features)."
        )


def _check_model_input(option: str, model: keras.Model, input_shape: Sequence[int | None]) -> None:
    expected = tuple(model.inputs[0].shape[1:])
    if len(expected) != len(input_shape):
        raise ValueError(
            f"Expected {option} for images with {len(input_shape) - 1} spatial axes. Received {model.name!r} for "
            f"inputs of shape {expected}. Build it with as many axes."
        )
    if expected[-1] not in (input_shape[-1], 3, None):
        raise ValueError(
            f"Expected {option} for the image's {input_shape[-1]} channels, or for 3, which can be adapted. Received "
            f"{model.name!r} for {expected[-1]}. Build it for {input_shape[-1]} channels, or select channels of the "
            "image."
        )
