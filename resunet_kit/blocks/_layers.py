"""Stock Keras layers that blocks are built from, chosen by the rank of the features; arguments are not checked."""

from collections.abc import Callable, Sequence
from typing import Any, Literal, get_args

import keras
import numpy as np

NormName = Literal["batch", "group", "layer", "instance"]
Norm = NormName | Callable[[Any], Any] | None
Activation = str | Callable[[Any], Any] | None

NORMS: tuple[str, ...] = get_args(NormName)
# The running statistics adapt within about 10 steps, as in PyTorch. Keras's 0.99 takes 100: on small data sets, the
# first epochs are then validated with the statistics of random weights.
BATCH_MOMENTUM = 0.9
# Wu and He 2018, arXiv 1803.08494, table 3: 32 groups. With few channels per group it would be instance normalisation.
MAX_GROUPS = 32
MIN_GROUP_CHANNELS = 4


def suffixed(name: str | None, suffix: str) -> str | None:
    """Return `name_suffix`, or None so that Keras picks a name."""
    return None if name is None else f"{name}_{suffix}"


def spatial_rank(x: Any) -> int:
    """Return 2 or 3, the number of spatial axes of channels-last features `x`.

    Raises:
        TypeError: If `x` is not a tensor.
        ValueError: If its shape is not `(batch, height, width, channels)` or `(batch, depth, height, width, channels)`.
    """
    if not hasattr(x, "shape"):
        raise TypeError(f"Expected features as a tensor. Received {x!r}. Pass a keras.Input or the output of a layer.")
    shape = x.shape
    rank = len(shape)
    if rank not in (4, 5) or shape[-1] is None:
        raise ValueError(
            "Expected features of shape (batch, height, width, channels) or (batch, depth, height, width, "
            f"channels) with a known number of channels. Received shape {tuple(shape)}. Add the missing axis, "
            "or give the number of channels in keras.Input."
        )
    return rank - 2


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
    """Convolve with "same" padding, in 2-D or 3-D by the rank of `x`."""
    rank = spatial_rank(x)
    kernel, steps, dilations = (per_axis(size, rank) for size in (kernel_size, strides, dilation_rate))
    if max(kernel) == 1:
        # A 1x1 kernel sees only the pixels that strides keep. A strided 1x1 convolution of fewer than 16 input channels
        # corrupts the heap in its weight gradient on CPUs with AVX-512 (TensorFlow 2.20 and 2.21 with oneDNN).
        x, steps = _every(x, steps, name), (1,) * rank
    # Keras refuses strides together with dilation, so the result is subsampled instead.
    thinned = max(steps) > 1 and max(dilations) > 1
    layer = keras.layers.Conv2D if rank == 2 else keras.layers.Conv3D
    y = layer(
        int(filters),
        kernel,
        strides=1 if thinned else steps,
        dilation_rate=dilations,
        padding="same",
        use_bias=use_bias,
        kernel_initializer=kernel_initializer,
        kernel_regularizer=kernel_regularizer,
        name=name,
    )(x)
    return _every(y, steps, name) if thinned else y


def per_axis(size: int | Sequence[int], rank: int) -> tuple[int, ...]:
    """Return one size for each of `rank` axes, given one for all or one for each."""
    return tuple(np.broadcast_to(size, rank).tolist())


def _every(x: Any, steps: tuple[int, ...], name: str | None) -> Any:
    """Return every `step`-th pixel along each spatial axis: those that strides keep under "same" padding."""
    if max(steps) == 1:
        return x
    if len(steps) == 2:  # pooling over one pixel: on TensorFlow, slicing and its gradient take four times as long
        return keras.layers.AveragePooling2D(1, steps, name=suffixed(name, "every"))(x)
    return x[(slice(None), *(slice(None, None, step) for step in steps))]


def normalization(x: Any, norm: Norm, *, name: str | None = None) -> Any:
    """Normalise `x` by a name of `NORMS` or a callable from tensor to tensor; None returns it unchanged."""
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
    """Return the largest number of groups that divides the channels; Keras's own default of 32 fails on 6 channels."""
    limit = min(MAX_GROUPS, channels // MIN_GROUP_CHANNELS)
    return max((groups for groups in range(1, limit + 1) if channels % groups == 0), default=1)


def activate(x: Any, activation: Activation, *, name: str | None = None) -> Any:
    """Apply an activation, given as a Keras name or a callable from tensor to tensor; None returns `x` unchanged."""
    if activation is None:
        return x
    if callable(activation):
        return activation(x)
    return keras.layers.Activation(activation, name=name)(x)


def drop(x: Any, rate: float, *, name: str | None = None) -> Any:
    """Apply dropout at `rate`; a rate of zero adds no layer."""
    return keras.layers.Dropout(rate, name=name)(x) if rate else x
