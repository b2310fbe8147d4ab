"""Weights of backbones: from keras.applications, or from a file."""

import os
import warnings
from pathlib import Path
from typing import Any

import keras
import numpy as np

from resunet_kit._shared.errors import reason

# The EfficientNets of Keras normalise with these as variances; where Keras loads "imagenet" itself, a Rescaling mends
# it (tensorflow issue 49930). A file loaded by its path has to be mended here.
IMAGENET_DEVIATIONS = (0.229, 0.224, 0.225)


def check_weights(weights: Any) -> None:
    """Refuse what is neither None, `"imagenet"`, nor the path of an existing file."""
    if weights is None or weights == "imagenet":
        return
    if not isinstance(weights, (str, os.PathLike)) or not Path(weights).is_file():
        received = repr(str(weights) if isinstance(weights, os.PathLike) else weights)
        raise ValueError(f"Expected weights to be None, 'imagenet' or an existing file. Received {received}.")


def check_model(argument: str, model: Any, weights: Any) -> None:
    """Refuse what is not a model from one image, and weights for a model that has its own.

    Raises:
        TypeError: If `model` is no keras.Model.
        ValueError: If weights are given, or the model is not functional with one input of features' rank.
    """
    if not isinstance(model, keras.Model):
        raise TypeError(f"Expected {argument} to be the name of a backbone or a keras.Model. Received {model!r}.")
    if weights is not None:
        raise ValueError(
            f"Expected weights for a backbone given by its name. Received weights={str(weights)!r} for the model "
            f"{model.name!r}. Load them into it first: model.load_weights(…)."
        )
    inputs = getattr(model, "inputs", None) or []
    if len(inputs) != 1 or len(inputs[0].shape) not in (4, 5):
        raise ValueError(
            f"Expected {argument} to be a functional model with one input (batch, …sides, channels). Received "
            f"{model.name!r} with inputs of shapes {[tuple(x.shape) for x in inputs]}. Build it with keras.Input and "
            "keras.Model(inputs, features)."
        )


def load_weights(model: keras.Model, path: str | os.PathLike[str]) -> None:
    """Load a weights file into `model`; an absent, unreadable or unfitting file is a ValueError that names it."""
    check_weights(path)
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
            _mend_variance(layer)


def no_imagenet(label: str, error: Exception) -> ValueError:
    """Return the error for ImageNet weights that could not be loaded, usually for want of a network."""
    return ValueError(
        f"The ImageNet weights of {label} could not be loaded: {reason(error)} Where there is no network, "
        "download the file of keras.applications elsewhere and pass its path as weights."
    )


def _mend_variance(layer: keras.layers.Normalization) -> None:
    values = layer.get_weights()  # mean, variance, count; none where the configuration gives them
    if values and values[1].shape == (3,) and np.allclose(values[1], IMAGENET_DEVIATIONS, rtol=1e-3):
        layer.set_weights([values[0], values[1] ** 2, *values[2:]])
        layer.finalize_state()  # it computes with copies of its weights
