"""Argument checks of the public blocks, made once before the first layer; inner functions do not repeat them."""

from collections.abc import Sequence
from typing import Any

import keras

from resunet_kit._shared.errors import unknown_name
from resunet_kit._shared.numbers import choice, integer, integers_per_axis, number
from resunet_kit.blocks._layers import NORMS, Activation, Norm, spatial_rank

ACTIVATIONS = tuple(
    name
    for name in dir(keras.activations)
    if not name.startswith("_") and name not in ("get", "serialize", "deserialize")
)


def check_block(
    x: Any,
    filters: int,
    kernel_size: int | Sequence[int] = 1,
    strides: int | Sequence[int] = 1,
    dilation_rate: int | Sequence[int] = 1,
    norm: Norm = None,
    activation: Activation = None,
    dropout: float = 0.0,
) -> None:
    """Check the arguments that blocks have in common, in the order of their signatures."""
    rank = spatial_rank(x)
    integer("filters", filters, "[1, inf)")
    for name, value in (("kernel_size", kernel_size), ("strides", strides), ("dilation_rate", dilation_rate)):
        integers_per_axis(name, value, rank)
    check_norm(norm)
    check_activation("activation", activation)
    check_dropout(dropout)


def check_norm(norm: Norm) -> None:
    """Refuse a normalisation that is neither a known name, nor None, nor a function from tensor to tensor."""
    if isinstance(norm, (type, keras.layers.Layer)):
        raise TypeError(
            f"Expected norm to be a name, None or a function from tensor to tensor. Received norm={norm!r}. Pass a "
            "function that makes a new layer each time: norm=lambda x: keras.layers.UnitNormalization()(x)."
        )
    if norm is not None and not callable(norm):
        choice("norm", norm, NORMS, also="None or a callable")


def check_activation(name: str, activation: Activation) -> None:
    """Refuse an activation that Keras does not know."""
    try:
        keras.activations.get(activation)
    except (ValueError, TypeError):
        raise unknown_name(name, activation, ACTIVATIONS, also="None or a callable") from None


def check_dropout(dropout: float) -> None:
    """Refuse a dropout rate outside [0, 1)."""
    number("dropout", dropout, "[0, 1)")
