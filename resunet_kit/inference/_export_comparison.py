"""Comparison of the outputs of an exported file with those of its model."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import keras
import numpy as np

from resunet_kit.inference._export_samples import Sample, samples

# The relative change of an input whose effect shows how much rounding may change: some roundings of float32.
ROUNDING = 2.0**-20
# Networks amplify it up to ten times on ordinary images. On large values, some are near the boundary between two
# classes in many pixels at a time, and amplify it far more; no more than this is granted.
USUAL, LIMIT = 10.0, 100.0
ORDINARY = 1e-5  # rounding differences up to this need no such allowance, and no second run of the model


class Comparison(NamedTuple):
    """Result of the comparison on one batch.

    Attributes:
        name: Content of the batch.
        shape: Shape of the batch.
        difference: Largest difference between the outputs, relative to the model's largest output where that is above
            1: `max|exported - model| / max(1, max|model|)`.
        amplification: How much more the model itself amplifies rounding on this batch than on ordinary ones, from 1 to
            100; a difference is divided by it before it is judged.
    """

    name: str
    shape: tuple[int, ...]
    difference: float
    amplification: float = 1.0

    @property
    def judged(self) -> float:
        """The difference, divided by the model's own amplification of rounding."""
        return self.difference / self.amplification


def compare(model: keras.Model, run: Callable[[np.ndarray], list[np.ndarray]]) -> list[Comparison]:
    """Compare an exported file with its model, batch by batch.

    Args:
        model: The model, computing in float32.
        run: Function from a batch to the file's outputs.
    """
    return [_compared(model, run, sample) for sample in _samples(model)]


def outputs_of(model: keras.Model, images: np.ndarray) -> list[np.ndarray]:
    """Return the outputs of a batch as arrays, in the model's order."""
    return [keras.ops.convert_to_numpy(output) for output in keras.tree.flatten(model(images, training=False))]


def difference(expected: list[np.ndarray], received: list[np.ndarray]) -> float:
    """Return the largest difference between outputs; infinite for different shapes, or NaN in only one of them.

    Example:
        >>> difference([np.array([0.25, 200.0])], [np.array([0.5, 201.0])])
        0.005
    """
    if [np.shape(output) for output in expected] != [np.shape(output) for output in received]:
        return np.inf
    return max(map(_largest, expected, received), default=0.0)


def _largest(expected: np.ndarray, received: np.ndarray) -> float:
    same = (expected == received) | (np.isnan(expected) & np.isnan(received))  # infinities too
    if same.all():
        return 0.0
    if not (np.isfinite(expected[~same]).all() and np.isfinite(received[~same]).all()):
        return np.inf
    finite = np.abs(expected[np.isfinite(expected)], dtype="float64")
    gap = np.abs(expected[~same].astype("float64") - received[~same]).max()
    return float(gap / max(1.0, finite.max()))


def _samples(model: keras.Model) -> Iterator[Sample]:
    def works(images: np.ndarray) -> bool:
        try:
            model(images, training=False)
        except Exception:  # backends may raise anything
            return False
        return True

    return samples(model, works)


def _compared(model: keras.Model, run: Any, sample: Sample) -> Comparison:
    expected = outputs_of(model, sample.images)
    found = difference(expected, run(sample.images))
    amplification = _amplification(model, sample.images, expected) if found > ORDINARY else 1.0
    return Comparison(sample.name, sample.images.shape, found, amplification)


def _amplification(model: keras.Model, images: np.ndarray, expected: list[np.ndarray]) -> float:
    """Return the effect of a change of the input by a millionth, in units of ten millionths, within limits."""
    if images.dtype.kind != "f":
        return 1.0
    signs = np.random.default_rng(0).choice([-1.0, 1.0], images.shape)
    effect = difference(expected, outputs_of(model, (images * (1 + ROUNDING * signs)).astype(images.dtype)))
    return min(max(1.0, effect / ROUNDING / USUAL), LIMIT)
