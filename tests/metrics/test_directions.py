"""Callbacks with `mode="auto"` follow a metric's direction, in real fits."""

import dataclasses

import keras
import numpy as np
import pytest

from resunet_kit.losses import Dice
from resunet_kit.metrics import (
    ConfusionMatrix,
    DiceScore,
    IoU,
    OverlapMetric,
    Precision,
    Sensitivity,
    Specificity,
    per_class,
)

pytestmark = pytest.mark.filterwarnings(
    "ignore:Even though the `tf.config.experimental_run_functions_eagerly`:UserWarning"
)
EAGER = keras.backend.backend() != "jax"  # a few batches are run sooner than traced, except on JAX
STREAMING = [DiceScore, IoU, Sensitivity, Specificity, Precision]


@keras.saving.register_keras_serializable(package="test_directions")
@dataclasses.dataclass(kw_only=True, eq=False)
class FalseNegativeRate(OverlapMetric):
    """A metric of a user's, of which less is better."""

    direction = "down"
    name: str = "false_negative_rate"

    def fraction(self, counts):
        return counts.fn, counts.tp + counts.fn, 0.0


class Shift(keras.layers.Layer):
    """Add a number that a callback sets, so that every epoch has the scores that a test wants."""

    def build(self, _):
        self.shift = self.add_weight(shape=(), initializer="zeros")

    def call(self, x):
        return keras.ops.clip(x + self.shift, 0, 1)


class Schedule(keras.callbacks.Callback):
    """Set the shift at the start of each epoch."""

    def __init__(self, shifts):
        super().__init__()
        self.shifts = shifts

    def on_epoch_begin(self, epoch, logs=None):  # noqa: ARG002
        self.model.get_layer("shift").shift.assign(self.shifts[epoch])


# The mask is where the image is 0.9; where it is 0.4 a shift of 0.2 adds false positives, one of -0.5 loses everything.
IMAGES = np.full((2, 4, 4, 1), 0.1, "float32")
IMAGES[:, :2], IMAGES[:, 2] = 0.9, 0.4
TRUTH = np.float32(IMAGES > 0.5)
GOOD, OVER, NOTHING = 0.0, 0.2, -0.5
RATE = 1e-20  # learns nothing


def model_of(metrics):
    inputs = keras.Input((4, 4, 1))
    model = keras.Model(inputs, Shift(name="shift")(inputs))
    model.compile(keras.optimizers.SGD(RATE), Dice(), metrics=metrics, run_eagerly=EAGER)
    return model


def shift_of(model):
    return float(keras.ops.convert_to_numpy(model.get_layer("shift").shift))


def fitted(metrics, shifts, *callbacks):
    model = model_of(metrics)
    data = {"validation_data": (IMAGES, TRUTH), "verbose": 0}
    history = model.fit(IMAGES, TRUTH, epochs=len(shifts), callbacks=[Schedule(shifts), *callbacks], **data)
    return model, history.history


@pytest.mark.parametrize("kind", STREAMING)
def test_each_metric_says_that_more_is_better(kind):
    assert kind.direction == kind()._direction == "up"
    assert [metric._direction for metric in per_class(kind(), 2)] == ["up", "up"]
    assert "direction" not in kind().get_config()
    assert kind.from_config(kind().get_config())._direction == "up"
    assert not hasattr(ConfusionMatrix(), "_direction")


@pytest.mark.parametrize("prefix", [pytest.param("", marks=pytest.mark.slow), "val_"])
@pytest.mark.parametrize(
    ("metric", "shifts", "rates"),
    [
        (DiceScore(name="overlap_of_masks"), [NOTHING, OVER, GOOD, OVER, NOTHING], [1, 1, 1, 1, 0.5]),
        pytest.param(
            DiceScore(average="pooled", class_average="micro"),
            [NOTHING, OVER, GOOD, OVER, NOTHING],
            [1, 1, 1, 1, 0.5],
            marks=pytest.mark.slow,
        ),
        (FalseNegativeRate(), [NOTHING, NOTHING, GOOD, NOTHING, NOTHING], [1, 1, 0.5, 0.5, 0.25]),
    ],
    ids=["up", "pooled", "down"],
)
def test_callbacks_find_the_best_epoch(tmp_path, prefix, metric, shifts, rates):
    metric = type(metric).from_config(metric.get_config())
    monitor = f"{prefix}{metric.name}"
    stop = keras.callbacks.EarlyStopping(monitor, patience=2, restore_best_weights=True)
    best = keras.callbacks.ModelCheckpoint(
        tmp_path / "best.weights.h5", monitor, save_best_only=True, save_weights_only=True
    )
    slower = keras.callbacks.ReduceLROnPlateau(monitor, patience=1, factor=0.5, min_lr=0)
    model, history = fitted([metric], [*shifts, GOOD], stop, best, slower)
    assert len(history[monitor]) == 5  # two epochs after the best one
    assert stop.best_epoch == 2
    assert shift_of(model) == pytest.approx(GOOD, abs=1e-6)
    model.get_layer("shift").shift.assign(9.0)
    model.load_weights(tmp_path / "best.weights.h5")
    assert shift_of(model) == pytest.approx(GOOD, abs=1e-6)
    np.testing.assert_allclose(np.divide(history["learning_rate"], RATE), rates, rtol=1e-5)


def test_one_class_of_many_is_monitored_by_its_name():
    stop = keras.callbacks.EarlyStopping("val_dice_score_0", patience=1)
    _, history = fitted(per_class(DiceScore(), 1), [OVER, GOOD, OVER, GOOD], stop)
    assert len(history["val_dice_score_0"]) == 3


@pytest.mark.slow
def test_a_reloaded_model_keeps_the_direction(tmp_path):
    model, _ = fitted([FalseNegativeRate(), DiceScore()], [GOOD])
    custom = {"Shift": Shift}
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras", custom_objects=custom)
    for monitor, shifts in {
        "val_false_negative_rate": [NOTHING, GOOD, NOTHING, GOOD],
        "val_dice_score": [OVER, GOOD, OVER, GOOD],
    }.items():
        stop = keras.callbacks.EarlyStopping(monitor, patience=1)
        data = {"validation_data": (IMAGES, TRUTH), "verbose": 0}
        again.fit(IMAGES, TRUTH, epochs=4, callbacks=[Schedule(shifts), stop], **data)
        assert (stop.best_epoch, stop.stopped_epoch) == (1, 2)


@pytest.mark.slow
def test_of_several_outputs_keras_asks_for_a_mode_which_then_works():
    """Keras looks a metric up by its own name, and logs it under the output's: so it finds no metric's direction."""
    inputs = keras.Input((4, 4, 1))
    shifted = Shift(name="shift")(inputs)
    outputs = {name: keras.layers.Activation("linear", name=name)(shifted) for name in ("tumour", "organ")}
    model = keras.Model(inputs, outputs)
    metrics = {name: [DiceScore()] for name in outputs}
    model.compile(keras.optimizers.SGD(0.0), {name: Dice() for name in outputs}, metrics=metrics, run_eagerly=EAGER)
    data = {"epochs": 4, "verbose": 0}
    truths = dict.fromkeys(outputs, TRUTH)
    with pytest.raises(ValueError, match="mode='max'"):
        model.fit(IMAGES, truths, callbacks=[keras.callbacks.EarlyStopping("tumour_dice_score")], **data)
    stop = keras.callbacks.EarlyStopping("tumour_dice_score", mode="max", patience=1)
    model.fit(IMAGES, truths, callbacks=[Schedule([OVER, GOOD, OVER, GOOD]), stop], **data)
    assert (stop.best_epoch, stop.stopped_epoch) == (1, 2)


# === Metrics of users ===


def test_a_metric_without_a_direction_asks_for_a_mode():
    @dataclasses.dataclass(kw_only=True, eq=False)
    class Rate(OverlapMetric):
        name: str = "rate"

        def fraction(self, counts):
            return counts.fp, counts.fp + counts.tn, 0.0

    with pytest.raises(ValueError, match="automatically determine"):
        fitted([Rate()], [GOOD], keras.callbacks.EarlyStopping("rate"))


@pytest.mark.parametrize("annotated", [False, True])
def test_a_direction_may_be_annotated(annotated):
    body = {"direction": "down"} | ({"__annotations__": {"direction": str}} if annotated else {})
    kind = dataclasses.dataclass(kw_only=True, eq=False)(type("Rate", (OverlapMetric,), body))
    assert kind()._direction == "down"


def test_another_direction_is_refused():
    with pytest.raises(ValueError, match=r"direction to be one of 'down', 'up'\. Received direction='min'"):
        type("Rate", (DiceScore,), {"direction": "min"})()
