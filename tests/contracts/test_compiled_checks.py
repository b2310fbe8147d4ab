"""What losses and metrics refuse eagerly, they refuse in compiled steps: by an error, or where XLA has none by NaN."""

import contextlib
import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
import pytest

from resunet_kit import losses, metrics
from resunet_kit.masks import signed_distance_map

BACKEND = keras.backend.backend()
SIDE, IMAGES, CLASSES, VOID = 8, 4, 3, 255
NEEDS_XLA = pytest.mark.skipif(BACKEND == "torch", reason="PyTorch has no XLA")
# JAX says why the result is NaN; an error within its step would delete the weights.
pytestmark = pytest.mark.filterwarnings("ignore:The result is NaN:RuntimeWarning")


@dataclass(frozen=True)
class Batch:
    """A truth, a prediction and weights, good or with one wrong value."""

    truth: np.ndarray
    prediction: np.ndarray
    weights: np.ndarray = field(default_factory=lambda: np.ones(IMAGES, "float32"))

    def replaced(self, name: str, value: float) -> "Batch":
        """Return the batch with `value` in one element of one of its arrays, in the last image."""
        changed = getattr(self, name).copy()
        changed[(-1, *[0] * (changed.ndim - 1))] = value
        return Batch(**{"truth": self.truth, "prediction": self.prediction, "weights": self.weights, name: changed})


def batch_of(form: str) -> Batch:
    """Return a good batch; some images are healthy."""
    generator = np.random.default_rng(11)
    labels = generator.integers(0, CLASSES, (IMAGES, SIDE, SIDE, 1)).astype("float32")
    labels[0] = 0
    mask = np.float32(labels > 0)
    scores = generator.uniform(0.1, 0.9, (IMAGES, SIDE, SIDE, CLASSES)).astype("float32")
    if form in ("mask", "binary"):
        return Batch(mask, scores[..., :1])
    if form == "maps":
        return Batch(np.stack([signed_distance_map(one)[..., None] for one in mask[..., 0]]), scores[..., :1])
    if form == "multilabel":
        return Batch(np.float32(labels == np.arange(CLASSES)), scores)
    if form == "void":
        return Batch(np.where(generator.random(labels.shape) < 0.3, VOID, labels).astype("float32"), np.log(scores))
    return Batch(labels, scores / scores.sum(axis=-1, keepdims=True))


ANY = [("truth", np.nan), ("truth", np.inf), ("prediction", np.nan), ("prediction", -np.inf), ("prediction", np.inf)]
WEIGHTS = [("weights", -1.0), ("weights", np.nan)]
WRONG: dict[str, list[tuple[str, float]]] = {
    "mask": [*ANY, *WEIGHTS, ("truth", 255), ("truth", 3), ("truth", -1), ("prediction", 4.0), ("prediction", -0.1)],
    "maps": [*ANY, ("prediction", 4.0)],
    "multilabel": [*ANY, ("truth", 2), ("prediction", -3.0)],
    "classes": [*ANY, *WEIGHTS, ("truth", CLASSES), ("truth", -1), ("truth", 0.5), ("prediction", 7.0)],
    "void": [*ANY, ("truth", 254), ("truth", 1.5)],
    "binary": [("truth", 0.5), ("truth", 0.01)],  # for losses that refuse fractions
}
OPTIONS: dict[str, dict[str, Any]] = {
    "multilabel": {"multilabel": True},
    "void": {"from_logits": True, "ignore_class": VOID},
}


@dataclass(frozen=True)
class Case:
    """A loss or metric class, the form of its truth, and further options."""

    kind: type
    form: str
    options: dict[str, Any] = field(default_factory=dict)

    def make(self) -> Any:
        return self.kind(**OPTIONS.get(self.form, {}), **self.options)

    def __str__(self) -> str:
        return "-".join([self.kind.__name__, self.form, *map(str, self.options.values())])


DISTANCES = (losses.Boundary, losses.HausdorffDistance)
FORMS = ["mask", "classes", "void", "multilabel"]
KINDS = [
    kind
    for kind in vars(losses).values()
    if isinstance(kind, type) and issubclass(kind, losses.SegmentationLoss) and kind is not losses.SegmentationLoss
]
# Each loss with one form, each form with many losses; and the distance losses with both kinds of their truth.
LOSSES = [Case(kind, FORMS[number % 4]) for number, kind in enumerate(KINDS)] + [
    *(Case(losses.UnifiedFocal, "binary"), Case(losses.Boundary, "maps")),
    Case(losses.Dice, "mask", {"reduce": "batch"}),
    # From here on like some before: `make test-slow` runs them.
    *(Case(losses.Lovasz, "binary", {"from_logits": True}), Case(losses.CrossEntropy, "mask", {"reduce": "batch"})),
    *(Case(losses.HausdorffDistance, form) for form in ("mask", "maps")),
    Case(losses.Dice, "classes", {"reduction": "sum", "empty": "skip"}),
]
ALIKE = 5
METRICS = [
    *(Case(kind, "mask") for kind in (metrics.DiceScore, metrics.IoU, metrics.Precision, metrics.Sensitivity)),
    Case(metrics.Specificity, "classes"),
    *(Case(metrics.DiceScore, form, {"average": average}) for form in FORMS for average in ("image", "pooled")),
    Case(metrics.DiceScore, "mask", {"average": "pooled", "empty": "skip"}),
    Case(metrics.IoU, "classes", {"average": "image", "empty": "skip", "class_id": 1}),
]


class Shift(keras.layers.Layer):
    """Add a trainable number, initially 0: a model whose output is its input."""

    def build(self, _: Any) -> None:
        self.shift = self.add_weight(shape=(), initializer="zeros")

    def call(self, x: Any) -> Any:
        return x + self.shift


def model_of(case: Case, channels: int, **compiling: Any) -> keras.Model:
    inputs = keras.Input((SIDE, SIDE, channels))
    model = keras.Model(inputs, Shift()(inputs))
    one = case.make()
    scored = {"loss": one} if isinstance(one, keras.losses.Loss) else {"weighted_metrics": [one], "loss": zero}
    model.compile(keras.optimizers.SGD(1e-3), **scored, **compiling)
    return model


def zero(_: Any, y_pred: Any) -> Any:
    """Return a loss without a gradient."""
    return 0 * y_pred[:, 0, 0, 0]


def eager_message(case: Case, batch: Batch) -> str:
    """Return what the eager call says."""
    with pytest.raises(ValueError, match=r"^Expected .* Received ") as error:
        case.make()(batch.truth, batch.prediction, batch.weights)
    return str(error.value)


def says(text: str, message: str) -> bool:
    """Return whether an error's text holds the message: TensorFlow prints its parts, rounds numbers its own way."""
    fixed = [part for part in re.split(r"-?\d+(?:\.\d+)?(?:e\+\d+)?|-?\binf\b", message) if len(part) > 12]
    flat = " ".join(text.split())
    return bool(fixed) and all(" ".join(part.split()) in flat for part in fixed)


def evaluate(model: keras.Model, batch: Batch) -> float:
    model.reset_metrics()
    found = model.test_on_batch(batch.prediction, batch.truth, sample_weight=batch.weights, return_dict=True)
    return float(next((value for name, value in found.items() if name != "loss"), found["loss"]))


def train(model: keras.Model, batch: Batch) -> float:
    history = model.fit(
        batch.prediction, batch.truth, sample_weight=batch.weights, batch_size=2, shuffle=False, verbose=0
    )
    found = {name: values[0] for name, values in history.history.items()}
    return float(next((value for name, value in found.items() if name != "loss"), found["loss"]))


def check(case: Case, run: Callable[[keras.Model, Batch], float], *, xla: bool = False) -> None:
    """Run a good batch, then one with each wrong value, then the good one again."""
    batch = batch_of(case.form)
    model = model_of(case, batch.prediction.shape[-1], jit_compile=xla or BACKEND == "jax")
    assert np.isfinite(run(model, batch))
    for wrong in wrong_batches(case, batch):
        message = eager_message(case, wrong)
        if case in METRICS:
            model.set_weights([np.zeros(())])  # which the loss, no loss of ours, may have driven to NaN
        if BACKEND == "jax" or xla:
            assert np.isnan(run(model, wrong))
        else:
            with pytest.raises(Exception, match="Expected") as error:
                run(model, wrong)
            assert says(str(error.value), message), (message, str(error.value))
    if case in LOSSES:
        assert np.isfinite([*model.get_weights(), run(model, batch)]).all()


def wrong_batches(case: Case, batch: Batch) -> Iterator[Batch]:
    for name, value in WRONG[case.form]:
        if case.kind in DISTANCES and (name, value) == ("truth", -1):
            continue  # a truth with negative numbers is a map of distances
        yield batch.replaced(name, value)


def slow_but_first(cases: list[Case], first: int = 1) -> list[Any]:
    """Leave all but the first cases to the slow tests."""
    return [*cases[:first], *(pytest.param(case, marks=pytest.mark.slow) for case in cases[first:])]


def test_every_loss_is_checked():
    assert {case.kind for case in LOSSES} == set(KINDS)
    assert len(KINDS) == 14
    assert {case.kind for case in METRICS} == {
        kind
        for kind in (getattr(metrics, name) for name in metrics.__all__)
        if isinstance(kind, type) and issubclass(kind, metrics.OverlapMetric) and kind is not metrics.OverlapMetric
    }


@pytest.mark.parametrize("case", slow_but_first(LOSSES, -ALIKE) + slow_but_first(METRICS, 7), ids=str)
def test_a_compiled_evaluation_refuses_what_an_eager_one_refuses(case):
    check(case, evaluate)


@pytest.mark.parametrize("case", slow_but_first([LOSSES[1], LOSSES[-1], METRICS[0], METRICS[5]]), ids=str)
def test_fit_refuses_what_an_eager_call_refuses(case):
    check(case, train)


@pytest.mark.parametrize("xla", [False, pytest.param(True, marks=[NEEDS_XLA, pytest.mark.slow])])
@pytest.mark.parametrize("case", slow_but_first([LOSSES[1], LOSSES[0], LOSSES[2], LOSSES[-1]]), ids=str)
def test_a_refused_batch_changes_no_weight(case, xla):
    batch = batch_of(case.form)
    model = model_of(case, batch.prediction.shape[-1], jit_compile=xla or BACKEND == "jax")
    model.train_on_batch(batch.prediction, batch.truth)
    before = model.get_weights()
    assert before != [0]
    for name, value in WRONG[case.form]:
        if name == "truth":
            with contextlib.suppress(Exception):
                model.train_on_batch(batch.prediction, batch.replaced(name, value).truth)
            assert model.get_weights() == before, (name, value)


@NEEDS_XLA
@pytest.mark.parametrize(
    "case", slow_but_first([LOSSES[1], LOSSES[2], LOSSES[-2], METRICS[0], METRICS[5], METRICS[6]]), ids=str
)
def test_xla_gives_nan(case):
    check(case, evaluate, xla=True)


def test_a_good_value_is_noticed():
    batch = batch_of("mask")
    case = Case(losses.Dice, "mask")
    with pytest.raises(pytest.fail.Exception):
        eager_message(case, batch)
    assert not says("assertion failed: [Expected y_pred to be]", eager_message(case, batch.replaced("truth", 255)))


@pytest.mark.skipif(BACKEND != "jax", reason="elsewhere a step ends in an error")
def test_jax_says_why_the_result_is_nan():
    batch = batch_of("mask")
    model = model_of(Case(losses.Boundary, "mask"), 1)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert np.isnan(evaluate(model, batch.replaced("truth", 255)))
    assert any("Divide a 0/255 mask by 255" in str(one.message) for one in caught)
