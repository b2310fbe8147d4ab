"""Blocks: functions from tensor to tensor, for images and volumes, of stock Keras layers.

A block is any callable `(x, filters, **options) -> tensor`; a function of your own is as good as one of these.
"""

from resunet_kit.blocks.convolution import conv_block
from resunet_kit.blocks.heads import classification_head, segmentation_head
from resunet_kit.blocks.preactivation import preactivation_block
from resunet_kit.blocks.resampling import crop_like, upsample, upsample_concat
from resunet_kit.blocks.residual import (
    bottleneck_block,
    pointwise_residual_block,
    residual_block,
)

__all__ = [
    "bottleneck_block",
    "classification_head",
    "conv_block",
    "crop_like",
    "pointwise_residual_block",
    "preactivation_block",
    "residual_block",
    "segmentation_head",
    "upsample",
    "upsample_concat",
]
