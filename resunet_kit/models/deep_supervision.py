"""Deep supervision: an output for each level of the decoder, and the removal of these outputs after training."""

from typing import Any

import keras

from resunet_kit.blocks import crop_like, upsample
from resunet_kit.blocks._layers import convolution, spatial_rank


def supervise(decoded: dict[int, Any], image: Any, num_classes: int, *, activation: str | None) -> list[Any]:
    """Predict the classes at each stride above 1.

    Args:
        decoded: Features of the decoder by stride.
        image: Tensor to whose spatial shape the scores are upsampled.
        num_classes: Channels of each output.
        activation: Activation of the scores, resolved; None for logits.

    Returns:
        Float32 scores of the image's spatial shape, from fine to coarse. Logits are upsampled before the activation, so
        that the softmax of every pixel sums to one.
    """
    outputs = []
    for stride in sorted(decoded)[1:]:
        name = f"segmentation_stride{stride}"
        outputs.append(score(decoded[stride], image, num_classes, stride=stride, activation=activation, name=name))
    return outputs


def score(
    x: Any, image: Any, num_classes: int, *, stride: int, activation: str | None, name: str, beside_others: bool = True
) -> Any:
    """Predict the classes from features at a stride, with scores in the spatial shape of the image.

    The scores are cropped rather than the features, which have more channels.

    Args:
        x: Features.
        image: Tensor to whose spatial shape the scores are upsampled.
        num_classes: Channels of the output.
        stride: Stride of the features.
        activation: Activation of the scores, resolved; None for logits.
        name: Name of the output, and prefix of the layers'.
        beside_others: Whether the network has heads at other strides. Keras orders weights by the number of operations
            that follow them, and upsampling to a variable size takes many: the head at stride 1 is then given all but
            one of them, at scale 1, so that the order is the same as for a static size.
    """
    x = convolution(x, num_classes, 1, kernel_initializer="glorot_uniform", name=f"{name}_conv")
    variable = spatial_rank(x) == 2 and None in x.shape[1:-1]
    if stride > 1 or (beside_others and variable):
        x = upsample(x, scale=stride, method="linear", name=name)
    if stride > 1 and variable:
        x = keras.layers.Identity(name=f"{name}_logits")(x)
    return keras.layers.Activation(activation or "linear", dtype="float32", name=name)(crop_like(x, image, name=name))


def strip_deep_supervision(model: keras.Model) -> keras.Model:
    """Return the model with only its main output: the same layers and weights, without the other heads.

    The classification of the image, from `image_classes`, is also removed.

    Args:
        model: A model with deep supervision, trained or not; its first output is the main one.

    Returns:
        A model with the same weights, not compiled. A model with a single output is returned unchanged.

    Raises:
        TypeError: If it is not a keras.Model.
        ValueError: If the model is not a functional one.

    Example:
        >>> from resunet_kit.models import res_unet, strip_deep_supervision
        >>> model = res_unet((32, 32, 1), filters=(4, 8, 16), deep_supervision=True)
        >>> len(model.outputs), len(strip_deep_supervision(model).outputs)
        (3, 1)
    """
    if not isinstance(model, keras.Model):
        raise TypeError(f"Expected a functional keras.Model. Received {model!r}. Pass what a builder returns.")
    if not getattr(model, "outputs", None):
        raise ValueError(f"Expected a functional keras.Model. Received {model!r}. Build it with keras.Input.")
    if len(model.outputs) == 1:
        return model
    return keras.Model(model.input, model.outputs[0], name=model.name)
