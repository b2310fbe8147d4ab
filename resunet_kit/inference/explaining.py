"""Gradient-weighted class activation maps (Grad-CAM): the evidence for a class in an image."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from numpy.typing import ArrayLike

from resunet_kit.inference._final_activation import FinalActivation, final_activation
from resunet_kit.inference._gradients import Tap, layer_gradient
from resunet_kit.inference._heat_maps import heat_maps
from resunet_kit.inference._image_array import batches, image_array
from resunet_kit.inference._keras_model import check_keras_model
from resunet_kit.inference._layer_lookup import Found, find_layer, last_convolution
from resunet_kit.inference._replaced_functions import Replacement, replaced_functions
from resunet_kit.inference._targets import ScoreWeights, Target


def grad_cam(
    model: keras.Model,
    images: Any,
    *,
    target: Target = None,
    region: ArrayLike | None = None,
    layer: str | keras.layers.Layer | None = None,
    batch_size: int = 8,
    verbose: int = 0,
) -> np.ndarray:
    """Map the evidence for a class: the channels of a layer, weighted by their mean gradient (Grad-CAM).

    With the features `A_k` of a layer and the score `S`: `a_k = mean over pixels of ∂S/∂A_k`,
    `map = ReLU(Σ_k a_k A_k)`, resized to the image (bilinear) and divided by its maximum. The score of a classifier is
    that of the target class; the score of a segmenter is the mean over the pixels of a region. If the model ends in a
    sigmoid or a softmax, even inside a nested model, the score is the logit before it, so that confident predictions
    have a gradient too.

    Args:
        model: A `keras.Model` from images or volumes to scores `(batch, classes)` or to maps `(batch, ..., classes)`.
            Backbones may be nested. The model is not changed.
        images: `(n, height, width, channels)` or `(n, depth, height, width, channels)`, in the range of the training
            images; a list of images of one size; for 2-D models also a generator or dataset.
        target: The class to explain: a class label for all images, or one for each. For one sigmoid unit, 1 is the
            positive class and 0 the other. None: the predicted class of a classifier, and 1 if it has one unit; for a
            segmenter the foreground, with several classes the largest one predicted in each image.
        region: For a segmenter, the pixels whose mean score is explained: a mask `(height, width)` or
            `(n, height, width)`. None: the predicted mask of the target; if that is empty, all pixels.
        layer: The name of a layer, its path such as `"resnet50/conv5_block3_out"`, or the layer itself; its output must
            have spatial axes. None: the last convolution; for a segmenter, the last one before that of its head. In
            residual networks the output of the last block, after the sum, often gives clearer maps.
        batch_size: Images per step.
        verbose: 0 for silence, 1 for a progress bar.

    Returns:
        `(n, height, width)` float32 in [0, 1], or `(n, depth, height, width)`: 1 at the strongest evidence of each
        image. A map without positive evidence is zero.

    Raises:
        TypeError: If the model is not a `keras.Model`, or an argument is of another type.
        ValueError: If an image has another shape than the model takes or holds NaN; the layer is unknown, ambiguous or
            without spatial axes; a gradient is NaN; the target or the region does not fit.

    Example:
        >>> import numpy as np
        >>> from resunet_kit.inference import grad_cam
        >>> from resunet_kit.models import res_unet
        >>> model = res_unet((32, 32, 1), filters=(4, 8))
        >>> images = np.random.default_rng(0).random((2, 32, 32, 1), "float32")
        >>> grad_cam(model, images).shape
        (2, 32, 32)

    References:
        Selvaraju et al. 2017, Grad-CAM, arXiv 1610.02391; for segmentation Vinogradova et al. 2020, Towards
        Interpretable Semantic Segmentation via Gradient-weighted Class Activation Mapping, arXiv 2002.11434.
    """
    check_keras_model("model", model, "Gradients pass through the layers of a Keras model")
    array = image_array(model, images)
    size = array.shape[1:-1]
    weights_of = ScoreWeights(model, len(array), size, target, region)
    found = find_layer(model, layer) if layer is not None else last_convolution(model, has_maps=weights_of.has_maps)
    tap = Tap(found.path)
    gradient = layer_gradient(model, tap)
    replacements = [*_without_activation(final_activation(model)), Replacement(found.layer, "call", tap.wrap)]
    maps = []
    for batch in batches(len(array), batch_size=batch_size, verbose=verbose):
        # Outside the context, in which nothing may be compiled that the model keeps.
        weights = weights_of(np.asarray(model.predict_on_batch(array[batch]), "float32"), batch)
        with replaced_functions(replacements):
            features, slopes = gradient(array[batch], weights)
        maps.append(_class_activation(features, slopes, array.ndim, found))
    return heat_maps(np.concatenate(maps), size)


def _without_activation(activation: FinalActivation) -> list[Replacement]:
    if not activation.attribute:
        return []
    return [Replacement(activation.owner, activation.attribute, lambda _: lambda x, **_options: x)]


def _class_activation(features: np.ndarray, slopes: np.ndarray, rank: int, found: Found) -> np.ndarray:
    """Return the weighted sum of the channels, `(n, ...)`."""
    if features.ndim != rank:
        raise ValueError(
            f"Expected a layer whose output has spatial axes. Received layer={found.path!r} with output shape "
            f"{(None, *features.shape[1:])}. Pass one before the pooling, or None for the last convolution."
        )
    weights = slopes.mean(axis=tuple(range(1, rank - 1)), keepdims=True)
    return (weights * features).sum(axis=-1)
