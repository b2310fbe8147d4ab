"""Checks of the two models of a cascade, and of whether they fit each other."""

from typing import Any

import keras

from resunet_kit.inference._predictor import Predictor, check_predictor

MAX_CLASSES = 256  # of a uint8 mask


def check_stages(classifier: Predictor, segmenter: Predictor) -> int | None:
    """Return the number of channels of the images that both models take; None if both leave it open.

    Raises:
        TypeError: If one is neither a keras.Model nor one that `accelerate` returned.
        ValueError: If an input or output is of another shape, or the models take different channels.
    """
    _check_model("classifier", classifier, "(batch, classes)", 2)
    _check_model("segmenter", segmenter, "(batch, height, width, classes)", 4)
    if segmenter.output_shape[-1] > MAX_CLASSES:
        raise ValueError(
            f"Expected a segmenter of up to {MAX_CLASSES} classes, which a uint8 mask can hold. Received "
            f"{segmenter.output_shape[-1]}. Join classes, or call the models themselves."
        )
    channels = {model.input_shape[-1] for model in (classifier, segmenter)} - {None}
    if len(channels) > 1:
        raise ValueError(
            "Expected a classifier and a segmenter for the same images. Received a classifier for "
            f"{classifier.input_shape[-1]} channels and a segmenter for {segmenter.input_shape[-1]}. Build both for "
            f"the channels of the images: res_unet((height, width, {classifier.input_shape[-1]}))."
        )
    return next(iter(channels), None)


def _check_model(name: str, model: Any, form: str, rank: int) -> None:
    check_predictor(name, model)
    shape = model.output_shape
    if len(shape) != rank or shape[-1] is None:
        raise ValueError(
            f"Expected a {name} with one output of shape {form}. Received output shape {shape}. Build a model of "
            "that output alone: keras.Model(inputs, output)."
        )
    shape = model.input_shape
    if len(shape) != 4:
        raise ValueError(
            f"Expected a {name} with one input of shape (batch, height, width, channels). Received input shape "
            f"{shape}. Build it with keras.Input((height, width, channels)) and keras.Model(inputs, output)."
        )


def keras_model(model: Any) -> keras.Model | None:
    """Return a model itself, or the one that `accelerate` runs on another engine; None for any other predictor."""
    inner = model if isinstance(model, keras.Model) else getattr(model, "model", None)
    return inner if isinstance(inner, keras.Model) else None


def keras_models(classifier: Any, segmenter: Any) -> tuple[keras.Model, keras.Model]:
    """Return the Keras models of both stages.

    Raises:
        TypeError: If a stage is neither a Keras model nor what `accelerate` returned for one.
    """
    found = keras_model(classifier), keras_model(segmenter)
    for name, given, model in zip(("classifier", "segmenter"), (classifier, segmenter), found, strict=True):
        if model is None:
            raise TypeError(
                f"Expected {name} to be a keras.Model, or what accelerate made of one. Received "
                f"{type(given).__name__}. Make the cascade of Keras models."
            )
    return found
