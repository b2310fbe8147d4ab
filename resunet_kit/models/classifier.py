"""Image classifier: a pretrained backbone, pooling and a dense head."""

import os
from collections.abc import Sequence

import keras

from resunet_kit.blocks import classification_head
from resunet_kit.blocks.heads import check_classification
from resunet_kit.models._backbones.plans import attach, check_size, plan_backbone
from resunet_kit.models._inputs import check_input_shape
from resunet_kit.models.transfer import Policy, check_policy_name, set_trainable


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
    """Build an image classifier: preprocessing, backbone, pooling and dense head.

    Args:
        input_shape: `(height, width, channels)`; height and width of at least 32 pixels, or None.
        num_classes: Length of the output; 1 gets a sigmoid, more get a softmax.
        backbone: `"resnet18"`, `"resnet34"`, `"efficientnet_lite0"`, `"efficientnet_lite1"`, `"efficientnet_lite2"`,
            the name of any function of `keras.applications` (`"resnet50"`, `"efficientnet_b0"`; case, `-` and `_` do
            not matter), or a model from images to features `(batch, height, width, channels)`, which gets the raw
            images.
        weights: Weights of a named backbone: `"imagenet"`, None for random ones, or the path of a file for the image's
            channels or for 3: Keras weights or, for ResNets and EfficientNet-Lite, a PyTorch state dict (`.pth`,
            `.safetensors`). Keras downloads its ImageNet weights; those of EfficientNet-Lite come with the package
            extra `pretrained`. Weights for 3 channels are adapted to any number: one or two channels are completed with
            their mean; of more, those that stand for the same colour divide its part of the first kernel among them.
        hidden_units: Widths of the head's hidden layers.
        dropout: Dropout rate after each hidden layer, in [0, 1).
        trainable: Which layers are trainable, a policy of `set_trainable`. With random weights, pass `"all"`.
        value_range: Smallest and largest value of the input images: (0, 1), as `resunet_kit.data` returns them, or
            (0, 255). The named backbones rescale it inside the model to the range that their weights were trained on.
        activation: `"auto"`, None for logits, or a Keras activation's name.
        name: Name of the model.

    Returns:
        A model from images to float32 scores `(batch, num_classes)`. The backbone is one nested layer.

    Raises:
        ImportError: If the weights come from a package that is not installed.
        TypeError: If an argument is of a wrong type, such as a backbone that is neither a name nor a model.
        ValueError: If an argument is not as above, or the weights cannot be loaded.

    Example:
        >>> from resunet_kit.models import resnet_classifier
        >>> resnet_classifier((64, 64, 3), backbone="resnet18", weights=None, trainable="all").output_shape
        (None, 2)
    """
    shape = check_input_shape(input_shape, ranks=(3,))
    check_classification(num_classes, hidden_units, dropout, activation)
    check_policy_name("trainable", trainable)
    if weights == "imagenet" and isinstance(backbone, keras.Model):
        weights = None  # the default, for named backbones
    plan = plan_backbone("backbone", backbone, shape, weights=weights, value_range=value_range)
    check_size("backbone", plan)
    inputs = keras.Input(shape, name="image")
    x, model = attach(inputs, plan)
    outputs = classification_head(
        model(x), num_classes, hidden_units=hidden_units, dropout=dropout, activation=activation, name="presence"
    )
    classifier = keras.Model(inputs, outputs, name=name)
    set_trainable(classifier, trainable)
    return classifier
