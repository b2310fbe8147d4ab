"""Backbones by name: our two basic ResNets, and whatever keras.applications holds."""

import functools
import inspect
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras

from resunet_kit._shared.errors import reason, unknown_name
from resunet_kit.models._backbones.basic_resnets import UNITS, basic_resnet
from resunet_kit.models._backbones.channels import adapt_channels, complete_channels, rebuild
from resunet_kit.models._backbones.preprocessing import SYMMETRIC, Preprocessing, check_value_range, measure, preprocess
from resunet_kit.models._backbones.weights import check_weights, load_weights, no_imagenet

Shape = tuple[int | None, ...]
Weights = str | os.PathLike[str] | None

SMALLEST_SIDE = 32  # every backbone shrinks images 32 times
# Where a builder of Keras cannot do with unknown sides: known ones whose every half, down to a 32nd, is whole.
KNOWN_SIDE = 256


@dataclass(frozen=True)
class Backbone:
    """An architecture that has a name.

    Attributes:
        label: Its name in messages.
        build: From the input's shape, and None or `"imagenet"`, to the features' model.
        preprocessing: What its weights expect.
        any_channels: Whether `build` takes any number of channels, or 3.
    """

    label: str
    build: Callable[..., keras.Model]
    preprocessing: Preprocessing
    any_channels: bool = False


def find_backbone(name: str) -> Backbone:
    """Return the backbone of that name; case, `-` and `_` do not matter.

    Raises:
        ValueError: If there is none.
    """
    key = _key(name)
    for depth in UNITS:
        if key == f"resnet{depth}":
            return basic_backbone(depth)
    known = _applications()
    if key not in known:
        raise unknown_name("backbone", name, [*known, *(f"resnet{depth}" for depth in UNITS)])
    builder = known[key]
    return Backbone(builder.__name__, functools.partial(_application, builder), measure(_preprocess_input(builder)))


def basic_backbone(depth: int, width: float = 1.0) -> Backbone:
    """Return our ResNet of 18 or 34 layers."""

    def build(shape: Shape, weights: str | None = None) -> keras.Model:
        if weights is not None:
            raise ValueError(
                f"Expected a depth of 50, 101 or 152 for weights='imagenet': Keras publishes none for depth={depth}. "
                "Pass weights=None or the path of a weights file."
            )
        return basic_resnet(depth, shape, width=width)

    return Backbone(f"ResNet{depth}", build, SYMMETRIC, any_channels=True)


def attach(
    image: Any, name: str, *, weights: Weights, value_range: tuple[float, float], known_sides: bool = True
) -> tuple[Any, keras.Model]:
    """Return what the named backbone is to be called on, and the backbone.

    Args:
        image: `(batch, height, width, channels)`.
        name: As in `find_backbone`.
        weights: As in `load_backbone`.
        value_range: Smallest and largest value of the images fed.
        known_sides: Whether the backbone is built for the image's sides, or for unknown ones.

    Raises:
        ValueError: If an argument is not as above, or the weights cannot be had or do not fit.
    """
    limits = check_value_range(value_range)
    check_name(name, len(image.shape) - 2)
    backbone = find_backbone(name)
    sides = image.shape[1:-1] if known_sides else (None, None)
    model = load_backbone(backbone, (*sides, image.shape[-1]), weights)
    if model.inputs[0].shape[-1] != image.shape[-1]:
        image = complete_channels(image)
    return preprocess(image, backbone.preprocessing, limits), model


def check_name(name: str, rank: int) -> None:
    """Refuse an unknown name, and volumes: all backbones that have a name take images."""
    backbone = find_backbone(name)
    if rank != 2:
        raise ValueError(
            f"Expected images (batch, height, width, channels) for {backbone.label}. Received {rank} spatial axes. "
            "Pass a keras.Model that takes volumes."
        )


def load_backbone(backbone: Backbone, shape: Shape, weights: Weights) -> keras.Model:
    """Build a backbone with weights.

    Args:
        backbone: The architecture.
        shape: `(height, width, channels)` of the images.
        weights: None, `"imagenet"`, or the path of a file for the image's channels or for 3.

    Returns:
        The model, for the image's channels; or for 3, which fewer are to be completed to, where its weights are for 3.
    """
    check_weights(weights)
    if any(side is not None and side < SMALLEST_SIDE for side in shape[:-1]):
        raise ValueError(
            f"Expected sides of at least {SMALLEST_SIDE} pixels. Received input_shape={shape}. Resize the images."
        )
    channels, rgb_shape = shape[-1] or 3, (*shape[:-1], 3)
    if weights is None and (channels == 3 or backbone.any_channels):
        return backbone.build(shape)
    model = backbone.build(rgb_shape, "imagenet" if weights == "imagenet" else None)
    if weights is None:
        return rebuild(model, shape, backbone.preprocessing.roles(channels))[0]
    if weights != "imagenet":
        try:
            load_weights(model, weights)
        except ValueError:
            if channels == 3:
                raise
            native = load_backbone(backbone, shape, None)
            load_weights(native, weights)
            return native
    return adapt_channels(model, shape, backbone.preprocessing.roles(channels)) if channels > 3 else model


def _application(builder: Callable[..., keras.Model], shape: Shape, weights: str | None = None) -> keras.Model:
    model = _build(builder, shape[:-1], weights)
    known = tuple(side or KNOWN_SIDE for side in shape[:-1])
    if None not in shape or _takes(model, known):
        return model
    # NASNet looks at the sides to tell which of its layers shrank them, and takes all unknown ones for equal.
    return adapt_channels(_build(builder, known, weights), shape)


def _build(builder: Callable[..., keras.Model], sides: Shape, weights: str | None) -> keras.Model:
    try:
        return builder(include_top=False, weights=weights, input_shape=(*sides, 3))
    except ValueError as error:
        raise ValueError(
            f"Expected images that {builder.__name__} can be built for. Received sides {sides}, of which Keras says: "
            f"{reason(error)} Resize the images, or choose another backbone."
        ) from error
    except Exception as error:  # keras.utils.get_file raises a bare Exception where there is no network
        raise no_imagenet(builder.__name__, error) from error


def _takes(model: keras.Model, sides: tuple[int, ...]) -> bool:
    try:
        model.compute_output_shape((1, *sides, 3))
    except ValueError:
        return False
    return True


def _applications() -> dict[str, Callable[..., keras.Model]]:
    return {_key(name): builder for name, builder in inspect.getmembers(keras.applications, inspect.isfunction)}


def _preprocess_input(builder: Callable[..., keras.Model]) -> Callable[[Any], Any]:
    # The public modules are named like those that define: MobileNetV3 is absent from its own public one.
    return getattr(keras.applications, builder.__module__.rpartition(".")[2]).preprocess_input


def _key(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "")
