"""Blocks for images and volumes: functions from tensor to tensor, built from stock Keras layers.

A block is any callable `(x, filters, **options) -> tensor`; functions of your own work just as well.
"""

from resunet_kit.blocks.atrous import atrous_residual_block
from resunet_kit.blocks.attention import attention_gate, squeeze_excite
from resunet_kit.blocks.context import aspp, pyramid_pooling
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
    "aspp",
    "atrous_residual_block",
    "attention_gate",
    "bottleneck_block",
    "classification_head",
    "conv_block",
    "crop_like",
    "pointwise_residual_block",
    "preactivation_block",
    "pyramid_pooling",
    "residual_block",
    "segmentation_head",
    "squeeze_excite",
    "upsample",
    "upsample_concat",
]
