"""Backbones by name: two ResNets of basic blocks, and all networks of keras.applications."""

import functools
from collections.abc import Callable
from dataclasses import dataclass

import keras

from resunet_kit._shared.errors import unknown_name
from resunet_kit.models._backbones import applications
from resunet_kit.models._backbones.basic_resnets import UNITS, basic_resnet
from resunet_kit.models._backbones.preprocessing import SYMMETRIC, Preprocessing, measure


@dataclass(frozen=True)
class Backbone:
    """An architecture that has a name.

    Attributes:
        label: Its name in messages.
        build: From `input_shape`, and `weights="imagenet"` where there are any, to the model of its features.
        preprocessing: What its weights expect.
        any_channels: Whether `build` takes any number of channels, or 3 alone.
        has_imagenet: Whether Keras publishes ImageNet weights.
    """

    label: str
    build: Callable[..., keras.Model]
    preprocessing: Preprocessing
    any_channels: bool = False
    has_imagenet: bool = True


def find_backbone(name: str, *, option: str = "backbone") -> Backbone:
    """Return the backbone that was passed for an option by its name; case, `-` and `_` do not matter.

    Raises:
        ValueError: If no backbone has that name.
    """
    key = _key(name)
    basic = {f"resnet{depth}": depth for depth in UNITS}
    if key in basic:
        return basic_backbone(basic[key])
    known = {_key(found): builder for found, builder in applications.builders().items()}
    if key not in known:
        raise unknown_name(option, name, [*known, *basic])
    builder = known[key]
    preprocessing = measure(applications.preprocess_input(builder))
    return Backbone(builder.__name__, functools.partial(applications.build, builder), preprocessing)


def basic_backbone(depth: int, width: float = 1.0) -> Backbone:
    """Return the ResNet of 18 or 34 layers, its channels scaled by `width`."""
    build = functools.partial(basic_resnet, depth, width=width)
    return Backbone(f"ResNet{depth}", build, SYMMETRIC, any_channels=True, has_imagenet=False)


def _key(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "")
