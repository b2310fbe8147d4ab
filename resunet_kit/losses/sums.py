"""Weighted sums of losses, such as `Dice() + 0.5 * CrossEntropy()`, for any Keras loss, with the parts as metrics."""

import dataclasses
from collections import Counter
from collections.abc import Sequence
from typing import Any, ClassVar

import keras
import numpy as np
from keras import ops

from resunet_kit._shared.numbers import number
from resunet_kit._shared.overlap import Tensor
from resunet_kit._shared.renamed_options import NamedOptions
from resunet_kit.losses import _other_names

CURE = "Wrap a Keras loss as weighted(1.0, loss), as in Dice() + weighted(1.0, keras.losses.BinaryCrossentropy())."
# Keras losses without a value per pixel: they have one for the batch or, given an axis, for each image.
WHOLE_BATCH = (keras.losses.Dice, keras.losses.Tversky)


class Addable:
    """Mixin that gives losses `a + b`, `0.5 * a` and `sum([a, b])`, each of which is a `LossSum`."""

    def __add__(self, other: Any) -> "LossSum":
        return LossSum(losses=[self, _checked_loss(other, CURE)])

    def __radd__(self, other: Any) -> Any:
        if isinstance(other, int) and other == 0:  # what sum() starts from
            return self
        return LossSum(losses=[_checked_loss(other, CURE), self])

    def __mul__(self, weight: Any) -> "LossSum":
        return LossSum(losses=[self], weights=[number("weight", weight, "[0, inf)")])

    __rmul__ = __mul__


@keras.saving.register_keras_serializable(package="resunet_kit")
@dataclasses.dataclass(kw_only=True, eq=False)
class LossSum(NamedOptions, Addable, keras.losses.Loss):
    """Weighted sum of losses, `Σ weight·loss`: the result of `a + b` and of `0.5 * a`.

    Each part receives the same `y_true`, `y_pred` and `sample_weight`, and reduces by its own rule. Nested sums are
    flattened, so `0.5 * (a + b) + c` has three parts. A sum reloads from a `.keras` file like its parts; your own
    losses need `keras.saving.register_keras_serializable`.

    Per-image weights, of shape `(batch,)`, also apply to the pixels of Keras's own losses, which by themselves
    would align them with the images' last axis.

    Args:
        losses: Instances of `keras.losses.Loss`, each reduced to one number.
        weights: One number per loss, at least 0. None: 1 for each.
        name: The sum's name in logs.

    Raises:
        TypeError: If a part is not an instance of `keras.losses.Loss`, or a weight is not a number.
        ValueError: If there is no part, the counts differ, a weight is negative or not finite, or a part has
            no reduction.

    Example:
        >>> import numpy as np
        >>> from resunet_kit.losses import CrossEntropy, Dice
        >>> truth, prediction = np.ones((1, 8, 8, 1)), np.full((1, 8, 8, 1), 0.5)
        >>> parts = float(Dice()(truth, prediction)), float(CrossEntropy()(truth, prediction))
        >>> loss = Dice() + 0.5 * CrossEntropy()
        >>> abs(float(loss(truth, prediction)) - (parts[0] + 0.5 * parts[1])) < 1e-6
        True
    """

    other_names: ClassVar = _other_names.SUM

    losses: Sequence[keras.losses.Loss]
    weights: Sequence[float] | None = None
    name: str = "loss_sum"

    def __post_init__(self) -> None:
        given = [1.0] * len(self.losses) if self.weights is None else self.weights
        weights = [number(f"weights[{index}]", weight, "[0, inf)") for index, weight in enumerate(given)]
        if not self.losses or len(weights) != len(self.losses):
            raise ValueError(
                f"Expected at least one loss, and one weight per loss. Received {len(self.losses)} losses and "
                f"{len(weights)} weights. Pass weights=None for weights of 1."
            )
        terms = [term for loss, weight in zip(self.losses, weights, strict=True) for term in _terms(loss, weight)]
        self.losses = [loss for loss, _ in terms]
        self.weights = [weight for _, weight in terms]
        dtypes = {getattr(loss, "dtype", None) for loss in self.losses}
        super().__init__(name=self.name, dtype="float64" if "float64" in dtypes else "float32")

    def __call__(self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor = None) -> Tensor:
        """Return the weighted sum of the parts, a scalar."""
        values = [ops.cast(value_of(loss, y_true, y_pred, sample_weight), self.dtype) for loss in self.losses]
        return sum(weight * value for weight, value in zip(self.weights or (), values, strict=True))

    def part_metrics(self) -> list[keras.metrics.Metric]:
        """Return a metric for each part that reports its value, before the sum's weight.

        Pass them as `compile(loss=loss, metrics=loss.part_metrics())`, or as `weighted_metrics` if `fit` gets
        sample weights. They are named after the parts; a second part of the same name becomes `name_2`.

        Example:
            >>> import keras
            >>> from resunet_kit.losses import Dice, weighted
            >>> loss = Dice() + weighted(0.5, keras.losses.BinaryCrossentropy())
            >>> [metric.name for metric in loss.part_metrics()]
            ['dice', 'binary_crossentropy']
        """
        seen: Counter[str] = Counter()
        metrics = []
        for loss in self.losses:
            seen[loss.name] += 1
            metrics.append(LossPart(loss, name=loss.name if seen[loss.name] == 1 else f"{loss.name}_{seen[loss.name]}"))
        return metrics

    def get_config(self) -> dict[str, Any]:
        """Return the parts' configurations, their weights and the name."""
        losses = [keras.saving.serialize_keras_object(loss) for loss in self.losses]
        return {"losses": losses, "weights": list(self.weights or ()), "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "LossSum":
        """Return the sum that `get_config` describes."""
        losses = [keras.saving.deserialize_keras_object(loss) for loss in config["losses"]]
        return cls(**{**config, "losses": losses})


def weighted(weight: float, loss: keras.losses.Loss) -> LossSum:
    """Return `weight` times `loss` as a term for sums; any Keras loss can be used.

    Args:
        weight: A finite number, at least 0.
        loss: An instance of `keras.losses.Loss`, of this package or another.

    Raises:
        TypeError: If `loss` is not an instance of `keras.losses.Loss`, or `weight` not a number.
        ValueError: If `weight` is negative or not finite, or the loss has no reduction.

    Example:
        >>> import keras
        >>> from resunet_kit.losses import Dice, weighted
        >>> loss = Dice(from_logits=True) + weighted(0.5, keras.losses.BinaryCrossentropy(from_logits=True))
        >>> loss.weights
        [1.0, 0.5]
    """
    return LossSum(losses=[loss], weights=[number("weight", weight, "[0, inf)")])


@keras.saving.register_keras_serializable(package="resunet_kit")
class LossPart(keras.metrics.Mean):
    """Mean of a loss over batches, each weighted by its number of images, as Keras averages `loss` itself.

    Args:
        loss: The loss.
        name: The metric's name in logs.
        dtype: The dtype of the mean.
    """

    def __init__(self, loss: keras.losses.Loss, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(name=name or loss.name, dtype=dtype)
        self.loss = loss
        self._direction = "down"  # what Keras's callbacks read with mode="auto"

    def update_state(self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor = None) -> None:
        """Add a batch."""
        value = ops.cast(value_of(self.loss, y_true, y_pred, sample_weight), self.dtype)
        super().update_state(value / _replica_factor(self.loss), sample_weight=ops.shape(y_pred)[0])

    def get_config(self) -> dict[str, Any]:
        """Return the metric's options, including the loss."""
        return {**super().get_config(), "loss": keras.saving.serialize_keras_object(self.loss)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "LossPart":
        """Return the metric that `get_config` describes."""
        return cls(**{**config, "loss": keras.saving.deserialize_keras_object(config["loss"])})


def value_of(loss: keras.losses.Loss, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor) -> Tensor:
    """Return the value of a loss, with per-image weights in a shape that Keras's own losses understand."""
    of_keras = type(loss).__module__.partition(".")[0] == "keras" and not isinstance(loss, WHOLE_BATCH)
    if sample_weight is not None and of_keras:
        sample_weight = ops.convert_to_tensor(sample_weight)
        if all(size == 1 for size in sample_weight.shape[1:]):
            sample_weight = ops.reshape(sample_weight, (-1, *[1] * (len(y_pred.shape) - 2)))
    return loss(y_true, y_pred, sample_weight)


def _replica_factor(loss: keras.losses.Loss) -> Tensor:
    """Return the factor that Keras applies to this loss on each replica of `tf.distribute`; 1 elsewhere.

    Keras does not expose the factor, so it is read off a loss whose value is known.
    """
    is_scalar = isinstance(loss, WHOLE_BATCH) and loss.axis is None
    if loss.reduction == "sum" or is_scalar:
        return 1.0
    return keras.losses.MeanAbsoluteError()(np.ones((1, 1)), np.zeros((1, 1)))


def _terms(loss: Any, weight: float) -> list[tuple[keras.losses.Loss, float]]:
    """Return the parts of a loss with their weights; the loss itself if it is not a sum."""
    loss = _checked_loss(loss, "Pass an instance, as keras.losses.BinaryCrossentropy() or Dice().")
    if isinstance(loss, LossSum):
        return [(part, weight * inner) for part, inner in zip(loss.losses, loss.weights or (), strict=True)]
    if loss.reduction in (None, "none"):
        raise ValueError(
            f"Expected parts that reduce to one number. Received {loss.name} with reduction={loss.reduction!r}. "
            'Give it reduction="sum_over_batch_size".'
        )
    return [(loss, weight)]


def _checked_loss(loss: Any, cure: str) -> keras.losses.Loss:
    if isinstance(loss, keras.losses.Loss):
        return loss
    if isinstance(loss, type) and issubclass(loss, keras.losses.Loss):
        raise TypeError(f"Expected an instance of a loss. Received the class {loss.__name__}. Write {loss.__name__}().")
    raise TypeError(f"Expected a loss, an instance of keras.losses.Loss. Received {loss!r}. {cure}")
