"""Occlusion: how much a score falls when a window of the image is covered."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from resunet_kit._shared.numbers import integer, integers_per_axis, number
from resunet_kit.inference._heat_maps import heat_maps
from resunet_kit.inference._image_array import batches, image_array
from resunet_kit.inference._predictor import Predictor, check_predictor
from resunet_kit.inference._targets import ScoreWeights, Target

Window = tuple[slice, ...]

ROUNDING = 1e-6  # of a score in float32


def occlusion(
    model: Predictor,
    images: Any,
    *,
    window: int | Sequence[int] | None = None,
    stride: int | Sequence[int] | None = None,
    fill: float | None = None,
    target: Target = None,
    region: ArrayLike | None = None,
    batch_size: int = 32,
    verbose: int = 0,
) -> np.ndarray:
    """Cover the windows of an image one after the other, and map how much the score falls.

    With the score `S` and the image `x_w` whose window `w` is covered: `map = ReLU(mean over the windows that cover the
    pixel of S(x) − S(x_w))`, divided by its maximum. It needs no layer and no gradient, and works on any engine. It
    costs one prediction per window. The score is the model's output: if a probability is 1 up to rounding, covering may
    change nothing, and `grad_cam`, which explains the logit, shows more.

    Args:
        model: A model from images or volumes to scores `(batch, classes)` or to maps `(batch, ..., classes)`; a
            `keras.Model`, or one that `accelerate` returned.
        images: `(n, height, width, channels)` or `(n, depth, height, width, channels)`, in the range of the training
            images; a list of images of one size; for 2-D models also a generator or dataset.
        window: Size of the covered window in pixels, one for all spatial axes or one for each. None: an eighth of each
            axis.
        stride: Distance between windows, at most their size, so that every pixel is covered. None: half a window.
        fill: Value that covers the window. None: the mean of each channel of the image.
        target: The class to explain: a class label for all images, or one for each. For one sigmoid unit, 1 is the
            positive class and 0 the other. None: the predicted class of a classifier, and 1 if it has one unit; for a
            segmenter the foreground, with several classes the largest one predicted in each image.
        region: For a segmenter, the pixels whose mean score is explained: a mask `(height, width)` or `(n, height,
            width)`. None: the mask predicted for the uncovered image; if that is empty, all pixels.
        batch_size: Covered images per step.
        verbose: 0 for silence, 1 for a progress bar.

    Returns:
        `(n, height, width)` float32 in [0, 1], or `(n, depth, height, width)`: 1 where covering lowers the score most.
        A map is zero where no window lowers the score.

    Raises:
        TypeError: If the model does not predict, or an argument is of another type.
        ValueError: If an image has another shape than the model takes or holds NaN, an output is NaN, the window is
            larger than the image, the stride is larger than the window, or the target or the region does not fit.

    Example:
        >>> import numpy as np
        >>> from resunet_kit.inference import occlusion
        >>> from resunet_kit.models import res_unet
        >>> model = res_unet((32, 32, 1), filters=(4, 8))
        >>> images = np.random.default_rng(0).random((1, 32, 32, 1), "float32")
        >>> occlusion(model, images, window=16).shape
        (1, 32, 32)

    References:
        Zeiler and Fergus 2014, Visualizing and Understanding Convolutional Networks, arXiv 1311.2901.
    """
    check_predictor("model", model)
    array = image_array(model, images)
    size = array.shape[1:-1]
    windows = _windows(size, window, stride)
    count = integer("batch_size", batch_size, "[1, inf)")
    cover = None if fill is None else number("fill", fill)
    weights_of = ScoreWeights(model, len(array), size, target, region)
    evidence = []
    for batch in batches(len(array), batch_size=1, verbose=verbose):
        [image] = array[batch]
        outputs = _predicted(model, image[None])
        weighted = outputs * weights_of(outputs, batch)
        falls = weighted.sum() - _scores(model, image, windows, weights_of(outputs, batch), cover, count)
        # Engines round, and differently for batches of another size, which is not evidence.
        falls[np.abs(falls) <= ROUNDING * np.abs(weighted).sum()] = 0
        evidence.append(_mean_over_windows(falls, windows, size))
    return heat_maps(np.stack(evidence), size)


def _scores(
    model: Predictor, image: np.ndarray, windows: list[Window], weights: np.ndarray, cover: float | None, count: int
) -> np.ndarray:
    """Return the score of the image under each window, `(windows,)`."""
    value = image.mean(axis=tuple(range(image.ndim - 1))) if cover is None else cover
    scores = []
    for start in range(0, len(windows), count):
        covered = np.stack([image] * len(windows[start : start + count]))
        for copy, position in zip(covered, windows[start:], strict=False):
            copy[position] = value
        outputs = _predicted(model, covered)
        scores.append((outputs * weights).reshape(len(covered), -1).sum(axis=1, dtype="float64"))
    return np.concatenate(scores)


def _predicted(model: Predictor, batch: np.ndarray) -> np.ndarray:
    return np.asarray(model.predict_on_batch(batch), "float32")


def _mean_over_windows(falls: np.ndarray, windows: list[Window], size: tuple[int, ...]) -> np.ndarray:
    total, count = np.zeros(size), np.zeros(size)
    for fall, position in zip(falls, windows, strict=True):
        total[position] += fall
        count[position] += 1
    return total / count


def _windows(size: tuple[int, ...], window: Any, stride: Any) -> list[Window]:
    """Return the windows: at multiples of the stride, and one that ends at the border."""
    axes = len(size)
    sizes = tuple(max(1, n // 8) for n in size) if window is None else integers_per_axis("window", window, axes)
    steps = tuple(max(1, n // 2) for n in sizes) if stride is None else integers_per_axis("stride", stride, axes)
    for name, values, limits in (("window", sizes, size), ("stride", steps, sizes)):
        if any(value > limit for value, limit in zip(values, limits, strict=True)):
            raise ValueError(
                f"Expected {name} up to {limits}, the size of the {'image' if name == 'window' else 'window'}, so that "
                f"every pixel is covered. Received {name}={values}. Pass a smaller one."
            )
    starts = (
        sorted({*range(0, n - length, step), n - length}) for n, length, step in zip(size, sizes, steps, strict=True)
    )
    return [
        tuple(slice(start, start + length) for start, length in zip(corner, sizes, strict=True))
        for corner in itertools.product(*starts)
    ]
