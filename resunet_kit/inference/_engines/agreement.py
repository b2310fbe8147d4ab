"""Agreement of an engine's outputs with those of Keras in float32."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Tolerance:
    """Tolerances within which outputs may differ.

    Attributes:
        largest: Limit of the largest difference between probabilities; for other outputs, as a fraction of the largest
            output. None: no limit.
        mean: Limit of the mean difference between probabilities; for other outputs, as a fraction of their mean size.
        masks: Fraction of the pixels, or images, whose class may differ.
    """

    largest: float | None
    mean: float
    masks: float


# Rounding in bfloat16, which has 8 bits, moves single pixels by any amount where logits are large, but only a few.
TOLERANCES = {
    "float32": Tolerance(largest=1e-3, mean=1e-3, masks=0.001),
    "bfloat16": Tolerance(largest=None, mean=0.01, masks=0.01),
    "int8": Tolerance(largest=None, mean=0.05, masks=0.05),
}
NEAR = 0.02  # a pixel this near to another class has no class to agree on
LINEAR = 5.0  # outputs that are not probabilities are compared with their own size, which is not limited to 1


def largest_difference(expected: Sequence[np.ndarray], received: Sequence[np.ndarray]) -> float:
    """Return the largest difference between outputs of the same shapes."""
    return max(float(np.max(np.abs(a.astype(float) - b), initial=0.0)) for a, b in zip(expected, received, strict=True))


def disagreement(expected: Sequence[np.ndarray], received: Sequence[np.ndarray], precision: str) -> str:
    """Return how the outputs disagree, in words; an empty string if they agree.

    Args:
        expected: The outputs of Keras in float32.
        received: The outputs of an engine.
        precision: The precision, which determines the tolerance.

    Example:
        >>> import numpy as np
        >>> disagreement([np.array([[0.2, 0.8]])], [np.array([[0.8, 0.2]])], "bfloat16")
        'outputs differ by 0.6 on average, tolerance 0.01'
    """
    shapes = [[array.shape for array in arrays] for arrays in (expected, received)]
    if shapes[0] != shapes[1]:
        return f"outputs of shapes {shapes[1]} instead of {shapes[0]}"
    problems = (_difference(a, b, TOLERANCES[precision]) for a, b in zip(expected, received, strict=True))
    return next(filter(None, problems), "")


def _difference(expected: np.ndarray, received: np.ndarray, tolerance: Tolerance) -> str:
    if expected.size == 0:
        return ""
    if not np.isfinite(received).all() or not np.isfinite(expected).all():
        return "" if np.array_equal(expected, received, equal_nan=True) else "outputs that are NaN or infinite"
    if expected.dtype.kind != "f":  # classes
        differing = float(np.mean(expected != received))
        return _beyond("classes differ in {} of the outputs", differing, tolerance.masks)
    probabilities = _are_probabilities(expected)
    size = np.abs(expected.astype(float))
    gaps = np.abs(expected.astype(float) - received)
    if tolerance.largest is not None:
        bound = tolerance.largest * (1.0 if probabilities else float(size.max()))
        if gaps.max() > bound:
            return _beyond("outputs differ by up to {}", float(gaps.max()), bound)
    bound = tolerance.mean * (1.0 if probabilities else LINEAR * float(size.mean()))
    if gaps.mean() > bound:
        return _beyond("outputs differ by {} on average", float(gaps.mean()), bound)
    if not probabilities:
        return ""
    return _beyond("masks differ in {} of the pixels", _differing_masks(expected, received), tolerance.masks)


def _beyond(words: str, value: float, tolerance: float) -> str:
    return f"{words.format(f'{value:.2g}')}, tolerance {tolerance:.2g}" if value > tolerance else ""


def _are_probabilities(outputs: np.ndarray) -> bool:
    return bool(outputs.min() >= 0 and outputs.max() <= 1)


def _differing_masks(expected: np.ndarray, received: np.ndarray) -> float:
    """Return the fraction of pixels whose class differs, apart from those near to another class."""
    classes = expected.shape[-1]
    if classes > 1 and np.allclose(expected.sum(axis=-1), 1, atol=1e-3):
        best = np.sort(expected, axis=-1)
        clear = best[..., -1] - best[..., -2] > NEAR
        differ = expected.argmax(axis=-1) != received.argmax(axis=-1)
    else:
        clear = np.abs(expected - 0.5) > NEAR / 2
        differ = (expected > 0.5) != (received > 0.5)
    return float(np.mean(differ & clear))
