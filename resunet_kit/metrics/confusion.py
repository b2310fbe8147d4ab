"""The streaming confusion matrix of pixels."""

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar, Literal, get_args

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from resunet_kit._shared.numbers import choice, flag, integer, number
from resunet_kit._shared.overlap import Tensor, combine_weights, spatial_sum
from resunet_kit._shared.renamed_options import Hint, NamedOptions
from resunet_kit._shared.truth import (
    check_prediction,
    check_shapes,
    compute_dtype,
    encode_truth,
    split_sample_weight,
)
from resunet_kit._shared.value_checks import collected
from resunet_kit.metrics._binarization import SoftLabels, binarize_prediction, binarize_truth
from resunet_kit.metrics._compensation import add_compensated
from resunet_kit.metrics._hints import MATRIX_OPTIONS
from resunet_kit.metrics._keras_metric import KerasMetric

Normalize = Literal["truth", "prediction", "all"]
# The axes over which the matrix sums to 1, as in scikit-learn.
_NORMALIZED_AXES: dict[str, tuple[int, ...]] = {"truth": (1,), "prediction": (0,), "all": (0, 1)}


@keras.saving.register_keras_serializable(package="resunet_kit")
@dataclasses.dataclass(kw_only=True, eq=False)
class ConfusionMatrix(NamedOptions, KerasMetric):
    """Confusion matrix: how many pixels of each true class were predicted as each class.

    `matrix[i, j]` counts the pixels of true class `i` that were predicted as class `j`. With one channel, the classes
    are background, 0, and foreground, 1. `y_true` and `y_pred` have the same shapes as for the other streaming metrics;
    a pixel without a true class, such as one whose one-hot vector is all zeros, is not counted.

    `sample_weight` is per image, `(batch,)`, or per pixel; each pixel counts with its weight. If weights are given per
    pixel and class, that of the true class counts.

    With `compile(metrics=[...])`, the history and `evaluate(..., return_dict=True)` hold the matrix as a NumPy array. A
    progress bar has room for only one number, and prints the mean of the entries. Callbacks cannot monitor the matrix.
    After `evaluate`, the metric's `to_numpy()` returns the exact counts.

    Args:
        threshold: With one channel, the minimum probability of the foreground, in [0, 1], also with `from_logits=True`.
        normalize: What is scaled to sum to 1: each row (`"truth"`), each column (`"prediction"`) or the whole matrix
            (`"all"`). A class without pixels has zeros. None gives counts.
        soft_labels: What to do with fractions in the truth: `"refuse"` them; `"threshold"` them, so that a pixel is
            foreground from 0.5 or, with exclusive classes, belongs to the one with the largest fraction; or `"count"`
            them as parts of pixels.
        from_logits: Whether `y_pred` holds logits rather than probabilities.
        ignore_class: Pixels with this label, such as 255 for "void", are left out. None: all pixels count.
        dtype: `"float64"` counts in float64, any other dtype in float32; rounding errors are compensated.
        name: The metric's name in logs.

    Raises:
        TypeError: If an option is of a wrong type.
        ValueError: If an option is out of range, or the tensors do not fit each other or the options.

    Example:
        >>> import numpy as np
        >>> from resunet_kit.metrics import ConfusionMatrix
        >>> labels = np.array([[[0, 0], [1, 2]]])
        >>> predicted = np.eye(3)[[[[0, 1], [1, 2]]]]
        >>> metric = ConfusionMatrix()
        >>> metric.update_state(labels, predicted)
        >>> metric.to_numpy().astype(int).tolist()
        [[1, 1, 0], [0, 1, 0], [0, 0, 1]]
    """

    other_names: ClassVar[Mapping[str, Hint]] = MATRIX_OPTIONS

    threshold: float = 0.5
    normalize: Normalize | None = None
    soft_labels: SoftLabels = "refuse"
    from_logits: bool = False
    ignore_class: int | None = None
    dtype: Any = None
    name: str = "confusion_matrix"

    def __post_init__(self) -> None:
        self.dtype = compute_dtype(self.dtype)
        super().__init__(name=self.name, dtype=self.dtype)
        self.threshold = number("threshold", self.threshold, "[0, 1]")
        if self.normalize is not None:
            choice("normalize", self.normalize, get_args(Normalize), also="or None")
        choice("soft_labels", self.soft_labels, get_args(SoftLabels))
        self.from_logits = flag("from_logits", self.from_logits)
        if self.ignore_class is not None:
            self.ignore_class = integer("ignore_class", self.ignore_class)
        self.classes: int | None = None

    def update_state(self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor = None) -> None:
        """Count a batch.

        Args:
            y_true: Masks or one-hot classes of `y_pred`'s shape, or integer labels.
            y_pred: Shape `(batch, ..., channels)`.
            sample_weight: Per image or per pixel, or None.
        """
        with collected() as failures:
            y_true = ops.convert_to_tensor(y_true, dtype=self.dtype)
            y_pred = ops.convert_to_tensor(y_pred, dtype=self.dtype)
            check_shapes(y_true, y_pred)
            check_prediction(y_pred, from_logits=self.from_logits, multilabel=False)
            self._build(max(2, y_pred.shape[-1]))
            pixel_weight, image_weight = split_sample_weight(sample_weight, y_pred)
            matrices = self._count(y_true, y_pred, pixel_weight)
        if image_weight is not None:
            matrices = matrices * ops.reshape(image_weight, (-1, 1, 1))
        # NaN for refused values in a compiled step, so that `result` is NaN too.
        add_compensated(self.counts, self.lost, failures.nan_where(ops.sum(matrices, axis=0)))

    def result(self) -> Tensor:
        """Return the matrix over all batches since the last reset; NaN if compiled steps got wrong values.

        Returns:
            Shape `(classes, classes)`; before any data, `(0, 0)`.
        """
        if self.classes is None:
            return ops.zeros((0, 0), dtype=self.dtype)
        counts = ops.convert_to_tensor(self.counts) + self.lost  # JAX's functions do not accept variables
        if self.normalize is None:
            return counts
        total = ops.sum(counts, axis=_NORMALIZED_AXES[self.normalize], keepdims=True)
        return counts / ops.where(ops.equal(total, 0), ops.ones_like(total), total)

    def to_numpy(self) -> NDArray[np.float64]:
        """Return the matrix in float64, where every count up to 2⁴⁸ is exact.

        Returns:
            Shape `(classes, classes)`, normalised like `result`; before any data, `(0, 0)`.
        """
        if self.classes is None:
            return np.zeros((0, 0))
        counts = np.float64(ops.convert_to_numpy(self.counts)) + ops.convert_to_numpy(self.lost)
        if self.normalize is None:
            return counts
        total = counts.sum(axis=_NORMALIZED_AXES[self.normalize], keepdims=True)
        return counts / np.where(total == 0, 1, total)

    def _build(self, classes: int) -> None:
        if self.classes not in (None, classes):
            raise ValueError(
                f"Expected y_pred of {self.classes} classes, as {self.name} has counted so far. Received {classes}. "
                "Use one metric per output, or a new one."
            )
        if self.classes is None:
            self.counts = self.add_variable((classes, classes), "zeros", dtype=self.dtype, name="counts")
            self.lost = self.add_variable((classes, classes), "zeros", dtype=self.dtype, name="lost")
        self.classes = classes

    def _count(self, y_true: Tensor, y_pred: Tensor, pixel_weight: Tensor) -> Tensor:
        """Return the matrix of each image, shape `(batch, classes, classes)`."""
        channels, rank = y_pred.shape[-1], len(y_pred.shape)
        y_true = binarize_truth(y_true, channels, rank, soft_labels=self.soft_labels, multilabel=False)
        truth, kept = encode_truth(y_true, channels, rank, self.ignore_class)
        prediction = binarize_prediction(
            y_pred, threshold=self.threshold, from_logits=self.from_logits, multilabel=False
        )
        if channels == 1:
            truth, prediction = (ops.concatenate([1 - mask, mask], axis=-1) for mask in (truth, prediction))
        truth = combine_weights(truth, combine_weights(kept, pixel_weight))
        rows = [spatial_sum(truth[..., row : row + 1] * prediction) for row in range(truth.shape[-1])]
        return ops.stack(rows, axis=1)

    def get_config(self) -> dict[str, Any]:
        """Return every option by name."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
