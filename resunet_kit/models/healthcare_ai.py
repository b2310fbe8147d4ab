"""Reproductions of the two networks of the Healthcare_AI brain MRI notebook, with the same numbers of weights."""

from collections.abc import Sequence
from typing import Any

import keras

from resunet_kit.blocks import classification_head
from resunet_kit.blocks._layers import convolution, normalization, suffixed
from resunet_kit.blocks.heads import class_activation
from resunet_kit.models._inputs import check_input_shape
from resunet_kit.models.res_unet import res_unet
from resunet_kit.models.resnet import resnet

MIN_SIZE = 97  # pixels: the smallest size that ResNet50 reduces to the 4 pixels of the pooling


def healthcare_ai_res_unet(
    input_shape: Sequence[int | None] = (256, 256, 3),
    num_classes: int = 1,
    *,
    activation: str | None = "auto",
    name: str = "healthcare_ai_res_unet",
) -> keras.Model:
    """Build the ResUNet of the Healthcare_AI notebook: 16 to 256 channels, max-pooling, all shortcuts projected.

    Args:
        input_shape: `(height, width, channels)`; height and width may be odd, or None.
        num_classes: Channels of the output.
        activation: `"auto"` (sigmoid for one class, softmax for more), None for logits, or a Keras activation's name.
        name: Name of the model.

    Returns:
        A model with 1,210,513 parameters, 1,206,129 of them trainable, for 3 channels and one class.

    Raises:
        TypeError: If an argument is of a wrong type.
        ValueError: If an argument is not as in `res_unet`.

    Example:
        >>> from resunet_kit.models import healthcare_ai_res_unet
        >>> healthcare_ai_res_unet().count_params()
        1210513

    Note:
        This is not the network of the Deep ResUNet paper, which `res_unet` builds by default.
    """
    return res_unet(
        check_input_shape(input_shape, ranks=(3,)),
        num_classes,
        filters=(16, 32, 64, 128, 256),
        block="pointwise",
        stem=_stem,
        downsampling="max_pool",
        activation=activation,
        name=name,
    )


def healthcare_ai_classifier(
    input_shape: Sequence[int] = (256, 256, 3), num_classes: int = 2, *, weights: str | None = None
) -> keras.Model:
    """Build the classifier of the Healthcare_AI notebook: ResNet50, 4x4 average pooling, two hidden layers of 256.

    Args:
        input_shape: `(height, width, channels)`, a static shape of at least 97x97 pixels, so that the features have the
            4x4 pixels that the pooling needs.
        num_classes: Length of the softmax output.
        weights: None for random ones, `"imagenet"` (downloaded by Keras), or the path of a file for ResNet50: Keras
            weights, or a state dict of torchvision or timm (`.pth`, `.safetensors`).

    Returns:
        A model from images, preprocessed as the backbone's weights expect, to `(batch, num_classes)`;
        25,751,426 parameters for the default shape.

    Raises:
        TypeError: If an argument is of a wrong type.
        ValueError: If an argument is not as above.

    Example:
        >>> from resunet_kit.models import healthcare_ai_classifier
        >>> healthcare_ai_classifier().count_params()
        25751426

    Note:
        The notebook divided images by 255, although the ImageNet weights of ResNet50 expect
        `keras.applications.resnet50.preprocess_input`. `resnet_classifier` includes it in the model.
    """
    shape = check_input_shape(input_shape, ranks=(3,))
    if any(size is None or size < MIN_SIZE for size in shape[:-1]):
        raise ValueError(
            f"Expected a static input_shape of at least {MIN_SIZE} pixels in height and width. Received "
            f"input_shape={shape}. Resize the images, or use resnet_classifier, which pools features of any size."
        )
    class_activation(num_classes, "auto")
    backbone = resnet(50, shape, weights=weights)
    pooled = keras.layers.AveragePooling2D(4, name="pool")(backbone.output)
    outputs = classification_head(pooled, num_classes, hidden_units=(256, 256), pooling="flatten", name="presence")
    return keras.Model(backbone.input, outputs, name="healthcare_ai_classifier")


def _stem(x: Any, filters: int, *, name: str | None = None) -> Any:
    # The notebook activates inside the convolution and normalises after it, unlike every later unit.
    for i in (1, 2):
        x = convolution(x, filters, 3, name=suffixed(name, f"{i}_conv"))
        x = keras.layers.ReLU(name=suffixed(name, f"{i}_act"))(x)
        x = normalization(x, "batch", name=suffixed(name, f"{i}_norm"))
    return x
