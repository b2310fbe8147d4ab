"""Conversion of truth, prediction and sample weights to matching shapes, with checks of their values."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from resunet_kit._shared.overlap import Tensor
from resunet_kit._shared.value_checks import refuse

# Resampling and half precision may leave a probability this far outside [0, 1].
TOLERANCE = 1e-3


def compute_dtype(dtype: Any) -> str:
    """Return `"float64"` where `dtype` (or else floatx) asks for it, and `"float32"` for everything else.

    Half precision cannot count the pixels of an image: float16 ends at 65504, bfloat16 has 8 bits of precision.
    """
    asked = keras.dtype_policies.get(dtype or keras.config.floatx()).compute_dtype
    return "float64" if asked == "float64" else "float32"


# === Shapes ===


def check_shapes(y_true: Tensor, y_pred: Tensor) -> None:
    """Raise a `ValueError` unless the shapes, as far as they are known, fit each other."""
    truth, prediction = _shape("y_true", y_true), _shape("y_pred", y_pred)
    if len(prediction) not in (4, 5) or prediction[-1] is None:
        raise ValueError(
            "Expected y_pred of shape (batch, height, width, channels) or (batch, depth, height, width, channels) with "
            f"a known number of channels. Received shape {prediction}. If the channel axis is missing, pass "
            "y_pred[..., None]."
        )
    spatial, channels = prediction[:-1], prediction[-1]
    same_rank = len(truth) == len(prediction) and truth[-1] in (1, channels)
    if not (same_rank or len(truth) == len(prediction) - 1) or not _compatible(truth[: len(spatial)], spatial):
        raise ValueError(
            f"Expected y_true to be masks or one-hot classes of shape {prediction}, or integer labels of shape "
            f"{(*spatial, 1)} or {spatial}. Received shape {truth}. Compare the output of the model with the masks of "
            "the data pipeline."
        )


def _shape(name: str, x: Tensor) -> tuple[int | None, ...]:
    if getattr(x.shape, "rank", 0) is None:  # a TensorFlow tensor, for instance after tf.numpy_function
        raise ValueError(
            f"Expected {name} with a known number of axes. Received a tensor of unknown rank. Set its shape in the "
            "data pipeline, as tf.ensure_shape(x, (None, height, width, 1))."
        )
    return tuple(x.shape)


def _compatible(received: tuple[int | None, ...], expected: tuple[int | None, ...]) -> bool:
    return all(a is None or b is None or a == b for a, b in zip(received, expected, strict=True))


# === Conversion ===


def encode_truth(y_true: Tensor, channels: int, rank: int, ignore_class: int | None) -> tuple[Tensor, Tensor]:
    """Return the truth with one channel per class, and the weights that leave out `ignore_class` (or None).

    Integer labels are recognised by their shape, since Keras casts all labels to float before a loss receives them.
    """
    if len(y_true.shape) == rank - 1:
        y_true = ops.expand_dims(y_true, -1)
    is_labels = channels > 1 and y_true.shape[-1] == 1
    _check_truth(y_true, channels if is_labels else None, ignore_class)
    truth = ops.equal(y_true, ops.arange(channels, dtype=y_true.dtype)) if is_labels else y_true
    truth = ops.cast(truth, y_true.dtype)
    if ignore_class is None:
        return truth, None
    if not is_labels and _is_channel(ignore_class, channels):
        return truth, 1 - truth[..., ignore_class : ignore_class + 1]
    kept = ops.cast(ops.not_equal(y_true, ignore_class), y_true.dtype)
    return (truth if is_labels else truth * kept), kept


def _is_channel(index: int | None, channels: int) -> bool:
    return index is not None and channels > 1 and 0 <= index < channels


def to_probabilities(y_pred: Tensor, *, from_logits: bool, multilabel: bool) -> Tensor:
    """Apply the sigmoid or softmax that logits lack; return probabilities unchanged."""
    if not from_logits:
        return y_pred
    if multilabel or y_pred.shape[-1] == 1:
        return ops.sigmoid(y_pred)
    # TensorFlow's softmax ends at 1 - 6e-8, which losses that are steep at a perfect score would count as an error.
    probabilities = ops.softmax(y_pred, axis=-1)
    return probabilities + ops.stop_gradient(ops.where(probabilities > 1 - 2e-7, 1 - probabilities, 0.0))


def normalized_class_weights(
    channels: int,
    *,
    multilabel: bool,
    include_background: bool,
    ignore_class: int | None,
    class_weights: Sequence[float] | None = None,
) -> np.ndarray:
    """Return the weights of the classes in the mean: non-negative, summing to 1, and 0 for a class that is left out."""
    if class_weights is not None and len(class_weights) != channels:
        raise ValueError(
            f"Expected class_weights with one entry for each of the prediction's {channels} channels. Received "
            f"{len(class_weights)} entries: {list(class_weights)}. Count the background's channel too."
        )
    weights = np.ones(channels) if class_weights is None else np.array(class_weights, dtype="float64")
    if channels > 1 and not multilabel and not include_background:
        weights[0] = 0
    if ignore_class is not None and _is_channel(ignore_class, channels):
        weights[ignore_class] = 0
    if weights.sum() == 0:
        raise ValueError(
            f"Expected at least one class to score. Received class_weights={class_weights}, "
            f"include_background={include_background} and ignore_class={ignore_class}, which leave none of {channels} "
            "channels. Give one a weight."
        )
    return weights / weights.sum()


def split_sample_weight(sample_weight: Tensor, y_pred: Tensor) -> tuple[Tensor, Tensor]:
    """Return weights per pixel, `(batch, ..., 1 or classes)`, and per image, `(batch,)`; one or both are None."""
    if sample_weight is None:
        return None, None
    sample_weight = weight = ops.convert_to_tensor(sample_weight, dtype=y_pred.dtype)
    shape, expected = _shape("sample_weight", weight), tuple(y_pred.shape)
    _check_sample_weight(weight)
    if all(size == 1 for size in shape[1:]) and (not shape or _compatible(shape[:1], expected[:1])):
        return None, ops.reshape(weight, (-1,))
    if len(shape) == len(expected) - 1:
        weight, shape = ops.expand_dims(weight, -1), (*shape, 1)
    fits = len(shape) == len(expected) and shape[-1] in (1, expected[-1])
    if not fits or not _compatible(shape[:-1], expected[:-1]):
        raise ValueError(
            f"Expected sample_weight per image, of shape ({expected[0]},), or per pixel, of shape {expected[:-1]}, "
            f"{(*expected[:-1], 1)} or {expected}. Received shape {tuple(sample_weight.shape)}. Reshape it."
        )
    return weight, None


# === Checks of values ===


def value_range(x: Tensor) -> tuple[Tensor, Tensor] | None:
    """Return the minimum and maximum as scalars, or None if there are no values."""
    return None if 0 in x.shape else (ops.min(x), ops.max(x))


def check_finite(name: str, x: Tensor, cure: str) -> tuple[Tensor, Tensor] | None:
    """Raise a `ValueError` for NaN and infinite values, in compiled steps too; return the range like `value_range`."""
    found = value_range(x)
    if found is not None:
        expected = f"Expected {name} to hold finite numbers. Received "
        refuse(ops.any(ops.isnan(x)), f"{expected}NaN. {cure}")
        # Not isfinite: an empty batch on a replica has a range of inf to -inf.
        infinite = ops.logical_or(ops.equal(found[0], -np.inf), ops.equal(found[1], np.inf))
        refuse(infinite, f"{expected}an infinite value. {cure}")
    return found


def _outside(found: tuple[Tensor, Tensor], lowest: float, highest: float) -> Tensor:
    return ops.logical_or(found[0] < lowest, found[1] > highest)


def _check_sample_weight(weight: Tensor) -> None:
    cure = "Leave an image or a pixel out by a weight of 0."
    found = check_finite("sample_weight", weight, cure)
    if found is not None:
        expected = "Expected sample_weight of at least 0. Received values from "
        refuse(found[0] < 0, expected, found[0], " to ", found[1], f". {cure}")


def check_prediction(y_pred: Tensor, *, from_logits: bool, multilabel: bool) -> None:
    """Raise a `ValueError` for values that are not finite, and without `from_logits` for those outside [0, 1]."""
    cure = "Look for NaN in the images, and for weights that training has driven to NaN: lower the learning rate."
    found = check_finite("y_pred", y_pred, cure)
    if from_logits or found is None:
        return
    activation = "sigmoid" if multilabel or y_pred.shape[-1] == 1 else "softmax"
    refuse(
        _outside(found, -TOLERANCE, 1 + TOLERANCE),
        "Expected y_pred to be probabilities in [0, 1]. Received values from ",
        *(found[0], " to ", found[1]),
        f" in {y_pred.shape[-1]} channels with multilabel={multilabel}. If they are logits, pass from_logits=True, or "
        f"end the model in a {activation}: one channel takes a sigmoid, several take a softmax, or with "
        "multilabel=True a sigmoid each.",
    )


def _check_truth(y_true: Tensor, classes: int | None, ignore_class: int | None) -> None:
    """Check the values of masks, or of integer labels if `classes` is given."""
    found = check_finite("y_true", y_true, "Look for 0/0 where the masks are made.")
    scored = y_true
    if ignore_class is not None:
        scored = ops.where(ops.equal(y_true, ignore_class), ops.zeros_like(y_true), y_true)
        found = value_range(scored)
    if found is None:
        return
    if classes is not None:
        refuse(
            ops.any(ops.not_equal(scored, ops.round(scored))),
            f"Expected y_true to be integer labels, as its last axis is 1 and the prediction has {classes} channels. "
            "Received fractions. Resize label maps with the nearest method.",
        )
    highest = 1 if classes is None else classes - 1
    expected, cure = (
        ("a mask in [0, 1]", "Divide a 0/255 mask by 255")
        if classes is None
        else (f"integer labels from 0 to {highest}", "Give the model one output channel per class")
    )
    refuse(
        _outside(found, 0, highest),
        f"Expected y_true to be {expected}. Received values from ",
        *(found[0], " to ", found[1]),
        f" with ignore_class={ignore_class}. {cure}, or name a label to leave out with ignore_class.",
    )
