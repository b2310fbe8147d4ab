"""Decorator of the loss functions: registration with Keras, and the options of their class in `help`."""

import functools
import inspect
import re
from collections.abc import Callable
from typing import Any, TypeVar, cast

import keras

Function = TypeVar("Function", bound=Callable[..., object])

SECTIONS = """

Args:
    y_true: 0/1 masks or one-hot classes of the shape of `y_pred`, or integer labels, whose last axis is 1 or absent.
    y_pred: Shape `(batch, height, width, channels)` or `(batch, depth, height, width, channels)`, probabilities unless
        `from_logits=True`.
    sample_weight: Per image, `(batch,)`, or per pixel. None: equal weights.
{options}

Returns:
    Shape `(batch,)`, float32, or float64 with that `dtype`. With `reduce="batch"` each entry is the batch's value; with
    `empty="skip"` a skipped image's entry is 0.

Raises:
{errors}

Example:
    >>> import numpy as np
    >>> from resunet_kit.losses import {name}
    >>> truth, prediction = np.zeros((2, 8, 8, 1)), np.full((2, 8, 8, 1), 0.5)
    >>> truth[:, :4] = 1
    >>> tuple({name}(truth, prediction).shape)
    (2,)
"""


def loss_function(kind: type[keras.losses.Loss]) -> Callable[[Function], Function]:
    """Return a decorator that registers a function with Keras and gives `help` the options of its class.

    A function takes every option of its class except `reduction`. They are documented once, in the class.
    """

    def decorate(function: Function) -> Function:
        @functools.wraps(function)
        def checked(*values: Any, **options: Any) -> Any:
            if "reduction" in options:
                raise TypeError(
                    f"Expected {function.__name__} without reduction, as it returns the loss of each image. "
                    f"Received reduction={options['reduction']!r}. Take the mean or the sum of what it returns, or use "
                    "the class."
                )
            return function(*values, **options)

        described: Any = checked
        described.__signature__ = _signature(function, kind)
        if function.__doc__ and kind.__doc__:  # python -OO leaves both out
            text = inspect.cleandoc(kind.__doc__)
            options = _without(_section(text, "Args"), "reduction")
            sections = SECTIONS.format(name=function.__name__, options=options, errors=_section(text, "Raises"))
            described.__doc__ = function.__doc__ + sections
        return cast(Function, keras.saving.register_keras_serializable(package="resunet_kit")(checked))

    return decorate


def _signature(function: Callable[..., object], kind: type) -> inspect.Signature:
    """Return the signature of a function with the options of its class in place of `**options`."""
    signature = inspect.signature(function)
    own = [one for one in signature.parameters.values() if one.kind is not inspect.Parameter.VAR_KEYWORD]
    shared = [one for one in inspect.signature(kind).parameters.values() if one.name != "reduction"]
    return signature.replace(parameters=[*own, *shared])


def _section(text: str, heading: str) -> str:
    """Return the entries of a docstring's section."""
    [section] = re.findall(rf"^{heading}:\n((?:[ \t].*(?:\n|$)|\n(?=[ \t]))+)", text, re.MULTILINE)
    return cast(str, section).rstrip()


def _without(section: str, option: str) -> str:
    """Return a section without the entry of one option."""
    return re.sub(rf"^    {option}:.*\n(?: {{5,}}.*\n)*", "", section, flags=re.MULTILINE)
