"""The stock Keras layers that blocks are made of, chosen by the rank of the features."""

import math
import numbers
from collections.abc import Callable, Sequence
from typing import Any

import keras

from resunet_kit._errors import unknown_name

Norm = str | Callable[[Any], Any] | None
Activation = str | Callable[[Any], Any] | None

NORMS = ("batch", "group", "layer", "instance")
# Statistics follow within about 10 steps, as in PyTorch. Keras's 0.99 takes 100: on small data sets the first epochs
# then validate with the statistics of random weights.
BATCH_MOMENTUM = 0.9
MAX_GROUPS = 32  # Wu and He 2018, arXiv 1803.08494, table 3


def suffixed(name: str | None, suffix: str) -> str | None:
    """Return `name_suffix`, or None so that Keras picks a name."""
    return None if name is None else f"{name}_{suffix}"


def spatial_rank(x: Any) -> int:
    """Return 2 or 3, the number of spatial axes of channels-last features `x`.

    Raises:
        ValueError: If `x` is not `(batch, height, width, channels)` or `(batch, depth, height, width, channels)`.
    """
    rank = len(x.shape)
    if rank not in (4, 5) or x.shape[-1] is None:
        raise ValueError(
            "Expected features of shape (batch, height, width, channels) or (batch, depth, height, width, "
            f"channels) with a known number of channels. Received shape {tuple(x.shape)}. Add the missing axis, "
            "or name the channels in keras.Input."
        )
    return rank - 2


def check_count(name: str, value: Any, *, minimum: int = 1) -> int:
    """Return `value` as an int, refusing whatever is not a whole number of at least `minimum`."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < minimum:
        raise ValueError(f"Expected {name} to be a whole number of at least {minimum}. Received {name}={value!r}.")
    return int(value)


def check_sizes(name: str, value: Any, rank: int) -> tuple[int, ...]:
    """Return `value`, one whole number or one for each spatial axis, as a tuple with one for each axis."""
    values = (value,) * rank if isinstance(value, numbers.Integral) else value
    if not isinstance(values, Sequence) or isinstance(values, str) or len(values) != rank:
        raise ValueError(
            f"Expected {name} to be one whole number or {rank} of them, one for each spatial axis. "
            f"Received {name}={value!r}."
        )
    return tuple(check_count(name, size) for size in values)


def check_norm(norm: Norm) -> None:
    """Refuse a normalisation that is neither a known name, nor None, nor callable."""
    if norm is not None and not callable(norm) and norm not in NORMS:
        raise unknown_name("norm", norm, NORMS)


def check_rate(name: str, value: float) -> None:
    """Refuse a dropout rate outside [0, 1)."""
    if not 0 <= value < 1:
        raise ValueError(f"Expected {name} in [0, 1). Received {name}={value!r}.")


def convolution(
    x: Any,
    filters: int,
    kernel_size: int | Sequence[int],
    *,
    strides: int | Sequence[int] = 1,
    dilation_rate: int | Sequence[int] = 1,
    use_bias: bool = True,
    kernel_initializer: Any = "he_normal",
    kernel_regularizer: Any = None,
    name: str | None = None,
) -> Any:
    """Convolve with "same" padding in as many dimensions as `x` has."""
    rank = spatial_rank(x)
    layer = keras.layers.Conv2D if rank == 2 else keras.layers.Conv3D
    return layer(
        check_count("filters", filters),
        check_sizes("kernel_size", kernel_size, rank),
        strides=check_sizes("strides", strides, rank),
        dilation_rate=check_sizes("dilation_rate", dilation_rate, rank),
        padding="same",
        use_bias=use_bias,
        kernel_initializer=kernel_initializer,
        kernel_regularizer=kernel_regularizer,
        name=name,
    )(x)


def normalization(x: Any, norm: Norm, *, name: str | None = None) -> Any:
    """Normalise `x` as `norm` says: a name of `NORMS`, a callable from tensor to tensor, or None for nothing."""
    check_norm(norm)
    if norm is None:
        return x
    if callable(norm):
        return norm(x)
    if norm == "batch":
        return keras.layers.BatchNormalization(momentum=BATCH_MOMENTUM, name=name)(x)
    if norm == "layer":
        return keras.layers.LayerNormalization(name=name)(x)
    channels = x.shape[-1]
    # 32 groups where they divide the channels, else the most that do: Keras's own default fails on 6 channels.
    groups = channels if norm == "instance" else math.gcd(MAX_GROUPS, channels)
    return keras.layers.GroupNormalization(groups, name=name)(x)


def activate(x: Any, activation: Activation, *, name: str | None = None) -> Any:
    """Apply `activation`: a Keras name, a callable from tensor to tensor, or None for nothing."""
    if activation is None:
        return x
    if callable(activation):
        return activation(x)
    return keras.layers.Activation(activation, name=name)(x)


def drop(x: Any, rate: float, *, name: str | None = None) -> Any:
    """Drop units at `rate` in training; no layer is made for a rate of zero."""
    check_rate("dropout", rate)
    return keras.layers.Dropout(rate, name=name)(x) if rate else x
