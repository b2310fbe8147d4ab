"""Test-time augmentation: the mean prediction over flipped, rotated and scaled copies of the images."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from resunet_kit._shared.numbers import flag
from resunet_kit.inference._image_array import image_array
from resunet_kit.inference._moments import spread_of
from resunet_kit.inference._predictor import Predictor, check_predictor
from resunet_kit.inference._transforms import Transform, Transforms, parse_transforms
from resunet_kit.inference.uncertainty import uncertainty_of


def predict_tta(
    model: Predictor,
    images: Any,
    *,
    transforms: Transforms = "flips",
    return_std: bool = False,
    return_uncertainty: bool = False,
    batch_size: int = 8,
    verbose: int = 0,
) -> Any:
    """Predict transformed copies of the images, undo the transforms on the maps, and average them.

    `mean = 1/T Σ undo_t(model(transform_t(image)))`. Flips and rotations are undone exactly; a scale is undone by
    resizing the map, antialiased and bilinear. The outputs of a classifier are averaged directly. The outputs should be
    probabilities: the mean of logits is another quantity.

    Args:
        model: A model from images or volumes to maps `(batch, ..., classes)` or to scores `(batch, classes)`; a
            `keras.Model`, or one that `accelerate` returned.
        images: `(n, height, width, channels)` or `(n, depth, height, width, channels)`, in the range of the training
            images; a list of images of one size; for 2-D models also a generator or dataset.
        transforms: `"flips"`, all combinations of flips along the spatial axes: 4 for images, 8 for volumes;
            `"rotations"`, by 0, 90, 180 and 270 degrees in the plane of height and width; `"dihedral"`, the rotations
            with and without a flip. Or a sequence of names: `"identity"`, `"flip_horizontal"`, `"flip_vertical"`,
            `"flip_depth"`, `"rotate_90"`, `"rotate_180"`, `"rotate_270"`, `"scale_0.75"` with any factor, and several
            joined as in `"scale_0.75+flip_vertical"`. An entry may be a tuple of two functions: one from a batch of
            images to the transformed batch, and one back from a batch of outputs, also for classifiers.
        return_std: Whether to return the standard deviation over the transforms too.
        return_uncertainty: Whether to return an `Uncertainty`, with mean, standard deviation and entropies.
        batch_size: Images per step.
        verbose: 0 for silence, 1 for a progress bar.

    Returns:
        The mean, `(n, ..., classes)` float32 of the outputs' shape; with `return_std` the tuple `(mean, std)`; with
        `return_uncertainty` an `Uncertainty`.

    Raises:
        TypeError: If an argument is of another type.
        ValueError: If an image has another shape than the model takes or holds NaN, an output is NaN, a transform is
            unknown, or a transform changes the size of the images and the model is built for one size.

    Example:
        >>> import numpy as np
        >>> from resunet_kit.inference import predict_tta
        >>> from resunet_kit.models import res_unet
        >>> model = res_unet((None, None, 1), filters=(4, 8))
        >>> images = np.random.default_rng(0).random((2, 24, 32, 1), "float32")
        >>> mean, std = predict_tta(model, images, transforms=["identity", "rotate_90"], return_std=True)
        >>> mean.shape, bool(std.max() > 0)
        ((2, 24, 32, 1), True)

    References:
        Wang et al. 2019, Aleatoric uncertainty estimation with test-time augmentation for medical image segmentation,
        arXiv 1807.07356; Isensee et al. 2021, nnU-Net, arXiv 1904.08128, predicts with all flips.
    """
    check_predictor("model", model)
    wants_std, wants_all = flag("return_std", return_std), flag("return_uncertainty", return_uncertainty)
    array = image_array(model, images)
    has_maps = _has_maps(model)
    chosen = parse_transforms(transforms, array.ndim - 2)
    for transform in chosen:
        _check_size(model, array[:1], transform)

    def predictions(batch: np.ndarray) -> Iterator[tuple[Any, float]]:
        for transform in chosen:
            yield _predicted(model, batch, transform, has_maps=has_maps), 1.0

    spread = spread_of(array, predictions, batch_size=batch_size, verbose=verbose, entropies=wants_all)
    if wants_all:
        return uncertainty_of(spread)
    return (spread.mean, spread.std) if wants_std else spread.mean


def _predicted(model: Predictor, batch: np.ndarray, transform: Transform, *, has_maps: bool) -> np.ndarray:
    transformed, undo = transform(batch)
    outputs = np.asarray(model.predict_on_batch(np.ascontiguousarray(transformed, "float32")), "float32")
    return undo(outputs) if has_maps or transform.own else outputs


def _has_maps(model: Predictor) -> bool:
    rank = len(model.output_shape)
    if rank not in (2, len(model.input_shape)):
        raise ValueError(
            f"Expected a model with maps or scores (batch, classes) as output. Received output shape "
            f"{model.output_shape} for input shape {model.input_shape}. Build a model of one such output."
        )
    return rank > 2


def _check_size(model: Predictor, image: np.ndarray, transform: Transform) -> None:
    size, expected = transform(image)[0].shape[1:-1], model.input_shape[1:-1]
    if any(fixed not in (None, own) for fixed, own in zip(expected, size, strict=True)):
        variable = (*[None] * len(expected), model.input_shape[-1])
        raise ValueError(
            f"Expected transforms that keep the size {image.shape[1:-1]} of the images, for which the model is built. "
            f"Received {transform.name!r}, which gives {size}. Use flips and 'rotate_180', or a model for a variable "
            f"size, built with input_shape={variable}."
        )
