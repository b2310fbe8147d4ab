"""Attention blocks: weights for the channels of features, and for the positions of a skip connection."""

from typing import Any

import keras
from keras import ops

from resunet_kit._shared.numbers import integer
from resunet_kit.blocks._checks import check_activation, check_block
from resunet_kit.blocks._layers import Activation, Norm, activate, convolution, normalization, spatial_rank, suffixed
from resunet_kit.blocks.resampling import crop_like, upsample


def squeeze_excite(
    x: Any,
    *,
    ratio: int = 8,
    activation: Activation = "swish",
    use_bias: bool = True,
    kernel_initializer: Any = "he_normal",
    kernel_regularizer: Any = None,
    name: str | None = None,
) -> Any:
    """Scale each channel by a weight in (0, 1), computed from the means of all channels.

    Args:
        x: Features `(batch, height, width, channels)` or `(batch, depth, height, width, channels)`.
        ratio: Ratio of the channels to the units of the hidden layer, which has at least two: a single unit soon
            saturates for all images.
        activation: Activation of the hidden layer: a Keras activation's name, a callable from tensor to tensor, or
            None. The default is not the paper's ReLU: means differ little between images, so that a ReLU unit is soon
            dead for all of them.
        use_bias: Whether both layers have biases.
        kernel_initializer: Keras initialiser of the hidden layer's kernel.
        kernel_regularizer: Keras regulariser of both kernels.
        name: Prefix of the layers' names.

    Returns:
        Features of the same shape.

    Raises:
        TypeError: If an argument is of a wrong type.
        ValueError: If the rank, the ratio or the activation is not as above.

    Example:
        >>> import keras
        >>> from resunet_kit.blocks import squeeze_excite
        >>> squeeze_excite(keras.Input((32, 32, 16))).shape
        (None, 32, 32, 16)

    References:
        Hu et al. 2018, Squeeze-and-excitation networks, arXiv 1709.01507.
    """
    rank, channels = spatial_rank(x), x.shape[-1]
    hidden = max(2, channels // integer("ratio", ratio, "[1, inf)"))
    check_activation("activation", activation)
    weights = ops.mean(x, axis=tuple(range(1, rank + 1)), keepdims=True)  # (b, 1, 1, c)
    weights = keras.layers.Dense(
        hidden,
        use_bias=use_bias,
        kernel_initializer=kernel_initializer,
        kernel_regularizer=kernel_regularizer,
        name=suffixed(name, "squeeze"),
    )(weights)
    weights = activate(weights, activation, name=suffixed(name, "squeeze_act"))
    weights = keras.layers.Dense(
        channels, "sigmoid", use_bias=use_bias, kernel_regularizer=kernel_regularizer, name=suffixed(name, "excite")
    )(weights)
    return keras.layers.Multiply(name=suffixed(name, "scale"))([x, weights])


def attention_gate(
    skip: Any,
    gate: Any,
    *,
    filters: int | None = None,
    norm: Norm = "batch",
    activation: Activation = "relu",
    kernel_initializer: Any = "he_normal",
    kernel_regularizer: Any = None,
    name: str | None = None,
) -> Any:
    """Scale each position of a skip connection by a weight in (0, 1), computed from the skip and the decoder.

    Args:
        skip: Features of the encoder, `(batch, height, width, channels)` or `(batch, depth, height, width, channels)`.
        gate: Features of the decoder, of the same rank and with the spatial shape of `skip` or half of it (rounded up);
            with the same shape where it is variable (None).
        filters: Channels to which both are projected for the comparison. None: half of the skip's, at least one.
        norm: Normalisation of the comparison: `"batch"`, `"group"`, `"layer"`, `"instance"`, None, or a callable from
            tensor to tensor.
        activation: Activation of the comparison: a Keras activation's name, a callable from tensor to tensor, or None.
        kernel_initializer: Keras initialiser of the kernels of the comparison.
        kernel_regularizer: Keras regulariser of the kernels.
        name: Prefix of the layers' names.

    Returns:
        Features of the skip's shape.

    Raises:
        TypeError: If an argument is of a wrong type.
        ValueError: If the ranks differ, or the gate is neither as large as the skip nor half as large.

    Example:
        >>> import keras
        >>> from resunet_kit.blocks import attention_gate
        >>> attention_gate(keras.Input((33, 32, 16)), keras.Input((17, 16, 32))).shape
        (None, 33, 32, 16)

    References:
        Oktay et al. 2018, Attention U-Net, arXiv 1804.03999.
    """
    check_block(skip, 1 if filters is None else filters, norm=norm, activation=activation)
    inner = max(1, skip.shape[-1] // 2) if filters is None else filters
    is_half = _is_half(skip, gate)
    kernel: dict[str, Any] = {"kernel_initializer": kernel_initializer, "kernel_regularizer": kernel_regularizer}
    gate_features = convolution(gate, inner, 1, use_bias=False, name=suffixed(name, "gate_conv"), **kernel)
    if is_half:
        gate_features = crop_like(
            upsample(gate_features, method="linear", name=suffixed(name, "gate")), skip, name=name
        )
    skip_features = convolution(skip, inner, 1, use_bias=norm is None, name=suffixed(name, "skip_conv"), **kernel)
    both = keras.layers.Add(name=suffixed(name, "add"))([gate_features, skip_features])
    both = activate(normalization(both, norm, name=suffixed(name, "norm")), activation, name=suffixed(name, "act"))
    weights = convolution(
        both,
        1,
        1,
        kernel_initializer="glorot_uniform",
        kernel_regularizer=kernel_regularizer,
        name=suffixed(name, "weights_conv"),
    )
    weights = activate(weights, "sigmoid", name=suffixed(name, "weights"))  # (b, h, w, 1)
    return keras.layers.Multiply(name=suffixed(name, "scale"))([skip, weights])


def _is_half(skip: Any, gate: Any) -> bool:
    same_rank = spatial_rank(skip) == len(gate.shape) - 2
    pairs = list(zip(skip.shape[1:-1], gate.shape[1:-1], strict=False))
    known = [(large, small) for large, small in pairs if large is not None and small is not None]
    if same_rank and all(large == small for large, small in known):
        return False
    if same_rank and len(known) == len(pairs) and all(-(-large // 2) == small for large, small in known):
        return True
    raise ValueError(
        "Expected a gate of the skip's rank, as large or half as large along every axis. "
        f"Received a skip of shape {tuple(skip.shape)} and a gate of shape {tuple(gate.shape)}. "
        "Upsample the gate first, with resunet_kit.blocks.upsample and crop_like."
    )
