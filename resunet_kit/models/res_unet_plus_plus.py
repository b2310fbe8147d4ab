"""ResUNet++: the Deep ResUNet with squeeze-and-excitation, ASPP and attention."""

from collections.abc import Sequence
from typing import Any

import keras

from resunet_kit.blocks import aspp, preactivation_block, segmentation_head, squeeze_excite
from resunet_kit.blocks._checks import check_dropout, check_norm
from resunet_kit.blocks._layers import Norm, activate, convolution, normalization
from resunet_kit.blocks.heads import class_activation
from resunet_kit.blocks.resampling import upsample_like
from resunet_kit.models._composition import max_pool
from resunet_kit.models._inputs import check_filters, check_input_shape


def res_unet_plus_plus(
    input_shape: Sequence[int | None] = (256, 256, 3),
    num_classes: int = 1,
    *,
    filters: Sequence[int] = (16, 32, 64, 128, 256),
    norm: Norm = "batch",
    dropout: float = 0.0,
    activation: str | None = "auto",
    name: str = "res_unet_plus_plus",
) -> keras.Model:
    """Build ResUNet++: squeeze-and-excitation after each unit, ASPP as bridge and before the head, attention.

    Args:
        input_shape: `(height, width, channels)` or `(depth, height, width, channels)`; sizes may be odd, or None.
        num_classes: Channels of the output.
        filters: Channels of each level of the encoder, then of the bridge, which is as large as the last level.
        norm: `"batch"`, `"group"`, `"layer"`, `"instance"`, None, or a callable from tensor to tensor.
        dropout: Dropout rate inside the units, in [0, 1).
        activation: `"auto"` (sigmoid for one class, softmax for more), None for logits, or a Keras activation's name.
        name: Name of the model.

    Returns:
        A model from images to float32 scores of the same size; 4,070,385 parameters by default, 4,062,993 trainable.

    Raises:
        TypeError: If an argument is of a wrong type.
        ValueError: If an argument is not as in `res_unet`, or `filters` has fewer than two levels.

    Example:
        >>> from resunet_kit.models import res_unet_plus_plus
        >>> res_unet_plus_plus((61, 64, 3), filters=(4, 8, 8)).output_shape
        (None, 61, 64, 1)

    References:
        Jha et al. 2019, ResUNet++, arXiv 1911.07067, and the authors' code, github.com/DebeshJha/ResUNetPlusPlus,
        which specifies what the paper leaves open: attention multiplies the decoder's features, channel by channel and
        without a sigmoid; convolutions have biases, squeeze-and-excitation has none.

    Note:
        The image's size need not be divisible by 8: pooling rounds up, and upsampled features are cropped. The hidden
        activation of squeeze-and-excitation is swish, where the authors use ReLU, for the reason in `squeeze_excite`.
    """
    shape = check_input_shape(input_shape)
    widths = check_filters(filters)
    activation = class_activation(num_classes, activation)
    check_norm(norm)
    check_dropout(dropout)
    if len(widths) < 2:
        raise ValueError(f"Expected filters of at least two levels. Received {filters=}. Add the bridge's channels.")
    options: dict[str, Any] = {"norm": norm, "dropout": dropout}
    inputs = keras.Input(shape, name="image")

    # === Encoder ===
    encoded = [_unit(inputs, widths[0], preactivate_input=False, name="encoder1", **options)]
    for level, width in enumerate(widths[1:-1], start=2):
        encoded.append(_unit(encoded[-1], width, strides=2, name=f"encoder{level}", **options))

    # === Bridge, as large as the last level ===
    x = aspp(encoded[-1], widths[-1], norm=norm, use_bias=True, name="bridge")

    # === Decoder ===
    for level in range(len(encoded) - 1, 0, -1):
        label, skip = f"decoder{level}", encoded[level - 1]
        x = _attend(skip, x, norm=norm, name=f"{label}_attention")
        x = upsample_like(x, skip, name=label)
        x = keras.layers.Concatenate(name=f"{label}_concat")([x, skip])
        x = _unit(x, widths[level], name=label, **options)

    # === Head ===
    x = aspp(x, widths[0], norm=norm, use_bias=True, name="context")
    outputs = segmentation_head(x, num_classes, activation=activation, name="segmentation")
    return keras.Model(inputs, outputs, name=name)


def _unit(x: Any, filters: int, *, name: str, **options: Any) -> Any:
    x = preactivation_block(x, filters, normalize_shortcut=True, use_bias=True, name=name, **options)
    return squeeze_excite(x, ratio=8, use_bias=False, name=f"{name}_channels")


def _attend(skip: Any, x: Any, *, norm: Norm, name: str) -> Any:
    """Multiply the decoder's features by weights that are computed from them and the skip, which is twice as large."""
    filters = x.shape[-1]
    pooled = max_pool(_activated_convolution(skip, filters, norm=norm, name=f"{name}_skip"), 2, name=f"{name}_pool")
    both = keras.layers.Add(name=f"{name}_add")(
        [pooled, _activated_convolution(x, filters, norm=norm, name=f"{name}_decoder")]
    )
    weights = _activated_convolution(both, filters, norm=norm, name=f"{name}_weights")
    return keras.layers.Multiply(name=f"{name}_scale")([weights, x])


def _activated_convolution(x: Any, filters: int, *, norm: Norm, name: str) -> Any:
    x = activate(normalization(x, norm, name=f"{name}_norm"), "relu", name=f"{name}_act")
    return convolution(x, filters, 3, name=f"{name}_conv")
