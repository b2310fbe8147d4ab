"""Mean, spread and entropy of several predictions for the same images, updated one prediction at a time."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.special import entr

from resunet_kit._shared.truth import TOLERANCE
from resunet_kit.inference._image_array import batches
from resunet_kit.inference._image_checks import SUM_TOLERANCE

Members = Callable[[np.ndarray], Iterable[tuple[Any, float]]]


@dataclass
class Moments:
    """Weighted mean and variance by West's update, which keeps no prediction, and the mean entropy of predictions.

    With a new output `x` of weight `w`, and `W` the sum of the weights so far: `delta = x − mean`,
    `mean += w/W · delta`, `squares += w · delta · (x − mean)`.

    Attributes:
        first: Index of the first image, for messages.
        entropies: Whether to sum up the entropies too.
        weight: Sum of the weights.
        mean: `(n, ..., classes)` float64.
        squares: Weighted sum of squared deviations, of the same shape.
        low: The smallest output.
        high: The largest output.
        deviation: The largest distance of a pixel's sum over classes from 1.
        joint: Weighted sum of the entropies of one distribution over the classes, `(n, ...)`.
        separate: Weighted sum of the entropies of a Bernoulli variable per class, summed over classes, `(n, ...)`.
    """

    first: int = 0
    entropies: bool = True
    weight: float = 0.0
    mean: Any = 0.0
    squares: Any = 0.0
    low: float = np.inf
    high: float = -np.inf
    deviation: float = 0.0
    joint: Any = field(default=0.0, repr=False)
    separate: Any = field(default=0.0, repr=False)

    def add(self, outputs: Any, weight: float = 1.0) -> None:
        """Add one prediction `(n, ..., classes)`.

        Raises:
            ValueError: If it holds NaN or infinite values, or is of another shape than earlier predictions.
        """
        x = np.asarray(outputs, "float64")
        self._check(x)
        self.weight += weight
        delta = x - self.mean
        self.mean = self.mean + weight / self.weight * delta
        self.squares = self.squares + weight * delta * (x - self.mean)
        self.low, self.high = min(self.low, float(x.min())), max(self.high, float(x.max()))
        if self.entropies:
            self.deviation = max(self.deviation, float(np.abs(x.sum(axis=-1) - 1).max()))
            joint, separate = _entropies(x)
            self.joint, self.separate = self.joint + weight * joint, self.separate + weight * separate

    def _check(self, x: np.ndarray) -> None:
        finite = np.isfinite(x).reshape(len(x), -1).all(axis=1)
        if not finite.all():
            raise ValueError(
                "Expected finite outputs from the model. Received NaN or an infinite value for image "
                f"{self.first + int(np.argmin(finite))}. Look for weights that training has driven to NaN, and for a "
                "mixed precision that overflows."
            )
        if self.weight and x.shape != self.mean.shape:
            raise ValueError(
                f"Expected predictions of one shape, {self.mean.shape}, to average. Received {x.shape}. Undo each "
                "transform on the model's outputs."
            )


@dataclass(frozen=True)
class Spread:
    """Mean, standard deviation and entropies over predictions; entropies are None unless these are probabilities."""

    mean: np.ndarray
    std: np.ndarray
    entropy: np.ndarray | None
    expected_entropy: np.ndarray | None


def spread_of(images: np.ndarray, members: Members, *, batch_size: int, verbose: int, entropies: bool = True) -> Spread:
    """Predict in batches, and return the mean and the spread of the predictions of all members.

    Args:
        images: `(n, ..., channels)`.
        members: Function from a batch to predictions `(batch, ..., classes)` with their weights.
        batch_size: Images per batch.
        verbose: 0 for silence, 1 for a progress bar.
        entropies: Whether to compute the entropies.
    """
    found = []
    for batch in batches(len(images), batch_size=batch_size, verbose=verbose):
        moments = Moments(batch.start, entropies)
        for outputs, weight in members(images[batch]):
            moments.add(outputs, weight)
        found.append(moments)
    return _joined(found)


def _joined(found: list[Moments]) -> Spread:
    mean = np.concatenate([moments.mean for moments in found])
    # Rounding may leave a variance a little below zero.
    variance = np.concatenate([np.maximum(moments.squares, 0) / moments.weight for moments in found])
    std = np.sqrt(variance).astype("float32")
    inside = all(moments.low >= -TOLERANCE and moments.high <= 1 + TOLERANCE for moments in found)
    if not (inside and found[0].entropies):
        return Spread(mean.astype("float32"), std, None, None)
    exclusive = mean.shape[-1] > 1 and all(moments.deviation <= SUM_TOLERANCE for moments in found)
    sums = [(moments.joint if exclusive else moments.separate) / moments.weight for moments in found]
    entropy = _entropies(mean)[0 if exclusive else 1].astype("float32")
    return Spread(mean.astype("float32"), std, entropy, np.concatenate(sums).astype("float32"))


def _entropies(p: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the entropy of one distribution over the classes, and the sum of those of one variable per class."""
    p = np.clip(p, 0, 1)  # rounding, and outputs that are not probabilities, whose entropies are not used
    each = entr(p)
    return each.sum(axis=-1), (each + entr(1 - p)).sum(axis=-1)
