"""The stock Keras layers that blocks are made of, chosen by the rank of the features."""

import numbers
from collections.abc import Callable, Sequence
from typing import Any

import keras

from resunet_kit._shared.errors import unknown_name

Norm = str | Callable[[Any], Any] | None
Activation = str | Callable[[Any], Any] | None

NORMS = ("batch", "group", "layer", "instance")
# Statistics follow within about 10 steps, as in PyTorch. Keras's 0.99 takes 100: on small data sets the first epochs
# then validate with the statistics of random weights.
BATCH_MOMENTUM = 0.9
# Wu and He 2018, arXiv 1803.08494, table 3: 32 groups. Groups of few channels would be instance normalisation.
MAX_GROUPS = 32
MIN_GROUP_CHANNELS = 4
ACTIVATIONS = tuple(
    name
    for name in dir(keras.activations)
    if not name.startswith("_") and name not in ("get", "serialize", "deserialize")
)


def suffixed(name: str | None, suffix: str) -> str | None:
    """Return `name_suffix`, or None so that Keras picks a name."""
    return None if name is None else f"{name}_{suffix}"


def spatial_rank(x: Any) -> int:
    """Return 2 or 3, the number of spatial axes of channels-last features `x`.

    Raises:
        ValueError: If `x` is not `(batch, height, width, channels)` or `(batch, depth, height, width, channels)`.
    """
    shape: Any = getattr(x, "shape", ())
    rank = len(shape)
    if rank not in (4, 5) or shape[-1] is None:
        raise ValueError(
            "Expected features of shape (batch, height, width, channels) or (batch, depth, height, width, "
            f"channels) with a known number of channels. Received shape {tuple(shape)}. Add the missing axis, "
            "or name the channels in keras.Input."
        )
    return rank - 2


def check_count(name: str, value: Any, *, minimum: int = 1) -> int:
    """Return `value` as an int, refusing whatever is not a whole number of at least `minimum`."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < minimum:
        raise ValueError(f"Expected {name} to be a whole number of at least {minimum}. Received {name}={value!r}.")
    return int(value)


def check_counts(name: str, values: Any) -> tuple[int, ...]:
    """Return `values`, a sequence of at least one whole number, as a tuple."""
    if not isinstance(values, Sequence) or isinstance(values, str) or not values:
        raise ValueError(f"Expected {name} to be a sequence of whole numbers. Received {name}={values!r}.")
    return tuple(check_count(name, value) for value in values)


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
    """Refuse a normalisation that is neither a known name, nor None, nor a function from tensor to tensor."""
    if isinstance(norm, (type, keras.layers.Layer)):
        raise ValueError(
            "Expected norm to be a name, None or a function that makes a new layer each time, as in "
            f"norm=lambda x: keras.layers.UnitNormalization()(x). Received {norm!r}."
        )
    if norm is not None and not callable(norm) and norm not in NORMS:
        raise unknown_name("norm", norm, NORMS)


def check_rate(name: str, value: Any) -> None:
    """Refuse a dropout rate outside [0, 1)."""
    if not (isinstance(value, numbers.Real) and 0 <= float(value) < 1):
        raise ValueError(f"Expected {name} in [0, 1). Received {name}={value!r}.")


def check_activation(activation: Activation) -> None:
    """Refuse an activation that Keras does not know."""
    try:
        keras.activations.get(activation)
    except (ValueError, TypeError):
        raise unknown_name("activation", activation, ACTIVATIONS) from None


def check_options(*, norm: Norm = None, activation: Activation = None, dropout: float = 0.0) -> None:
    """Check what a builder hands on to blocks."""
    check_norm(norm)
    check_activation(activation)
    check_rate("dropout", dropout)


def check_block(
    x: Any,
    filters: int,
    *,
    norm: Norm = None,
    activation: Activation = None,
    dropout: float = 0.0,
    **sizes: int | Sequence[int],
) -> None:
    """Check what a block is told, and the sizes that it names, before it makes its first layer."""
    rank = spatial_rank(x)
    check_count("filters", filters)
    check_options(norm=norm, activation=activation, dropout=dropout)
    for name, value in sizes.items():
        check_sizes(name, value, rank)


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
    kernel = check_sizes("kernel_size", kernel_size, rank)
    steps, dilations = check_sizes("strides", strides, rank), check_sizes("dilation_rate", dilation_rate, rank)
    if max(kernel) == 1:
        # A 1x1 kernel sees only the pixels that strides keep. A strided 1x1 convolution of fewer than 16 input channels
        # corrupts the heap in its weight gradient on CPUs with AVX-512 (TensorFlow 2.20 and 2.21 with oneDNN).
        x, steps = _every(x, steps), (1,) * rank
    # Keras refuses strides together with dilation: then the result is thinned out instead.
    thinned = max(steps) > 1 and max(dilations) > 1
    layer = keras.layers.Conv2D if rank == 2 else keras.layers.Conv3D
    y = layer(
        check_count("filters", filters),
        kernel,
        strides=1 if thinned else steps,
        dilation_rate=dilations,
        padding="same",
        use_bias=use_bias,
        kernel_initializer=kernel_initializer,
        kernel_regularizer=kernel_regularizer,
        name=name,
    )(x)
    return _every(y, steps) if thinned else y


def _every(x: Any, steps: tuple[int, ...]) -> Any:
    """Return every `step`-th pixel along each spatial axis: what a strided 1x1 kernel sees under "same" padding."""
    return x if max(steps) == 1 else x[(slice(None), *(slice(None, None, step) for step in steps))]


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
    return keras.layers.GroupNormalization(channels if norm == "instance" else _groups(channels), name=name)(x)


def _groups(channels: int) -> int:
    """Return the most groups that divide the channels; Keras's own default of 32 fails on 6 channels."""
    most = min(MAX_GROUPS, channels // MIN_GROUP_CHANNELS)
    return max((groups for groups in range(1, most + 1) if channels % groups == 0), default=1)


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
