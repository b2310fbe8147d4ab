"""Checks of a cascade's images and outputs; every error names the image by its index from 0."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from resunet_kit._shared.truth import TOLERANCE
from resunet_kit.inference._predictor import Predictor
from resunet_kit.inference._stage_checks import keras_model
from resunet_kit.inference._value_range import ValueRange, takes_raw_intensities

RAW = 30.0  # standardised images seldom exceed it, and raw intensities without negative values mostly do
DARK = 0.5  # an image without any raw intensity above this has hardly any signal
SUM_TOLERANCE = 0.02  # for a softmax in half precision


def check_image(image: np.ndarray, index: int, value_range: ValueRange, *, raw: bool) -> None:
    """Refuse an image without pixels, with NaN, or of another range than the models were trained on.

    Args:
        image: `(height, width, channels)`.
        index: Position of the image, for the message.
        value_range: As in `Cascade`.
        raw: Whether the model rescales raw intensities itself.

    Raises:
        TypeError: If the values are not numbers.
        ValueError: If the image is not as above.
    """
    if image.dtype.kind not in "biuf":
        raise TypeError(f"Expected images of numbers. Received dtype {image.dtype}. Convert them with astype(float).")
    if image.size == 0:
        raise ValueError(
            f"Expected images with at least one pixel. Received image {index} of shape {image.shape}. Check the crop."
        )
    low, high = float(image.min()), float(image.max())
    if not np.isfinite([low, high]).all():
        kind = "NaN" if np.isnan(low) else "an infinite value"
        raise ValueError(
            f"Expected images of finite numbers. Received {kind} in image {index}. Replace it, as numpy.nan_to_num "
            "does, or leave the image out."
        )
    problem = _range_problem(image, low, high, value_range, raw=raw)
    if problem:
        expected, cure = problem
        raise ValueError(
            f"Expected {expected}. Received image {index} of dtype {image.dtype} with values from {low:.4g} to "
            f"{high:.4g}. {cure}"
        )


def _range_problem(
    image: np.ndarray, low: float, high: float, value_range: ValueRange, *, raw: bool
) -> tuple[str, str] | None:
    """Return what is expected and the cure if the values contradict the range."""
    if value_range is None:
        return None
    declared = value_range != "auto"
    limits = (0.0, 255.0 if raw else 1.0) if value_range == "auto" else value_range
    slack = TOLERANCE * (limits[1] - limits[0])
    if declared and not limits[0] - slack <= low <= high <= limits[1] + slack:
        return (
            f"images with values from {limits[0]:g} to {limits[1]:g}, the cascade's value_range",
            "Scale them as in training, or pass the range of the training images as value_range.",
        )
    if limits[1] > RAW:
        # Fractions up to about 1 are images that were divided already. Darker ones may be a resized dark slice.
        divided = limits[0] == 0 and limits[1] == 255 and low >= 0 and DARK < high <= 1 and not _is_integral(image)
        if not divided:
            return None
        return (
            f"images with values up to {limits[1]:g}, which the models rescale themselves",
            "Multiply them: images * 255; or, if the models were trained on such images, pass value_range=(0, 1).",
        )
    cure = (
        "Divide them as in training: images / 255 for 8 bits; or, if the models were trained on raw intensities, pass "
        "their range: Cascade(..., value_range=(0, 255))."
    )
    expected = f"floating-point images from {limits[0]:g} to {limits[1]:g}, or standardised ones"
    if image.dtype.kind in "iu":
        return expected, cure
    above = not declared and low >= 0 and (high > RAW or (high > 1 + TOLERANCE and _is_integral(image)))
    return (expected, cure) if above else None


def _is_integral(image: np.ndarray) -> bool:
    return bool((image == np.round(image)).all())


class ImageCheck:
    """The checks of `check_image` for the models that see the images."""

    def __init__(self, models: Iterable[Predictor], value_range: ValueRange) -> None:
        self.value_range = value_range
        self.raw = {takes_raw_intensities(keras_model(model)) for model in models}

    def __call__(self, image: np.ndarray, index: int) -> np.ndarray:
        for raw in self.raw:
            check_image(image, index, self.value_range, raw=raw)
        return image


def check_outputs(stage: str, outputs: np.ndarray, indices: Any) -> None:
    """Refuse outputs that are not probabilities.

    Args:
        stage: "classifier" or "segmenter", for the message.
        outputs: `(n, ..., classes)`.
        indices: The position of each image, for the message.

    Raises:
        ValueError: If an output is NaN or outside [0, 1], or several classes do not sum to 1.
    """
    axes = tuple(range(1, outputs.ndim))
    low, high = outputs.min(axis=axes), outputs.max(axis=axes)  # NaN where there is one
    finite = np.isfinite(low) & np.isfinite(high)
    if not finite.all():
        raise ValueError(
            f"Expected finite probabilities from the {stage}. Received NaN or an infinite value for image "
            f"{indices[int(np.argmin(finite))]}. Look for weights that training has driven to NaN, and for a mixed "
            "precision that overflows."
        )
    inside = (low >= -TOLERANCE) & (high <= 1 + TOLERANCE)
    classes = outputs.shape[-1]
    if not inside.all():
        worst = int(np.argmin(inside))
        activation = "sigmoid" if classes == 1 else "softmax"
        raise ValueError(
            f"Expected probabilities in [0, 1] from the {stage}. Received values from {low[worst]:.4g} to "
            f"{high[worst]:.4g} for image {indices[worst]}. If they are logits, of a loss with from_logits=True, build "
            f"the {stage} with activation='auto', or end it in a {activation}: "
            f"keras.Model(model.input, keras.ops.{activation}(model.outputs[0]))."
        )
    if classes > 1:
        _check_sums(stage, outputs, indices)


def _check_sums(stage: str, outputs: np.ndarray, indices: Any) -> None:
    sums = np.einsum("...c->...", outputs)
    wrong = np.abs(sums - 1).max(axis=tuple(range(1, sums.ndim))) > SUM_TOLERANCE
    if wrong.any():
        worst = int(np.argmax(wrong))
        part = sums[worst]
        raise ValueError(
            f"Expected softmax probabilities of sum 1 over the {outputs.shape[-1]} classes of the {stage}. Received "
            f"sums from {part.min():.4g} to {part.max():.4g} for image {indices[worst]}. Train with a softmax, "
            "activation='auto'; of classes that may overlap (a sigmoid each), take one alone: "
            "keras.Model(model.input, model.outputs[0][..., 1:2])."
        )
