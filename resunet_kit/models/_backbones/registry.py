"""Backbones by name: ResNets, EfficientNet-Lite, and all networks of keras.applications."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import keras

from resunet_kit._shared.errors import unknown_name
from resunet_kit.models._backbones import applications, efficientnet_lite, torch_resnets
from resunet_kit.models._backbones.basic_resnets import UNITS, basic_resnet
from resunet_kit.models._backbones.preprocessing import IMAGENET_STATISTICS, LITE, SYMMETRIC, Preprocessing, measure


@dataclass(frozen=True)
class StateDictNames:
    """Names of a network's modules in PyTorch.

    Attributes:
        torch_name: Function from the name of a Keras layer to that of its module.
        ignored: Prefixes of names that are not loaded, those of the classifier.
    """

    torch_name: Callable[[str], str]
    ignored: tuple[str, ...]


@dataclass(frozen=True)
class Backbone:
    """A named architecture.

    Attributes:
        label: Its name in messages.
        build: Function from `input_shape`, and `weights="imagenet"` if Keras has them, to the model of its features.
        preprocessing: The preprocessing that its weights expect.
        any_channels: Whether `build` accepts any number of channels, or only 3.
        has_imagenet: Whether there are ImageNet weights.
        imagenet_file: Function that finds their file, a state dict, if they do not come from Keras.
        names: Names in PyTorch's state dicts, if it can load them.
        as_in_torch: Function that returns PyTorch's network of this name, if it differs, for state dicts.
    """

    label: str
    build: Callable[..., keras.Model]
    preprocessing: Preprocessing
    any_channels: bool = False
    has_imagenet: bool = True
    imagenet_file: Callable[[], Path] | None = None
    names: StateDictNames | None = None
    as_in_torch: Callable[[], "Backbone"] | None = None


def find_backbone(name: str, *, option: str = "backbone") -> Backbone:
    """Return the backbone whose name was passed for an option; case, `-` and `_` do not matter.

    Raises:
        ValueError: If no backbone has that name.
    """
    key, named = _key(name), backbones()
    if key not in named:
        raise unknown_name(option, name, named)
    return named[key]()


def backbones() -> dict[str, Callable[[], Backbone]]:
    """Return the functions that describe each backbone, by its name in lower case without `-` and `_`."""
    of_keras = applications.builders().values()
    return {
        **{_key(builder.__name__): functools.partial(_of_keras, builder) for builder in of_keras},
        **{f"resnet{depth}": functools.partial(basic_backbone, depth) for depth in UNITS},
        **{f"efficientnetlite{version}": functools.partial(_lite, version) for version in efficientnet_lite.SCALES},
    }


def basic_backbone(depth: int, width: float = 1.0) -> Backbone:
    """Return the ResNet of 18 or 34 layers, with channels scaled by `width`."""
    return Backbone(
        f"ResNet{depth}",
        functools.partial(basic_resnet, depth, width=width),
        SYMMETRIC,
        any_channels=True,
        has_imagenet=False,
        as_in_torch=functools.partial(_torch_resnet, depth, width),
    )


def _of_keras(builder: applications.Builder) -> Backbone:
    depths = {f"ResNet{depth}": depth for depth in torch_resnets.BOTTLENECKS}
    depth = depths.get(builder.__name__)
    return Backbone(
        builder.__name__,
        functools.partial(applications.build, builder),
        measure(applications.preprocess_input(builder)),
        as_in_torch=None if depth is None else functools.partial(_torch_resnet, depth),
    )


def _lite(version: int) -> Backbone:
    return Backbone(
        f"EfficientNet-Lite{version}",
        functools.partial(efficientnet_lite.efficientnet_lite, version),
        LITE,
        any_channels=True,
        imagenet_file=functools.partial(efficientnet_lite.imagenet_file, version),
        names=StateDictNames(efficientnet_lite.torch_name, efficientnet_lite.IGNORED),
    )


def _torch_resnet(depth: int, width: float = 1.0) -> Backbone:
    return Backbone(
        f"ResNet{depth}",
        functools.partial(torch_resnets.torch_resnet, depth, width=width),
        IMAGENET_STATISTICS,
        any_channels=True,
        has_imagenet=False,
        names=StateDictNames(torch_resnets.torch_name, torch_resnets.IGNORED),
    )


def _key(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "")
