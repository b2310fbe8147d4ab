"""The ResNet-head classifier: is there something in this image?"""

import os
from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from resunet_kit._errors import unknown_name
from resunet_kit.blocks import classification_head
from resunet_kit.models._inputs import check_input_shape
from resunet_kit.models.resnet import BASIC_STAGES, DEPTHS, resnet
from resunet_kit.models.transfer import Policy, set_trainable

# Means of the ImageNet images that the weights of keras.applications were trained on, in BGR and 0–255.
CAFFE_MEANS = (103.939, 116.779, 123.68)


def resnet_classifier(
    input_shape: Sequence[int | None] = (256, 256, 3),
    num_classes: int = 2,
    *,
    backbone: str | keras.Model = "resnet50",
    weights: str | os.PathLike[str] | None = "imagenet",
    hidden_units: Sequence[int] = (256,),
    dropout: float = 0.3,
    trainable: Policy = "head",
    value_range: tuple[float, float] = (0.0, 1.0),
    activation: str | None = "auto",
    name: str = "resnet_classifier",
) -> keras.Model:
    """Build a classifier: preprocessing, backbone, pooling, dense head.

    Args:
        input_shape: `(height, width, channels)`; sides of at least 32 pixels, or None.
        num_classes: Length of the output; 1 is a sigmoid, more a softmax.
        backbone: `"resnet18"`, `"resnet34"`, `"resnet50"`, `"resnet101"`, `"resnet152"`, or a model from images of
            `input_shape` to features `(batch, height, width, channels)`, which is fed the images as they come.
        weights: Of a named backbone: `"imagenet"`, None for random ones, or the path of a weights file.
        hidden_units: Widths of the head's hidden layers.
        dropout: Share of hidden units dropped in training, in [0, 1).
        trainable: What learns, as in `set_trainable`. With random weights, pass `"all"`.
        value_range: Smallest and largest value of the images fed: (0, 1), as `resunet_kit.data` gives, or (0, 255).
            The named backbones rescale it inside the model to what their weights were trained on.
        activation: `"auto"`, None for logits, or a Keras activation's name.
        name: Name of the model.

    Returns:
        A model from images to float32 scores `(batch, num_classes)`. The backbone is one nested layer.

    Raises:
        ValueError: If an argument is not as above, or the weights cannot be had or do not fit.

    Example:
        >>> from resunet_kit.models import resnet_classifier
        >>> resnet_classifier((64, 64, 3), backbone="resnet18", weights=None, trainable="all").output_shape
        (None, 2)
    """
    shape = check_input_shape(input_shape, ranks=(3,))
    low, high = value_range
    if not low < high:
        raise ValueError(f"Expected value_range=(smallest, largest) of the images. Received value_range={value_range}.")
    inputs = keras.Input(shape, name="image")
    x = inputs
    if isinstance(backbone, str):
        depth = _depth(backbone)
        x = _preprocess(x, depth, low, high)
        backbone = resnet(depth, shape, weights=weights)
    features = backbone(x)
    outputs = classification_head(
        features, num_classes, hidden_units=hidden_units, dropout=dropout, activation=activation, name="presence"
    )
    model = keras.Model(inputs, outputs, name=name)
    set_trainable(model, trainable)
    return model


def _depth(backbone: str) -> int:
    depths = {f"resnet{depth}": depth for depth in DEPTHS}
    if backbone not in depths:
        raise unknown_name("backbone", backbone, depths)
    return depths[backbone]


def _preprocess(x: Any, depth: int, low: float, high: float) -> Any:
    """Map images in [low, high] to what the backbone's weights were trained on."""
    scale = 255.0 / (high - low)
    if depth in BASIC_STAGES or x.shape[-1] != 3:
        return keras.layers.Rescaling(2.0 / (high - low), -1.0 - 2.0 * low / (high - low), name="preprocess")(x)
    x = ops.flip(x, axis=-1)  # RGB to BGR
    offsets = [-scale * low - mean for mean in CAFFE_MEANS]
    return keras.layers.Rescaling(scale, offsets, name="preprocess")(x)
