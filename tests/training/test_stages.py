import contextlib

import keras
import numpy as np
import pytest

from resunet_kit.blocks import conv_block
from resunet_kit.models import set_trainable
from resunet_kit.training import Stage, fit_in_stages

PARTS = ("low", "middle", "top", "head")
GENERATOR = np.random.default_rng(0)
IMAGES = GENERATOR.normal(2.0, 3.0, (4, 8, 8, 1)).astype("float32")
LABELS = np.array([0, 1] * 2, "float32")[:, None]


@pytest.fixture
def model():
    """Return a classifier of a backbone of three stages and a head, not compiled."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((8, 8, 1))
    x = inputs
    for name in PARTS[:-1]:
        x = conv_block(x, 4, strides=2, activation="elu", name=name)
    image = keras.Input((8, 8, 1))
    features = keras.Model(inputs, x, name="backbone")(image)
    pooled = keras.layers.GlobalAveragePooling2D()(features)
    return keras.Model(image, keras.layers.Dense(1, "sigmoid", name="head")(pooled))


@pytest.fixture
def compiled(model):
    model.compile(keras.optimizers.SGD(0.5), "binary_crossentropy", run_eagerly=True)
    return model


def weights_by_part(model):
    layers = [*model.get_layer("backbone").layers, *model.layers]
    return {part: [w for x in layers if x.name.startswith(part) for w in x.get_weights()] for part in PARTS}


def moved(before, after):
    """Return the parts of which every weight and statistic moved; a part that moved by half is a failure."""
    parts = set()
    for part in PARTS:
        changes = {not np.array_equal(*pair) for pair in zip(before[part], after[part], strict=True)}
        assert len(changes) == 1, part
        if changes == {True}:
            parts.add(part)
    return parts


class Watch(keras.callbacks.Callback):
    """Record which parts each epoch moved."""

    def __init__(self):
        super().__init__()
        self.moved = []

    def on_epoch_begin(self, *_):
        self.before = weights_by_part(self.model)

    def on_epoch_end(self, *_):
        self.moved.append(moved(self.before, weights_by_part(self.model)))


def test_weights_and_statistics_move_from_the_stage_that_unfreezes_them(compiled):
    watch = Watch()
    stages = [Stage("head", 2, 0.1), (1, 1, 0.1), (2,), ("all",), Stage("head")]
    history = fit_in_stages(compiled, stages, IMAGES, LABELS, batch_size=2, callbacks=watch, verbose=0)
    top, middle, low = ({"head", "top"}, {"head", "top", "middle"}, set(PARTS))
    assert watch.moved == [{"head"}, {"head"}, top, middle, low, {"head"}]
    assert history.stage == [0, 0, 1, 2, 3, 4]
    assert history.epoch == list(range(6))
    assert len(history.history["loss"]) == 6
    assert compiled.history is history


@pytest.mark.parametrize("eagerly", [True, False])
def test_unfreezing_inside_a_callback_moves_nothing(model, eagerly):
    """Why stages are fits of their own."""

    class Unfreeze(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, *_):
            set_trainable(self.model, "all" if epoch else "head")

    set_trainable(model, "head")
    model.compile(keras.optimizers.SGD(0.5), "binary_crossentropy", run_eagerly=eagerly)
    before = model.get_layer("backbone").get_weights()
    # Only TensorFlow's traced step does not notice; others fail in the midst of it.
    fails = eagerly or keras.backend.backend() != "tensorflow"
    with pytest.raises(ValueError, match=r"Unknown variable|must match") if fails else contextlib.nullcontext():
        model.fit(IMAGES, LABELS, epochs=2, callbacks=[Unfreeze()], verbose=0)
    if not fails:
        after = model.get_layer("backbone").get_weights()
        assert all(np.array_equal(*pair) for pair in zip(before, after, strict=True))


def test_the_compilation_stays_but_for_the_learning_rate(model):
    model.compile(
        keras.optimizers.SGD(0.5, momentum=0.9, nesterov=True, clipnorm=1.0),
        {"head": "mse"},
        loss_weights={"head": 0.25},
        metrics=["mae"],
        weighted_metrics=["mse"],
        run_eagerly=True,
    )
    before = model.get_compile_config()
    history = fit_in_stages(model, [("head",), (1, 2, 0.01)], IMAGES, LABELS, batch_size=2, verbose=0)
    after = model.get_compile_config()
    assert after["optimizer"]["config"].pop("learning_rate") == pytest.approx(0.01)
    assert before["optimizer"]["config"].pop("learning_rate") == 0.5
    assert before == after
    assert int(model.optimizer.iterations) == 4  # a new one for every stage
    assert history.history["loss"] == pytest.approx(0.25 * np.array(history.history["mse"]))


def test_a_loss_and_a_metric_that_no_config_can_hold_are_kept(model):
    def loss(truth, prediction):
        return keras.ops.mean(keras.ops.square(truth - prediction), axis=-1)

    model.compile("adam", loss, metrics=[lambda _truth, prediction: keras.ops.mean(prediction)], run_eagerly=True)
    history = fit_in_stages(model, [("head",), (1,)], IMAGES, LABELS, verbose=0)
    assert model.loss is loss
    assert len(history.history) == 2
    assert {len(values) for values in history.history.values()} == {2}


def test_arguments_replace_those_of_the_compilation(compiled):
    optimizer = keras.optimizers.RMSprop(keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9), rho=0.7)
    options = {"loss": "mse", "optimizer": optimizer, "metrics": ["mae"], "validation_data": (IMAGES, LABELS)}
    history = fit_in_stages(compiled, [("head", 1, 0.25)], IMAGES, LABELS, verbose=0, **options)
    assert set(history.history) == {"loss", "mae", "val_loss", "val_mae"}
    assert isinstance(compiled.optimizer, keras.optimizers.RMSprop)
    assert compiled.optimizer.rho == 0.7
    assert float(compiled.optimizer.learning_rate) == 0.25
    assert not optimizer.built
    assert compiled.run_eagerly


@pytest.mark.slow
def test_a_model_that_was_not_compiled_gets_adam(model):
    fit_in_stages(model, [("head",)], IMAGES, LABELS, loss="mse", steps_per_epoch=1, verbose=0)
    assert isinstance(model.optimizer, keras.optimizers.Adam)


def test_a_loss_scaling_optimizer_scales_in_every_stage(model):
    scaled = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(1.0, momentum=0.5), initial_scale=8.0)
    model.compile(scaled, "mse", run_eagerly=True)
    fit_in_stages(model, [("head",), (1, 1, 0.125)], IMAGES, LABELS, verbose=0)
    assert (model.optimizer.initial_scale, model.optimizer.inner_optimizer.momentum) == (8.0, 0.5)
    assert float(model.optimizer.inner_optimizer.learning_rate) == 0.125


def test_early_stopping_ends_a_stage_and_starts_again_in_the_next(compiled):
    stop = keras.callbacks.EarlyStopping("loss", min_delta=1e9, patience=1)
    history = fit_in_stages(compiled, [("head", 5), (1, 1), (2, 5)], IMAGES, LABELS, callbacks=[stop], verbose=0)
    assert history.stage == [0, 0, 1, 2, 2]
    assert history.epoch == [0, 1, 2, 3, 4]


def test_a_checkpoint_keeps_the_best_of_all_stages(compiled, tmp_path):
    keep = keras.callbacks.ModelCheckpoint(tmp_path / "best.keras", "loss", save_best_only=True)
    history = fit_in_stages(compiled, [("head", 2), (1, 2)], IMAGES, LABELS, callbacks=[keep], verbose=0)
    assert keep.best == pytest.approx(min(history.history["loss"]))


BACKUP = keras.callbacks.BackupAndRestore("unused")


@pytest.mark.parametrize(
    ("stages", "options", "error", "message"),
    [
        ([], {}, ValueError, "at least one stage"),
        ("head", {}, TypeError, "a sequence of stages"),
        (Stage("head"), {}, TypeError, "a sequence of stages"),
        (["head"], {}, TypeError, "a stage as Stage or as"),
        ([("head", 1, 0.1, 2)], {}, ValueError, "a stage as Stage or as"),
        ([("head",), ("haed",)], {}, ValueError, "Did you mean 'head'"),
        ([("head",), (4,)], {}, ValueError, r"Expected policy to be an integer in \[0, 3\]"),
        ([("head",), (1, 0)], {}, ValueError, "epochs=0"),
        ([("head", 1.5)], {}, TypeError, "epochs=1.5"),
        ([("head", 1, 0.0)], {}, ValueError, "learning_rate=0.0"),
        ([("head", 1, "fast")], {}, TypeError, "learning_rate='fast'"),
        ([("head",)], {"epochs": 3}, ValueError, "Received epochs"),
        ([("head",)], {"callbacks": [[BACKUP]]}, ValueError, "BackupAndRestore"),
    ],
)
def test_bad_input_is_refused_before_anything_changes(compiled, stages, options, error, message):
    optimizer, weights = compiled.optimizer, compiled.get_weights()
    trainable = len(compiled.trainable_weights)
    with pytest.raises(error, match=message):
        fit_in_stages(compiled, stages, IMAGES, LABELS, verbose=0, **options)
    assert compiled.optimizer is optimizer
    assert len(compiled.trainable_weights) == trainable
    for before, after in zip(weights, compiled.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)


def test_neither_loss_nor_compiled_is_refused(model):
    with pytest.raises(ValueError, match="Received neither"):
        fit_in_stages(model, [("head",)], IMAGES, LABELS)


def test_an_optimizer_without_one_learning_rate_is_refused(compiled):
    kind = getattr(keras.optimizers, "MultiOptimizer", None)
    if kind is None:
        pytest.skip("this Keras has no optimizer of several")
    several = kind(keras.optimizers.OptimizerMap(keras.optimizers.SGD(0.1)))
    with pytest.raises(ValueError, match="one learning rate"):
        fit_in_stages(compiled, [("head",)], IMAGES, LABELS, optimizer=several)
