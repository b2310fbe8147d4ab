"""Backbones with weights: random ones, those of keras.applications, or those of a file."""

import os
import warnings
from pathlib import Path
from typing import Any

import keras
import numpy as np

from resunet_kit._shared.errors import reason
from resunet_kit.models._backbones.channels import adapt_channels, rebuild
from resunet_kit.models._backbones.registry import Backbone

Weights = str | os.PathLike[str] | None

# The EfficientNets of Keras normalise with these as variances; where Keras loads "imagenet" itself, a Rescaling layer
# corrects it (tensorflow issue 49930). Weights of a file are corrected here.
IMAGENET_DEVIATIONS = (0.229, 0.224, 0.225)


def check_weights(option: str, weights: Any, backbone: Backbone) -> None:
    """Check weights for a backbone, as `load_backbone` takes them.

    Raises:
        TypeError: If they are neither None, a string nor a path.
        ValueError: If the file does not exist, or Keras publishes no ImageNet weights of the architecture.
    """
    expected = f"Expected {option} to be None, 'imagenet' or an existing file."
    if weights is not None and not isinstance(weights, str | os.PathLike):
        raise TypeError(f"{expected} Received {option}={weights!r}. Pass the file's path as a string or a Path.")
    if weights == "imagenet" and not backbone.has_imagenet:
        raise ValueError(
            f"Expected {option} to be None or an existing file: Keras publishes no weights of {backbone.label}. "
            f"Received {option}='imagenet'. Choose ResNet50, ResNet101 or ResNet152, or load a file."
        )
    if weights is not None and weights != "imagenet" and not Path(weights).is_file():
        raise ValueError(f"{expected} Received {option}={str(weights)!r}, which is not a file. Check the path.")


def load_backbone(backbone: Backbone, input_shape: tuple[int | None, ...], weights: Weights) -> keras.Model:
    """Build a backbone and load its weights.

    Args:
        backbone: The architecture.
        input_shape: `(height, width, channels)` of the images.
        weights: None for random ones, `"imagenet"`, or the path of a file for the image's channels or for 3.

    Returns:
        The model, for the image's channels; or for 3, if there are fewer and the weights are for 3.

    Raises:
        ValueError: If the weights cannot be loaded, or do not fit.
    """
    channels, rgb_shape = input_shape[-1] or 3, (*input_shape[:-1], 3)
    sources = backbone.preprocessing.source_channels(channels)
    if weights is None:
        if channels == 3 or backbone.any_channels:
            return backbone.build(input_shape)
        return rebuild(backbone.build(rgb_shape), input_shape, sources)[0]
    if weights == "imagenet":
        model = backbone.build(rgb_shape, weights=weights)
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
            # What Keras could not find in the file would stay random.
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


def _correct_variance(layer: keras.layers.Normalization) -> None:
    values = layer.get_weights()  # mean, variance, count; empty if the configuration has them
    if values and values[1].shape == (3,) and np.allclose(values[1], IMAGENET_DEVIATIONS, rtol=1e-3):
        layer.set_weights([values[0], values[1] ** 2, *values[2:]])
        layer.finalize_state()  # it computes with copies of its weights
