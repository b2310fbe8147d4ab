"""ResNets without their classifiers: backbones for heads and encoders."""

import os
from collections.abc import Sequence

import keras

from resunet_kit._shared.numbers import integer, number
from resunet_kit.models._backbones.basic_resnets import FILTERS, UNITS
from resunet_kit.models._backbones.channels import adapt_channels
from resunet_kit.models._backbones.plans import check_named
from resunet_kit.models._backbones.registry import basic_backbone, find_backbone
from resunet_kit.models._backbones.weights import for_weights, load_backbone
from resunet_kit.models._inputs import check_input_shape

DEPTHS = (*UNITS, 50, 101, 152)


def resnet(
    depth: int,
    input_shape: Sequence[int | None] = (256, 256, 3),
    *,
    weights: str | os.PathLike[str] | None = None,
    width: float = 1.0,
) -> keras.Model:
    """Build a ResNet up to its last features, at 1/32 of the image's height and width.

    Args:
        depth: 18, 34, 50, 101 or 152.
        input_shape: `(height, width, channels)`; height and width of at least 32 pixels, or None.
        weights: None for random ones, `"imagenet"` (downloaded by Keras; depths 50, 101 and 152), or the path of a
            file for this architecture: Keras weights, or a state dict of torchvision or timm (`.pth`, `.safetensors`),
            for the image's channels or for 3. Weights for 3 channels are adapted to other numbers: a gray image in all
            channels gives the same features as in three.
        width: Factor of the channels of depths 18 and 34, at least 1/64, for small data sets and fast training: a
            quarter of the width has a sixteenth of the weights.

    Returns:
        A model from images to features `(batch, height / 32, width / 32, 512)`, or 2048 channels from depth 50 on.
        Depths 50, 101 and 152 are those of `keras.applications`; with a state dict, the network is PyTorch's, which
        pads strided convolutions equally at the start and the end, and strides in the 3x3 convolutions.

    Raises:
        ImportError: If the file needs the package safetensors, which is not installed.
        TypeError: If an argument is of a wrong type.
        ValueError: If an argument is not as above, or the weights cannot be loaded.

    Example:
        >>> from resunet_kit.models import resnet
        >>> resnet(18, (64, 64, 1)).output_shape
        (None, 2, 2, 512)

    References:
        He et al. 2015, Deep residual learning for image recognition, arXiv 1512.03385.
    """
    if integer("depth", depth) not in DEPTHS:
        raise ValueError(f"Expected depth to be one of {', '.join(map(str, DEPTHS))}. Received {depth=}. Pass one.")
    shape = check_input_shape(input_shape, ranks=(3,))
    number("width", width, f"[{1 / FILTERS[0]}, inf)")
    if width != 1 and depth not in UNITS:
        raise ValueError(
            f"Expected width=1 for depths of 50 and more. Received {width=}, {depth=}. Pass depth 18 or 34."
        )
    backbone = basic_backbone(depth, width) if depth in UNITS else find_backbone(f"resnet{depth}")
    check_named(backbone, shape, weights)
    model = load_backbone(for_weights(backbone, weights), shape, weights)
    return model if model.inputs[0].shape[-1] == shape[-1] else adapt_channels(model, shape)
