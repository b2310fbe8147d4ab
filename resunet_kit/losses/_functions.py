"""What all loss functions share: their registration with Keras and the greater part of their docstring."""

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

import keras

Function = TypeVar("Function", bound=Callable[..., object])

SECTIONS = """

Args:
    y_true: Masks, one-hot classes or integer labels, as the class takes them.
    y_pred: Shape `(batch, ..., channels)`, probabilities unless `from_logits=True`.
    sample_weight: Per image or per pixel, or None.
    **options: The arguments of the class.

Returns:
    Shape `(batch,)`, float32. With `reduce="batch"` each entry is the batch's value; with `empty="skip"` a skipped
    image's entry is 0.

Raises:
    TypeError: As the class.
    ValueError: As the class.

Example:
    >>> import numpy as np
    >>> from resunet_kit.losses import {name}
    >>> truth, prediction = np.zeros((2, 8, 8, 1)), np.full((2, 8, 8, 1), 0.5)
    >>> truth[:, :4] = 1
    >>> tuple({name}(truth, prediction).shape)
    (2,)
"""


def loss_function(function: Function) -> Function:
    """Register a loss function with Keras, and complete its docstring by what holds for all of them."""

    @functools.wraps(function)
    def checked(*values: Any, **options: Any) -> Any:
        if "reduction" in options:
            raise TypeError(
                f"Expected {function.__name__} without reduction, as it returns the loss of each image. Received "
                f"reduction={options['reduction']!r}. Take the mean or the sum of what it returns, or use the class."
            )
        return function(*values, **options)

    checked.__doc__ = (function.__doc__ or "") + SECTIONS.format(name=function.__name__)
    return cast(Function, keras.saving.register_keras_serializable(package="resunet_kit")(checked))
