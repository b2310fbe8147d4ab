"""Explanation of a loss value: counts, class weights, the rule for empty masks, and the gradient."""

import dataclasses
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from resunet_kit._shared.overlap import Tensor, overlap
from resunet_kit.losses.base import SegmentationLoss
from resunet_kit.losses.sums import LossSum, value_of

# The maximum number of rows in a printed table, about a screen.
ROWS = 40


@dataclasses.dataclass(frozen=True)
class Explanation:
    """Result of `explain`, which `print` shows as a table.

    A row is an image, or with `reduce="batch"` the whole batch. Counts are soft: sums of probabilities, times the
    pixels' weights. A sum of losses has no counts of its own, nor has a loss from outside this package.

    Attributes:
        name: The loss's name.
        value: What the loss returned; the sum over the images if it is not reduced.
        gradient: Largest absolute derivative of the value with respect to a score in `y_pred`, per image and channel,
            `(batch, channels)`.
        tp: True positives, `(images, classes)`, or None; the same holds for the next four.
        fp: False positives.
        fn: False negatives.
        empty_truth: Whether an image's truth lacks the class.
        class_weights: The weight of each class in its image's mean; 0 where `empty="skip"` leaves it out.
        empty: The rule for an empty truth, `"score"` or `"skip"`, or None.
        parts: The explanations of a sum's parts, before their weights.
    """

    name: str
    value: float
    gradient: NDArray[np.float64]
    tp: NDArray[np.float64] | None = None
    fp: NDArray[np.float64] | None = None
    fn: NDArray[np.float64] | None = None
    empty_truth: NDArray[np.bool_] | None = None
    class_weights: NDArray[np.float64] | None = None
    empty: str | None = None
    parts: tuple["Explanation", ...] = ()

    def __str__(self) -> str:
        lines = [f"{self.name}: {self.value:.6g}, largest gradient {np.max(self.gradient, initial=0.0):.3g}"]
        if self.tp is not None:
            lines += [f'empty truth: "{self.empty}", {RULES[str(self.empty)]}', *self._table()]
        return "\n".join([*lines, *(f"\n{part}" for part in self.parts)])

    def _table(self) -> list[str]:
        counts = np.stack([count for count in (self.tp, self.fp, self.fn) if count is not None], axis=-1)
        images, classes, _ = counts.shape
        # With reduce="batch" the images are counted as one.
        gradient = self.gradient if images > 1 else self.gradient.max(axis=0, keepdims=True)
        lines = ["image class         TP         FP         FN  truth   weight  gradient"]
        for image, index in list(np.ndindex(images, classes))[:ROWS]:
            truth = "empty" if np.asarray(self.empty_truth)[image, index] else "present"
            numbers = " ".join(f"{count:10.2f}" for count in counts[image, index])
            weight = np.asarray(self.class_weights)[image, index]
            lines.append(f"{image:5} {index:5} {numbers}  {truth:7} {weight:6.3f}  {gradient[image, index]:8.2g}")
        hidden = images * classes - ROWS
        return [*lines, f"... and {hidden} more rows"] if hidden > 0 else lines


RULES = {
    "score": "scored by the formula as any other",
    "skip": "its weight is 0",
}


def explain(
    y_true: Tensor, y_pred: Tensor, loss: keras.losses.Loss, *, sample_weight: Tensor | None = None
) -> Explanation:
    """Explain the loss of a prediction: its counts, the rule for empty masks and the size of the gradient.

    Args:
        y_true: Masks, one-hot classes or integer labels, as the loss takes them.
        y_pred: Shape `(batch, ..., channels)`, numbers.
        loss: A loss of this package, a sum of them, or any Keras loss.
        sample_weight: Per image or per pixel, or None.

    Returns:
        An `Explanation`; that of a sum contains one for each part.

    Raises:
        TypeError: If `loss` is not an instance of `keras.losses.Loss`.
        ValueError: If the loss does not accept the tensors.

    Example:
        >>> import numpy as np
        >>> from resunet_kit.losses import Dice, explain
        >>> truth, prediction = np.zeros((2, 8, 8, 1)), np.zeros((2, 8, 8, 1))
        >>> truth[0, :4] = 1  # the second image is healthy
        >>> prediction[:, 3:5] = 0.5
        >>> print(explain(truth, prediction, Dice()))
        dice: 0.834688, largest gradient 0.0217
        empty truth: "score", scored by the formula as any other
        image class         TP         FP         FN  truth   weight  gradient
            0     0       4.00       4.00      28.00  present  1.000     0.022
            1     0       0.00       8.00       0.00  empty    1.000    0.0062
    """
    if not isinstance(loss, keras.losses.Loss):
        raise TypeError(
            f"Expected loss to be an instance of keras.losses.Loss, as Dice(). Received {loss!r}. "
            "Of a function such as dice, pass the class."
        )
    dtype = getattr(loss, "dtype", None) or keras.config.floatx()
    y_pred = ops.convert_to_tensor(y_pred, dtype=dtype)
    value, gradient = _value_and_gradient(y_true, y_pred, loss, sample_weight)
    counts = _counts(y_true, y_pred, loss, sample_weight) if isinstance(loss, SegmentationLoss) else {}
    parts = loss.losses if isinstance(loss, LossSum) else ()
    return Explanation(
        name=loss.name,
        value=value,
        gradient=np.abs(gradient).max(axis=tuple(range(1, gradient.ndim - 1))),
        parts=tuple(explain(y_true, y_pred, part, sample_weight=sample_weight) for part in parts),
        **counts,
    )


def _counts(y_true: Tensor, y_pred: Tensor, loss: SegmentationLoss, sample_weight: Tensor) -> dict[str, Any]:
    """Return the counts and class weights that the loss uses."""
    truth, prediction, weights = loss.overlap_inputs(y_true, y_pred, sample_weight)
    counts = overlap(truth, prediction, weights, soft_labels=getattr(loss, "soft_labels", False))
    class_weights = ops.broadcast_to(loss.normalized_class_weights(truth, weights), ops.shape(counts.tp))
    arrays = [ops.convert_to_numpy(x).astype("float64") for x in (*counts, class_weights)]
    found = dict(zip(("tp", "fp", "fn", "class_weights"), arrays, strict=True))
    return {**found, "empty_truth": found["tp"] + found["fn"] == 0, "empty": loss.empty}


class _Offset(keras.layers.Layer):
    """Layer that adds a weight of the input's full shape, initially 0."""

    def build(self, shape: tuple[int, ...]) -> None:
        self.offset = self.add_weight(shape=shape, initializer="zeros")

    def call(self, x: Tensor) -> Tensor:
        return x + self.offset


class _OfTensors(keras.losses.Loss):
    """Sum of a loss with a fixed truth and weights, which ignores what Keras passes as the truth."""

    def __init__(self, loss: keras.losses.Loss, y_true: Tensor, sample_weight: Tensor) -> None:
        super().__init__(name=loss.name)
        self.loss, self.y_true, self.sample_weight = loss, y_true, sample_weight

    def __call__(self, _: Tensor, y_pred: Tensor, sample_weight: Tensor = None) -> Tensor:  # noqa: ARG002
        return ops.sum(value_of(self.loss, self.y_true, y_pred, self.sample_weight))


def _value_and_gradient(
    y_true: Tensor, y_pred: Tensor, loss: keras.losses.Loss, sample_weight: Tensor
) -> tuple[float, NDArray[np.floating]]:
    """Return the loss and its derivative with respect to each score, on any backend.

    One step of gradient descent with a learning rate of 1 moves a weight from 0 to minus its gradient.
    """
    dtype = keras.backend.standardize_dtype(y_pred.dtype)
    inputs = keras.Input(batch_shape=y_pred.shape, dtype=dtype)
    layer = _Offset(dtype=dtype)
    model = keras.Model(inputs, layer(inputs))
    of_tensors = _OfTensors(loss, ops.convert_to_tensor(y_true), sample_weight)
    sgd = keras.optimizers.SGD(1.0)
    model.compile(sgd, of_tensors, run_eagerly=True, jit_compile=False, auto_scale_loss=False)
    value = model.train_on_batch(y_pred, y_pred)
    return float(value), -ops.convert_to_numpy(layer.offset)
