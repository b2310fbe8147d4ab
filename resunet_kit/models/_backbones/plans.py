"""Backbones in two steps: a plan, which checks and looks up everything once, and the layers that are built from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras

from resunet_kit.models._backbones.channels import complete_channels, fit_channels
from resunet_kit.models._backbones.preprocessing import check_value_range, preprocess
from resunet_kit.models._backbones.registry import Backbone, find_backbone
from resunet_kit.models._backbones.weights import Weights, check_weights, for_weights, load_backbone

MIN_SIZE = 32  # pixels: every named backbone reduces images by a factor of 32


@dataclass(frozen=True)
class BackbonePlan:
    """A checked backbone, before any layer is created.

    Attributes:
        network: The architecture of a named backbone, or the user's own model.
        input_shape: `(height, width, channels)` that a named backbone is built for.
        weights: Weights of a named backbone, as in `load_backbone`.
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
    value_range: tuple[float, float],
    weights_option: str = "weights",
) -> BackbonePlan:
    """Look up a backbone by its name, or check a functional model for the image's channels or for 3.

    Raises:
        ImportError: If the weights come from a package that is not installed.
        TypeError: If the backbone is neither a name nor a model, or another argument is of a wrong type.
        ValueError: If the name is unknown, the backbone is for images of another shape, or the weights are not for it.
    """
    limits = check_value_range(value_range)
    if isinstance(backbone, str):
        network = find_backbone(backbone, option=option)
        check_named(network, input_shape, weights, weights_option=weights_option)
        return BackbonePlan(for_weights(network, weights), tuple(input_shape), weights, limits)
    _check_model(option, backbone, input_shape)
    if weights is not None:
        raise ValueError(
            f"Expected {weights_option} for a backbone given by its name. Received {weights_option}={str(weights)!r} "
            f"for the model {backbone.name!r}. Load them into it first: model.load_weights(…)."
        )
    return BackbonePlan(backbone, tuple(input_shape), None, limits)


def check_size(option: str, plan: BackbonePlan) -> None:
    """Refuse a user's model for images of another static size, where the image is not padded to fit."""
    if not isinstance(plan.network, keras.Model):
        return
    size, expected = plan.input_shape[:-1], tuple(plan.network.inputs[0].shape[1:-1])
    if any(None not in pair and pair[0] != pair[1] for pair in zip(size, expected, strict=True)):
        raise ValueError(
            f"Expected {option} for images of size {size}. Received {plan.network.name!r} for {expected}. Build it "
            f"with input_shape={plan.input_shape}, or resize the images."
        )


def attach(image: Any, plan: BackbonePlan) -> tuple[Any, keras.Model]:
    """Return the input of a planned backbone, and the backbone.

    A user's model gets the raw image; it is used directly, or as a copy if it is for 3 channels and the image has more.

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
    """Check the shape of images and the weights for a named backbone; raises the errors of `plan_backbone`."""
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


def _check_model(option: str, model: Any, input_shape: Sequence[int | None]) -> None:
    if not isinstance(model, keras.Model):
        raise TypeError(
            f"Expected {option} to be the name of a backbone or a keras.Model. Received {option}={model!r}. Pass one."
        )
    shapes = [tuple(x.shape[1:]) for x in getattr(model, "inputs", None) or []]
    if len(shapes) != 1 or len(shapes[0]) != len(input_shape):
        raise ValueError(
            f"Expected {option} to be a functional model with one input, of {len(input_shape) - 1} spatial axes and "
            f"channels. Received {model.name!r} with inputs of shapes {shapes}. Build it with keras.Input and "
            "keras.Model(inputs, features)."
        )
    channels, expected = input_shape[-1], shapes[0][-1]
    if expected not in (channels, 3, None):
        raise ValueError(
            f"Expected {option} for the image's {channels} channels, or for 3, which can be adapted. Received "
            f"{model.name!r} for {expected}. Build it for {channels} channels, or select channels of the image."
        )
