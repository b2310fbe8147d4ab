"""ResNets as defined in PyTorch, for the state dicts of torchvision and timm.

They differ from those of `keras.applications` and of `basic_resnets`: strided convolutions are padded equally at the
start and the end, bottlenecks stride in the 3x3 convolution ("version 1.5"), and convolutions have no biases.
"""

from typing import Any

import keras

from resunet_kit.blocks._layers import BATCH_MOMENTUM
from resunet_kit.models._backbones.basic_resnets import FILTERS

UNITS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}
BOTTLENECKS = (50, 101, 152)
EXPANSION = 4
NORM = {"momentum": BATCH_MOMENTUM, "epsilon": 1e-5}

IGNORED = ("fc.",)  # the classifier


def torch_resnet(depth: int, input_shape: tuple[int | None, ...], *, width: float = 1.0) -> keras.Model:
    """Build a ResNet without its classifier, for images with any number of channels.

    References:
        He et al. 2015, Deep residual learning for image recognition, arXiv 1512.03385; `torchvision.models.resnet`.
    """
    inputs = keras.Input(input_shape)
    unit = _bottleneck if depth in BOTTLENECKS else _basic
    widths = [round(width * filters) for filters in FILTERS]
    x = _conv_norm(inputs, widths[0], 7, "conv1", "bn1", strides=2)
    x = keras.layers.ZeroPadding2D(1, name="maxpool_pad")(x)  # zeros never win, since no value is below 0
    x = keras.layers.MaxPooling2D(3, strides=2, name="maxpool")(x)
    for stage, (filters, units) in enumerate(zip(widths, UNITS[depth], strict=True), start=1):
        for index in range(units):
            strides = 2 if index == 0 and stage > 1 else 1
            x = unit(x, filters, strides, f"layer{stage}_{index}")
    return keras.Model(inputs, x, name=f"resnet{depth}")


def torch_name(layer: str) -> str:
    """Return the name of a layer's module in PyTorch.

    Example:
        >>> torch_name("layer2_0_downsample_1")
        'layer2.0.downsample.1'
    """
    return layer.replace("_", ".")


def _basic(x: Any, filters: int, strides: int, name: str) -> Any:
    y = _conv_norm(x, filters, 3, f"{name}_conv1", f"{name}_bn1", strides=strides)
    y = _conv_norm(y, filters, 3, f"{name}_conv2", f"{name}_bn2", activate=False)
    return _add(y, x, strides, name)


def _bottleneck(x: Any, filters: int, strides: int, name: str) -> Any:
    y = _conv_norm(x, filters, 1, f"{name}_conv1", f"{name}_bn1")
    y = _conv_norm(y, filters, 3, f"{name}_conv2", f"{name}_bn2", strides=strides)
    y = _conv_norm(y, EXPANSION * filters, 1, f"{name}_conv3", f"{name}_bn3", activate=False)
    return _add(y, x, strides, name)


def _add(y: Any, x: Any, strides: int, name: str) -> Any:
    if strides > 1 or x.shape[-1] != y.shape[-1]:
        names = f"{name}_downsample_0", f"{name}_downsample_1"
        x = _conv_norm(x, y.shape[-1], 1, *names, strides=strides, activate=False)
    return keras.layers.ReLU(name=f"{name}_relu")(keras.layers.Add(name=f"{name}_add")([y, x]))


def _conv_norm(
    x: Any, filters: int, kernel_size: int, conv: str, norm: str, *, strides: int = 1, activate: bool = True
) -> Any:
    padded = strides > 1 and kernel_size > 1  # without strides, "same" pads equally too
    if padded:
        x = keras.layers.ZeroPadding2D(kernel_size // 2, name=f"{conv}_pad")(x)
    options = {"use_bias": False, "kernel_initializer": "he_normal", "padding": "valid" if padded else "same"}
    x = keras.layers.Conv2D(filters, kernel_size, strides, name=conv, **options)(x)
    x = keras.layers.BatchNormalization(**NORM, name=norm)(x)
    return keras.layers.ReLU(name=f"{norm}_relu")(x) if activate else x
