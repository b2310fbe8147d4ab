"""Loading of backbones with weights: random ones, ImageNet's, or those of a file of Keras, PyTorch or safetensors."""

import os
import warnings
import zipfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np

from resunet_kit._shared.errors import reason
from resunet_kit.models._backbones.channels import adapt_channels, rebuild
from resunet_kit.models._backbones.registry import Backbone
from resunet_kit.models._backbones.state_dicts import is_state_dict, load_state_dict, read_state_dict

Weights = str | os.PathLike[str] | None

FIRST_CONVOLUTION = "conv1"  # in `torch_resnets`

# The EfficientNets of Keras normalise with these as variances; if Keras itself loads "imagenet", a Rescaling layer
# corrects this (tensorflow issue 49930). Weights from a file are corrected here.
IMAGENET_DEVIATIONS = (0.229, 0.224, 0.225)


def check_weights(option: str, weights: Any, backbone: Backbone) -> None:
    """Check weights for a backbone, as `load_backbone` takes them.

    Raises:
        ImportError: If they come from a package that is not installed.
        TypeError: If they are neither None, a string nor a path.
        ValueError: If the file does not exist, or there are no such weights for the architecture.
    """
    expected = f"Expected {option} to be None, 'imagenet' or an existing file."
    if weights is not None and not isinstance(weights, str | os.PathLike):
        raise TypeError(f"{expected} Received {option}={weights!r}. Pass the file's path as a string or a Path.")
    if weights == "imagenet" and not backbone.has_imagenet:
        raise ValueError(
            f"Expected {option} to be None or an existing file: Keras publishes no weights of {backbone.label}. "
            f"Received {option}='imagenet'. Choose ResNet50, ResNet101 or ResNet152, or pass the path of a state dict "
            "of torchvision or timm (.pth, .safetensors)."
        )
    if weights == "imagenet" and backbone.imagenet_file is not None:
        backbone.imagenet_file()
    if weights is None or weights == "imagenet":
        return
    if not Path(weights).is_file():
        raise ValueError(f"{expected} Received {option}={str(weights)!r}, which is not a file. Check the path.")
    if is_state_dict(weights) and backbone.names is None and backbone.as_in_torch is None:
        raise ValueError(
            f"Expected a file of Keras for {backbone.label}. Received {option}={str(weights)!r}. State dicts of "
            "PyTorch are for resnet18, 34, 50, 101, 152 and efficientnet_lite0, 1, 2: choose one of these."
        )


def for_weights(backbone: Backbone, weights: Weights) -> Backbone:
    """Return the backbone that checked weights belong to: for a state dict, PyTorch's network of the same name.

    The same holds for a file that Keras saved from that network, recognised by the name of its first convolution.
    """
    if backbone.as_in_torch is None or weights is None or weights == "imagenet":
        return backbone
    in_torch = backbone.as_in_torch()
    if is_state_dict(weights) or _first_convolution(weights) == FIRST_CONVOLUTION:
        return in_torch
    return backbone


def load_backbone(backbone: Backbone, input_shape: tuple[int | None, ...], weights: Weights) -> keras.Model:
    """Build a backbone and load its weights.

    Args:
        backbone: The architecture.
        input_shape: `(height, width, channels)` of the images.
        weights: None for random ones, `"imagenet"`, or the path of a file for the image's channels or for 3; a state
            dict only for a backbone with `names`.

    Returns:
        The model for the image's channels, or for 3 if there are fewer and the weights are for 3.

    Raises:
        ValueError: If the weights cannot be loaded, or do not fit.
    """
    channels, rgb_shape = input_shape[-1] or 3, (*input_shape[:-1], 3)
    sources = backbone.preprocessing.source_channels(channels)
    if weights is None:
        if channels == 3 or backbone.any_channels:
            return backbone.build(input_shape)
        return rebuild(backbone.build(rgb_shape), input_shape, sources)[0]
    if weights == "imagenet" and backbone.imagenet_file is not None:
        weights = backbone.imagenet_file()
    if weights == "imagenet":
        model = backbone.build(rgb_shape, weights=weights)
    elif is_state_dict(weights):
        model = _from_state_dict(backbone, input_shape, weights)
        if model.inputs[0].shape[-1] == channels:
            return model
    else:
        model = backbone.build(rgb_shape)
        try:
            load_weights(model, weights)
        except ValueError:
            if channels == 3:
                raise
            model = load_backbone(backbone, input_shape, None)
            load_weights(model, weights)
            return model
    return adapt_channels(model, input_shape, sources) if channels > 3 else model


def load_weights(model: keras.Model, path: str | os.PathLike[str]) -> None:
    """Load a weights file into `model`.

    Raises:
        ValueError: If the file is absent, unreadable or of another architecture; the message names it.
    """
    file = Path(path)
    try:
        with warnings.catch_warnings():
            # Layers that Keras does not find in the file would stay random.
            warnings.filterwarnings("error", message="Skipping nested container")
            model.load_weights(file)
    except (ValueError, OSError, KeyError, UserWarning) as error:
        raise ValueError(
            f"Expected weights of the architecture {model.name!r}. Received {str(file)!r}: {reason(error)} "
            "Save them with model.save_weights('name.weights.h5') from the same architecture, for the image's "
            "channels or for 3."
        ) from error
    for layer in model.layers:
        if isinstance(layer, keras.layers.Normalization):
            _correct_variance(layer)


def _from_state_dict(backbone: Backbone, input_shape: tuple[int | None, ...], path: Any) -> keras.Model:
    """Return the model for the image's channels if the state dict's first kernel has as many, else for 3."""
    if backbone.names is None:
        raise TypeError(f"Expected the backbone of a state dict. Received {backbone.label}. Call for_weights first.")
    state = read_state_dict(path)
    model = backbone.build(input_shape)
    first = next(layer for layer in model.layers if layer.weights)
    kernel = state.get(f"{backbone.names.torch_name(first.name)}.weight")
    if kernel is None or kernel.ndim != 4 or kernel.shape[1] != input_shape[-1]:
        model = backbone.build((*input_shape[:-1], 3))
    options = {"ignored": backbone.names.ignored, "source": os.fspath(path)}
    load_state_dict(model, state, backbone.names.torch_name, **options)
    return model


def _first_convolution(path: str | os.PathLike[str]) -> str | None:
    """Return the name of the first convolution in a Keras file; None for any other file."""
    try:
        with ExitStack() as stack:
            file: Any = stack.enter_context(Path(path).open("rb"))
            if zipfile.is_zipfile(file):
                file = stack.enter_context(stack.enter_context(zipfile.ZipFile(file)).open("model.weights.h5"))
            return stack.enter_context(h5py.File(file))["layers/conv2d/vars"].attrs.get("name")
    except (OSError, KeyError, ValueError, zipfile.BadZipFile):
        return None  # loading reports what is wrong


def _correct_variance(layer: keras.layers.Normalization) -> None:
    values = layer.get_weights()  # mean, variance, count; empty if the configuration has them
    if values and values[1].shape == (3,) and np.allclose(values[1], IMAGENET_DEVIATIONS, rtol=1e-3):
        layer.set_weights([values[0], values[1] ** 2, *values[2:]])
        layer.finalize_state()  # it computes with copies of its weights
