"""Check for functions that need a Keras model itself, rather than its predictions."""

from typing import Any

import keras

from resunet_kit.inference._predictor import check_predictor


def check_keras_model(name: str, model: Any, why: str) -> None:
    """Refuse what is not a built Keras model of one input and one output, such as the result of `accelerate`.

    Args:
        name: The argument's name.
        model: What was passed for it.
        why: What a Keras model is needed for, as a sentence without its full stop.

    Raises:
        TypeError: If it is not a `keras.Model`.
        ValueError: If it has not been built, or has several inputs or outputs.
    """
    if not isinstance(model, keras.Model):
        inner = getattr(model, "model", None)
        cure = "Pass the Keras model itself: its attribute .model." if inner is not None else "Load or build it first."
        raise TypeError(f"Expected {name} to be a keras.Model. Received {name}={model!r}. {why}. {cure}")
    check_predictor(name, model)
