"""Surface scores of two masks: Hausdorff distance, average surface distance and surface Dice."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from resunet_kit._shared.mask_checks import Spacing, pixel_size
from resunet_kit._shared.numbers import flag, number
from resunet_kit.metrics._mask_pair import Mask, as_pair, extent
from resunet_kit.metrics._nearest import Distances, Pixels, nearest_distances


class SurfaceScores(NamedTuple):
    """Result of `surface_scores`; each value equals that of the function of the same name.

    Attributes:
        hausdorff_distance: In the unit of the spacing; 0 is best.
        average_surface_distance: In the unit of the spacing; 0 is best.
        surface_dice: In [0, 1]; 1 is best.
    """

    hausdorff_distance: float
    average_surface_distance: float
    surface_dice: float


def surface_scores(
    truth: ArrayLike,
    prediction: ArrayLike,
    *,
    tolerance: float = 1.0,
    percentile: float = 100,
    spacing: Spacing = None,
) -> SurfaceScores:
    """Compute all surface scores from one pass over the masks.

    The surface of a mask consists of the foreground pixels with a background pixel across a face; everything outside
    the image is background. Distances are Euclidean, between centres of surface pixels.

    If both masks are empty, the distances are 0 and the surface Dice is 1; if only one is, they are infinity and 0.

    Args:
        truth: `(height, width)` or `(depth, height, width)`; booleans, 0/1 or 0/255.
        prediction: The same.
        tolerance: Largest distance at which surface pixels agree, in the unit of `spacing`, 0 or more.
        percentile: Percentile of the Hausdorff distance in percent, above 1 and up to 100, or 0; 95 leaves out the
            farthest 5 %.
        spacing: Distance between neighbouring pixels, one number for all axes or one for each; `None` means 1.

    Raises:
        TypeError: If the masks' values or an option are not numbers.
        ValueError: If the shapes differ or are not 2-D or 3-D, a mask has other values, or an option is out of range.

    Example:
        >>> import numpy as np
        >>> truth = np.zeros((8, 8), bool); truth[2:6, 2:6] = True
        >>> prediction = np.roll(truth, 1, axis=0)
        >>> scores = surface_scores(truth, prediction, tolerance=0.5, spacing=(2, 1))
        >>> scores.hausdorff_distance, round(scores.average_surface_distance, 3), scores.surface_dice
        (2.0, 0.833, 0.5)
    """
    within = number("tolerance", tolerance, "[0, inf)")
    rank = _percent(percentile)
    between = _distances(truth, prediction, spacing)
    return SurfaceScores(_hausdorff(between, rank), _average(between), _dice(between, within))


def surface_scores_at(
    truth: ArrayLike,
    prediction: ArrayLike,
    *,
    tolerance: float,
    percentiles: Iterable[float],
    spacing: Spacing,
) -> tuple[float, ...]:
    """Return the Hausdorff distance at each percentile, the average surface distance and the surface Dice, in one pass.

    The options are those of `surface_scores`.
    """
    between = _distances(truth, prediction, spacing)
    return (*(_hausdorff(between, _percent(one)) for one in percentiles), _average(between), _dice(between, tolerance))


def hausdorff_distance(
    truth: ArrayLike,
    prediction: ArrayLike,
    *,
    spacing: Spacing = None,
    percentile: float = 100,
    directed: bool = False,
) -> float:
    """Compute the Hausdorff distance, or a percentile of it, between the surfaces of two masks.

    `max(P(d(truth, prediction)), P(d(prediction, truth)))`, where `d(a, b)` holds the distance of each surface pixel of
    `a` to the surface of `b` and `P` is the percentile, interpolated linearly. This is the larger of the two directed
    percentiles, as in MONAI and DeepMind's surface-distance; MedPy takes the percentile of all distances together,
    which is smaller or equal.

    The directed distance is `P(d(prediction, truth))`: from the prediction to the truth, so that it measures what was
    predicted too far out, and not what was missed. Swap the masks for the other direction.

    Surfaces and empty masks are defined as in `surface_scores`.

    Args:
        truth: `(height, width)` or `(depth, height, width)`; booleans, 0/1 or 0/255.
        prediction: The same.
        spacing: Distance between neighbouring pixels, one number for all axes or one for each; `None` means 1.
        percentile: In percent, above 1 and up to 100, or 0; 100 is the Hausdorff distance itself, 95 the usual robust
            version.
        directed: Whether to measure only from the prediction to the truth.

    Returns:
        The distance in the unit of `spacing`; 0 if both masks are empty, infinity if only one is.

    Raises:
        TypeError: If the masks' values or the percentile are not numbers, or `directed` is not a boolean.
        ValueError: If the shapes differ or are not 2-D or 3-D, a mask has other values, or an option is out of range.

    Example:
        >>> truth, prediction = [[1, 0, 0, 0]], [[1, 0, 0, 1]]
        >>> hausdorff_distance(truth, prediction, spacing=(1, 0.5))
        1.5
        >>> hausdorff_distance(truth, prediction, directed=True), hausdorff_distance(prediction, truth, directed=True)
        (3.0, 0.0)

    References:
        Huttenlocher, Klanderman and Rucklidge (1993), "Comparing images using the Hausdorff distance", IEEE
        Transactions on Pattern Analysis and Machine Intelligence 15(9).
    """
    rank = _percent(percentile)
    towards_truth = flag("directed", directed)
    return _hausdorff(_chosen(_distances(truth, prediction, spacing), towards_truth), rank)


def average_surface_distance(
    truth: ArrayLike, prediction: ArrayLike, *, spacing: Spacing = None, symmetric: bool = True
) -> float:
    """Compute the average surface distance between two masks, symmetric or from one to the other.

    This is the mean, over the pixels of both surfaces, of the distance to the other surface: the larger surface weighs
    more, as in MONAI with `symmetric=True`. It is not the mean of the two directed means, which DeepMind's
    surface-distance returns separately.

    With `symmetric=False`, it is the mean distance from the prediction's surface to that of the truth, as in MONAI.
    Swap the masks for the other direction.

    Surfaces and empty masks are defined as in `surface_scores`.

    Args:
        truth: `(height, width)` or `(depth, height, width)`; booleans, 0/1 or 0/255.
        prediction: The same.
        spacing: Distance between neighbouring pixels, one number for all axes or one for each; `None` means 1.
        symmetric: Whether to average over both surfaces, or only from the prediction to the truth.

    Returns:
        The distance in the unit of `spacing`; 0 if both masks are empty, infinity if only one is.

    Raises:
        TypeError: If the masks' values or the spacing are not numbers, or `symmetric` is not a boolean.
        ValueError: If the shapes differ or are not 2-D or 3-D, a mask has other values, or the spacing does not fit.

    Example:
        >>> truth, prediction = [[1, 0, 0, 0]], [[1, 0, 0, 1]]
        >>> average_surface_distance(truth, prediction)
        1.0
        >>> average_surface_distance(truth, prediction, symmetric=False)
        1.5

    References:
        Heimann et al. (2009), "Comparison and evaluation of methods for liver segmentation from CT datasets", IEEE
        Transactions on Medical Imaging 28(8).
    """
    both = flag("symmetric", symmetric)
    return _average(_chosen(_distances(truth, prediction, spacing), not both))


def surface_dice(truth: ArrayLike, prediction: ArrayLike, *, tolerance: float, spacing: Spacing = None) -> float:
    """Compute the surface Dice: the fraction of both surfaces that lies within a tolerance of the other.

    `(|{d(truth, prediction) <= t}| + |{d(prediction, truth) <= t}|) / (|truth| + |prediction|)`, counted in surface
    pixels. Choose the tolerance from the disagreement between human observers.

    Surfaces and empty masks are defined as in `surface_scores`.

    Args:
        truth: `(height, width)` or `(depth, height, width)`; booleans, 0/1 or 0/255.
        prediction: The same.
        tolerance: Accepted distance, in the unit of `spacing`, 0 or more.
        spacing: Distance between neighbouring pixels, one number for all axes or one for each; `None` means 1.

    Returns:
        A fraction in [0, 1]; 1 if both masks are empty, 0 if only one is.

    Raises:
        TypeError: If the masks' values or an option are not numbers.
        ValueError: If the shapes differ or are not 2-D or 3-D, a mask has other values, or an option is out of range.

    Note:
        The paper weights each surface element by its area and takes the surface between pixels; here, surface pixels
        are counted, as in MONAI by default.

    Example:
        >>> surface_dice([[1, 0, 0, 0]], [[1, 0, 0, 1]], tolerance=1)
        0.6666666666666666

    References:
        Nikolov et al. (2018), "Deep learning to achieve clinically applicable segmentation of head and neck anatomy
        for radiotherapy", arXiv:1809.04430.
    """
    within = number("tolerance", tolerance, "[0, inf)")
    return _dice(_distances(truth, prediction, spacing), within)


def _distances(truth: ArrayLike, prediction: ArrayLike, spacing: Spacing) -> tuple[Distances, Distances]:
    """Return the distances from the truth's surface pixels to the prediction's surface, and vice versa."""
    masks = as_pair(truth, prediction)
    sizes = pixel_size(spacing, masks[0].ndim)
    ours, theirs = (_surface(mask) for mask in masks)
    if ours.size and theirs.size:
        return nearest_distances(ours, theirs, sizes)
    return np.full(ours.shape[1], math.inf), np.full(theirs.shape[1], math.inf)


def _chosen(between: tuple[Distances, Distances], towards_truth: bool) -> tuple[Distances, ...]:
    """Return both directions, or only that from the prediction to the truth; both where one mask is empty."""
    return between[1:] if towards_truth and all(distances.size for distances in between) else between


def _percent(percentile: float) -> float:
    """Return a percentile in percent; a fraction such as 0.95 would mean the smallest distances."""
    rank = number("percentile", percentile, "[0, 100]")
    if 0 < rank <= 1:
        raise ValueError(
            f"Expected percentile in percent, above 1 or 0. Received percentile={percentile!r}. Pass "
            f"percentile={100 * rank:g}."
        )
    return rank


def _surface(mask: Mask) -> Pixels:
    """Return the indices `(axes, pixels)` of foreground pixels with background, or the border, across a face."""
    box = extent(mask)
    inside = np.ascontiguousarray(mask[box])
    inner = inside.copy()
    for axis in range(mask.ndim):
        to, source = np.moveaxis(inner, axis, 0), np.moveaxis(inside, axis, 0)
        to[1:] &= source[:-1]
        to[:-1] &= source[1:]
        to[:1] = to[-1:] = False
    indices = np.unravel_index(np.flatnonzero(inside ^ inner), inside.shape)
    return np.stack([index + own.start for index, own in zip(indices, box, strict=True)])


def _hausdorff(between: tuple[Distances, ...], percentile: float) -> float:
    if not all(distances.size for distances in between):
        return float(np.concatenate(between).max(initial=0))
    return float(max(np.percentile(distances, percentile) for distances in between))


def _average(between: tuple[Distances, ...]) -> float:
    found = np.concatenate(between)
    return float(found.mean()) if found.size else 0.0


def _dice(between: tuple[Distances, Distances], tolerance: float) -> float:
    found = np.concatenate(between)
    # A distance that equals the tolerance exactly may exceed it by rounding.
    return float(np.mean(found <= tolerance * (1 + 1e-6))) if found.size else 1.0
