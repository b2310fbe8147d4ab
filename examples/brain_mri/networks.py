"""The two networks: a classifier of slices, and a segmenter of their pixels."""

import keras

from examples.brain_mri.config import Options
from examples.brain_mri.precision import dtype_policy
from resunet_kit.models import healthcare_ai_res_unet, res_unet, resnet_classifier
from resunet_kit.training import keep_depthwise_in_float32

CHANNELS = 3
DECODER = (16, 32, 64, 64, 96)  # channels at the image's size, at half of it, and so on


def build_segmenter(options: Options) -> keras.Model:
    """Return the network from slices `(batch, size, size, 3)` in [0, 1] to the logits of each pixel.

    It is trained on logits: where a sigmoid has become exactly 0, cross-entropy of probabilities has no gradient, and a
    network that marks nothing at first would never mark anything.

    Raises:
        ImportError: If its weights come from a package that is not installed.
        ValueError: If they cannot be loaded.
    """
    keras.utils.set_random_seed(options.seed)
    shape = (options.image_size, options.image_size, CHANNELS)
    with dtype_policy(options.precision):
        if options.encoder == "none":
            return healthcare_ai_res_unet(shape, options.classes, activation=None)
        model = res_unet(
            shape,
            options.classes,
            filters=DECODER,
            encoder=options.encoder,
            encoder_weights=options.encoder_weights,
            activation=None,
            name="segmenter",
        )
    return keep_depthwise_in_float32(model)


def build_classifier(options: Options) -> keras.Model:
    """Return the network from slices `(batch, size, size, 3)` in [0, 1] to one logit: above 0 for tumour.

    Raises:
        ImportError: If its weights come from a package that is not installed.
        ValueError: If they cannot be loaded.
    """
    keras.utils.set_random_seed(options.seed)
    with dtype_policy(options.precision):
        model = resnet_classifier(
            (options.image_size, options.image_size, CHANNELS),
            1,
            backbone=options.backbone,
            weights=options.classifier_weights,
            hidden_units=(),
            trainable="all",
            activation=None,
            name="classifier",
        )
    return keep_depthwise_in_float32(model)


def with_probabilities(segmenter: keras.Model) -> keras.Model:
    """Return the segmenter with probabilities in place of its logits."""
    activation = "sigmoid" if segmenter.output_shape[-1] == 1 else "softmax"
    probabilities = keras.layers.Activation(activation, dtype="float32", name="probabilities")(segmenter.output)
    return keras.Model(segmenter.input, probabilities, name=segmenter.name)
