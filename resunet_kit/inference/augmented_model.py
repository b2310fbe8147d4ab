"""Test-time augmentation inside a model, so that it can be saved, exported and used as a stage of a cascade."""

from typing import Any

import keras
from keras import ops

from resunet_kit.inference._keras_model import check_keras_model
from resunet_kit.inference._transforms import FLIPS, ROTATIONS, Transforms, parse_transforms

EXACT = (*FLIPS, *ROTATIONS, "identity")


def augmented_model(model: keras.Model, *, transforms: Transforms = "flips", name: str = "augmented") -> keras.Model:
    """Build a model that predicts flipped and rotated copies of its images, undoes this on the maps, and averages them.

    It returns what `predict_tta` returns, as one Keras model of stock operations: it can be a stage of a `Cascade`, and
    be saved, exported and accelerated.

    Args:
        model: A model of one image and one output: maps `(batch, ..., classes)`, or scores `(batch, classes)`, which
            are averaged directly. Its weights are shared, not copied.
        transforms: `"flips"`, all combinations of flips along the spatial axes; `"rotations"`, by 0, 90, 180 and 270
            degrees in the plane of height and width; `"dihedral"`, the rotations with and without a flip. Or a sequence
            of names, such as `"identity"`, `"flip_horizontal"`, `"flip_vertical"`, `"flip_depth"`, `"rotate_90"`, and
            several joined as in `"rotate_90+flip_vertical"`. Scales and functions are not accepted.
        name: Name of the model.

    Returns:
        A model of the same input and output shape, whose output is float32. For a model that ends in logits, it is the
        mean of the logits.

    Raises:
        TypeError: If the model is not a `keras.Model`, or a transform is not a name.
        ValueError: If the model has several inputs or outputs, a transform is unknown or not exact, or it swaps the
            axes of images of a fixed size that is not square.

    Example:
        >>> import numpy as np
        >>> from resunet_kit.inference import augmented_model, predict_tta
        >>> from resunet_kit.models import res_unet
        >>> model = res_unet((32, 32, 1), filters=(4, 8))
        >>> images = np.random.default_rng(0).random((2, 32, 32, 1), "float32")
        >>> mean = augmented_model(model, transforms="dihedral").predict_on_batch(images)
        >>> bool(np.abs(mean - predict_tta(model, images, transforms="dihedral")).max() < 1e-6)
        True

    References:
        Wang et al. 2019, Aleatoric uncertainty estimation with test-time augmentation for medical image segmentation,
        arXiv 1807.07356.
    """
    check_keras_model("model", model, "What is returned is a Keras model")
    if not model.inputs:
        raise ValueError(
            f"Expected a functional or sequential model. Received {model.name!r}, of a class of its own. Call it on a "
            "keras.Input and build a keras.Model of that, or use predict_tta."
        )
    given = model.inputs[0]
    rank = len(given.shape) - 2
    chosen = [transform.name.split("+") for transform in parse_transforms(transforms, rank)]
    for steps in chosen:
        _check_steps(steps, given.shape)
    image = keras.Input(given.shape[1:], dtype=given.dtype, name="image")
    has_maps = len(model.outputs[0].shape) > 2
    outputs = []
    for steps in chosen:
        x = image
        for step in steps:
            x = _step(x, step)
        y = ops.cast(model(x), "float32")
        for step in reversed(steps if has_maps else []):
            y = _step(y, step, undo=True)
        outputs.append(y)
    mean = keras.layers.Average(dtype="float32", name="mean")(outputs) if len(outputs) > 1 else outputs[0]
    return keras.Model(image, mean, name=name)


def _check_steps(steps: list[str], shape: tuple[int | None, ...]) -> None:
    for step in steps:
        if step not in EXACT:
            raise ValueError(
                f"Expected transforms by whole pixels: {', '.join(EXACT)}, or several joined by '+'. Received "
                f"{step!r}. Use predict_tta for scales and for functions of your own."
            )
    height, width = shape[-3:-1]
    turned = any(ROTATIONS.get(step, 0) % 2 for step in steps)
    if turned and None not in (height, width) and height != width:
        raise ValueError(
            f"Expected a square image, or a variable size, for rotations by 90 degrees. Received {height} x {width}. "
            "Use 'flips', or a model built with input_shape=(None, None, channels)."
        )


def _step(x: Any, step: str, *, undo: bool = False) -> Any:
    if step in FLIPS:
        return ops.flip(x, axis=-1 - FLIPS[step])
    turns = ROTATIONS.get(step, 0)
    return _rotated(x, -turns % 4 if undo else turns)


def _rotated(x: Any, turns: int) -> Any:
    """Rotate height and width like `numpy.rot90`; Keras's own is wrong for oblong images rotated by 180 degrees."""
    height, width = len(x.shape) - 3, len(x.shape) - 2
    if turns == 2:
        return ops.flip(x, axis=(height, width))
    if turns == 0:
        return x
    turned = ops.swapaxes(ops.flip(x, axis=width) if turns == 1 else x, height, width)
    return ops.flip(turned, axis=width) if turns == 3 else turned
