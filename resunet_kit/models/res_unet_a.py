"""ResUNet-a: parallel dilated convolutions at every level, pyramid pooling as bridge and before the head."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from resunet_kit._shared.numbers import integers
from resunet_kit.blocks import atrous_residual_block, crop_like, pyramid_pooling, segmentation_head, upsample
from resunet_kit.blocks._checks import check_dropout, check_norm
from resunet_kit.blocks._layers import Norm, activate
from resunet_kit.blocks.convolution import conv_norm_act
from resunet_kit.blocks.heads import class_activation
from resunet_kit.models._inputs import check_filters, check_input_shape

# Two levels of each, from fine to coarse; the last applies to deeper levels.
DILATION_RATES = ((1, 3, 15, 31), (1, 3, 15, 31), (1, 3, 15), (1, 3, 15), (1,), (1,))


def res_unet_a(
    input_shape: Sequence[int | None] = (256, 256, 3),
    num_classes: int = 1,
    *,
    filters: Sequence[int] = (32, 64, 128, 256, 512, 1024),
    dilation_rates: Sequence[Sequence[int]] = DILATION_RATES,
    multitask: bool = False,
    norm: Norm = "batch",
    dropout: float = 0.0,
    activation: str | None = "auto",
    name: str = "res_unet_a",
) -> keras.Model:
    """Build ResUNet-a: a sum of dilated branches at each level, with fewer branches where features are small.

    Args:
        input_shape: `(height, width, channels)` or `(depth, height, width, channels)`; sizes may be odd, or None.
        num_classes: Channels of the output.
        filters: Channels of each level, the bridge last. The default has the six levels of the paper's d6.
        dilation_rates: For each level, the distances between the kernels' taps in pixels, one for each branch; the last
            entry applies to all deeper levels.
        multitask: Whether the network also predicts the classes' boundaries and distance maps, from which it computes
            the scores. The outputs are then a list: scores, boundaries, distances, each with `num_classes` channels.
        norm: `"batch"`, `"group"`, `"layer"`, `"instance"`, None, or a callable from tensor to tensor.
        dropout: Dropout rate inside the branches, in [0, 1).
        activation: `"auto"` (sigmoid for one class, softmax for more), None for logits, or a Keras activation's name.
            Boundaries always end in a sigmoid, distances in a sigmoid for one class and a softmax for more.
        name: Name of the model.

    Returns:
        A model from images to float32 scores of the same size with `num_classes` channels.

    Raises:
        TypeError: If an argument is of a wrong type.
        ValueError: If an argument is not as above or as in `res_unet`.

    Example:
        >>> from resunet_kit.models import res_unet_a
        >>> res_unet_a((61, 64, 3), filters=(4, 8, 8)).output_shape
        (None, 61, 64, 1)

    References:
        Diakogiannis et al. 2020, ResUNet-a, arXiv 1904.00592, the layers of ResUNet-a d6; the tasks as in the
        authors' code, github.com/feevos/resuneta.

    Note:
        Pyramid pooling takes means over its grids where the authors take maxima, and upsamples linearly instead of by
        nearest neighbours, so that the size need not be divisible by 8. The color task is left out.
    """
    shape = check_input_shape(input_shape)
    widths = check_filters(filters)
    activation = class_activation(num_classes, activation)
    check_norm(norm)
    check_dropout(dropout)
    rates = _check_rates(dilation_rates)
    rates += rates[-1:] * (len(widths) - len(rates))
    options: dict[str, Any] = {"norm": norm, "dropout": dropout}
    inputs = keras.Input(shape, name="image")

    # === Encoder ===
    first = conv_norm_act(inputs, widths[0], norm=norm, name="first")
    encoded: list[Any] = []
    x = first
    for level, (width, dilations) in enumerate(zip(widths, rates, strict=False), start=1):
        strides = 1 if level == 1 else 2
        x = atrous_residual_block(
            x, width, strides=strides, dilation_rates=dilations, name=f"encoder{level}", **options
        )
        encoded.append(x)

    # === Bridge ===
    x = pyramid_pooling(encoded.pop(), widths[-1], norm=norm, name="bridge")

    # === Decoder ===
    for level in range(len(encoded), 0, -1):
        label, width = f"decoder{level}", widths[level - 1]
        x = conv_norm_act(upsample(x, name=label), width, norm=norm, name=f"{label}_up")
        x = _combine(crop_like(x, encoded[level - 1], name=label), encoded[level - 1], norm=norm, name=label)
        x = atrous_residual_block(x, width, dilation_rates=rates[level - 1], name=label, **options)

    # === Heads ===
    x = _combine(x, first, norm=norm, name="last")
    context = pyramid_pooling(x, widths[0], norm=norm, name="context")
    if not multitask:
        outputs = segmentation_head(context, num_classes, activation=activation, name="segmentation")
    else:
        outputs = _tasks(x, context, num_classes, activation=activation, norm=norm)
    return keras.Model(inputs, outputs, name=name)


def _check_rates(dilation_rates: Any) -> list[tuple[int, ...]]:
    received = f"Received {dilation_rates=}. Pass one for each level, as in [(1, 3), (1,)]."
    if isinstance(dilation_rates, np.ndarray):
        dilation_rates = dilation_rates.tolist()
    if not isinstance(dilation_rates, Sequence):
        raise TypeError(f"Expected dilation_rates to be a sequence of sequences of integers. {received}")
    if not dilation_rates:
        raise ValueError(f"Expected dilation_rates to hold at least one sequence of integers. {received}")
    return [integers(f"dilation_rates[{level}]", rates, "[1, inf)") for level, rates in enumerate(dilation_rates)]


def _combine(x: Any, skip: Any, *, norm: Norm, name: str) -> Any:
    x = keras.layers.Concatenate(name=f"{name}_concat")([activate(x, "relu", name=f"{name}_act"), skip])
    return conv_norm_act(x, skip.shape[-1], norm=norm, name=f"{name}_combine")


def _tasks(x: Any, context: Any, num_classes: int, *, activation: str | None, norm: Norm) -> list[Any]:
    """Predict distances, boundaries from them, and the classes from both."""

    def head(x: Any, depth: int, activation: str | None, name: str) -> Any:
        for i in range(1, depth + 1):
            x = conv_norm_act(x, context.shape[-1], 3, norm=norm, activation="relu", name=f"{name}_{i}")
        return segmentation_head(x, num_classes, activation=activation, name=name)

    def joined(*features: Any, name: str) -> Any:
        # A layer, since it casts the float32 scores of the heads to the dtype of the features.
        return keras.layers.Concatenate(name=f"{name}_concat")(features)

    distances = head(x, 2, "auto", "distance")
    boundaries = head(joined(context, distances, name="boundary"), 1, "sigmoid", "boundary")
    scores = head(joined(context, boundaries, distances, name="segmentation"), 2, activation, "segmentation")
    return [scores, boundaries, distances]
