import json

import keras
import numpy as np
import pytest

from resunet_kit.losses import CrossEntropy, Dice, LossSum, Tversky, weighted


def case(shape=(3, 6, 5, 1), seed=0):
    rng = np.random.default_rng(seed)
    return (rng.random(shape) > 0.7).astype("float32"), rng.random(shape).astype("float32")


def terms(loss):
    return [(part.name, weight) for part, weight in zip(loss.losses, loss.weights, strict=True)]


def test_sums_scale_nest_and_add():
    a, b, c = Dice(), CrossEntropy(), Tversky()
    assert terms(a + 0.5 * b) == [("dice", 1), ("cross_entropy", 0.5)]
    assert terms(0.5 * (a + b * 2) + c) == [("dice", 0.5), ("cross_entropy", 1), ("tversky", 1)]
    assert terms(c + (a + 3 * b)) == [("tversky", 1), ("dice", 1), ("cross_entropy", 3)]
    assert terms(sum([a, 0.25 * b, c])) == [("dice", 1), ("cross_entropy", 0.25), ("tversky", 1)]
    for scalar in (np.float32(0.5), np.int64(2), np.array(0.5)[()]):
        assert terms(scalar * a) == terms(a * scalar) == [("dice", float(scalar))]
    other = keras.losses.MeanSquaredError()
    assert terms(a + other) == [("dice", 1), ("mean_squared_error", 1)]
    assert terms(other + a) == [("mean_squared_error", 1), ("dice", 1)]
    truth, prediction = case()
    expected = 0.5 * float(a(truth, prediction)) + float(b(truth, prediction)) + float(c(truth, prediction))
    assert float((0.5 * (a + b * 2) + c)(truth, prediction)) == pytest.approx(expected, rel=1e-6)


def test_any_keras_loss_is_a_term():
    truth, prediction = case()
    squares = keras.losses.MeanSquaredError(reduction="sum")
    expected = float(Dice()(truth, prediction)) + 0.25 * ((truth - prediction) ** 2).sum()
    assert float((Dice() + weighted(0.25, squares))(truth, prediction)) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("shape", [(3,), (3, 1), (3, 6, 5), (3, 6, 5, 1)])
def test_sample_weights_reach_all_parts(shape):
    truth, prediction = case()
    weight = np.random.default_rng(1).random(shape).astype("float32")
    squares = ((truth - prediction) ** 2)[..., 0]
    pixel = weight.reshape(3, *([1, 1] if weight.size == 3 else [6, 5]))
    expected = float(Dice()(truth, prediction, weight)) + 2 * (squares * pixel).mean()
    loss = Dice() + weighted(2, keras.losses.MeanSquaredError())
    assert float(loss(truth, prediction, weight)) == pytest.approx(expected, rel=1e-6)
    assert float(loss(truth, prediction)) != pytest.approx(expected, rel=1e-3)


def test_losses_that_keep_no_pixels_take_weights_as_keras_gives_them():
    truth, prediction = case()
    weight = np.array([0.5, 1.0, 3.0], "float32")
    for dice in (keras.losses.Dice(), keras.losses.Dice(axis=(1, 2, 3))):
        found = weighted(1, dice)(truth, prediction, weight)
        np.testing.assert_allclose(found, dice(truth, prediction, weight), rtol=1e-6)


def test_a_sum_survives_json():
    loss = 0.5 * Dice(class_weights=[1, 2], from_logits=True) + weighted(3, keras.losses.BinaryCrossentropy(True))
    loss.name = "mine"
    again = keras.losses.deserialize(json.loads(json.dumps(keras.losses.serialize(loss))))
    assert isinstance(again, LossSum)
    assert again.get_config() == loss.get_config()
    assert again.name == "mine"
    truth, prediction = case((2, 4, 4, 2))
    assert float(again(truth, prediction)) == float(loss(truth, prediction))


def test_names_of_parts_are_told_apart():
    loss = Dice() + Dice(squared=True) + Tversky() + Dice(name="tversky")
    assert [metric.name for metric in loss.part_metrics()] == ["dice", "dice_2", "tversky", "tversky_2"]


def test_callbacks_of_mode_auto_want_less_of_a_part():
    x, truth = np.zeros((1, 4, 4, 1)), np.ones((1, 4, 4, 1))
    loss = Dice() + CrossEntropy()
    model = keras.Sequential([keras.layers.Input((4, 4, 1)), keras.layers.Conv2D(1, 1, activation="sigmoid")])
    model.compile("sgd", loss, metrics=loss.part_metrics())
    stops = [keras.callbacks.EarlyStopping(monitor=f"val_{name}") for name in ("dice", "cross_entropy")]
    model.fit(x, truth, validation_data=(x, truth), callbacks=stops, verbose=0)
    assert [stop.monitor_op(1, 2) for stop in stops] == [True, True]


# TensorFlow's variables answer NumPy 2's copy keyword with a warning whenever Keras saves a model.
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_a_model_trains_reports_the_parts_and_reloads(tmp_path):
    x, _ = case((5, 8, 8, 2))
    truth, _ = case((5, 8, 8, 1), seed=1)
    weight = np.random.default_rng(2).random(5, dtype="float32")
    loss = Dice(from_logits=True, empty="skip") + weighted(0.5, keras.losses.BinaryCrossentropy(from_logits=True))
    model = keras.Sequential([keras.layers.Input((None, None, 2)), keras.layers.Conv2D(1, 3, padding="same")])
    weighted_metrics = (1 * Tversky(from_logits=True)).part_metrics()
    model.compile("sgd", loss, metrics=loss.part_metrics(), weighted_metrics=weighted_metrics)
    before = model.get_weights()[0]
    model.fit(x, truth, verbose=0)
    assert np.abs(model.get_weights()[0] - before).max() > 0
    # Two batches, of three images and of two.
    found = model.evaluate(x, truth, batch_size=3, verbose=0, return_dict=True)
    assert found["loss"] == pytest.approx(found["dice"] + 0.5 * found["binary_crossentropy"], rel=1e-6)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert again.evaluate(x, truth, batch_size=3, verbose=0, return_dict=True) == pytest.approx(found, rel=1e-6)
    scored = again.evaluate(x, truth, sample_weight=weight, batch_size=3, verbose=0, return_dict=True)
    logits = model.predict(x, verbose=0)
    expected = float(Tversky(from_logits=True)(truth, logits, weight))
    assert scored["tversky"] == pytest.approx(expected, rel=1e-5)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="calls TensorFlow itself")
def test_parts_are_not_divided_by_the_replicas(monkeypatch):
    import tensorflow as tf

    class TwoReplicas:
        num_replicas_in_sync = 2

    truth, prediction = case()
    loss = Dice() + Dice(reduction="sum", name="total") + keras.losses.Dice(name="whole")
    loss += keras.losses.Dice(axis=(1, 2, 3), name="each")
    expected = [float(part(truth, prediction)) for part in loss.losses]
    metrics = loss.part_metrics()
    monkeypatch.setattr(tf.distribute, "get_strategy", TwoReplicas)
    assert float(loss.losses[0](truth, prediction)) == pytest.approx(expected[0] / 2)
    for metric, value in zip(metrics, expected, strict=True):
        metric.update_state(truth, prediction)
        assert float(metric.result()) == pytest.approx(value, rel=1e-6)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Dice() + 1.0, TypeError, r"Received 1\.0\. Wrap a Keras loss as weighted\(1\.0, loss\)"),
        (lambda: "dice" + Dice(), TypeError, r"Received 'dice'\. Wrap a Keras loss as weighted"),
        (lambda: Dice() + CrossEntropy, TypeError, r"the class CrossEntropy\. Write CrossEntropy\(\)"),
        (lambda: weighted(0.5, "mse"), TypeError, r"Received 'mse'\. Pass an instance"),
        (lambda: Dice() * CrossEntropy(), TypeError, "Expected weight to be a number"),
        (lambda: True * Dice(), TypeError, "Expected weight to be a number"),
        (lambda: -1 * Dice(), ValueError, r"Expected weight to be a number of at least 0\. Received weight=-1\."),
        (lambda: weighted(-1, Dice()), ValueError, "Received weight=-1"),
        (lambda: LossSum(losses=[Dice()], weights=[-1]), ValueError, r"Received weights\[0\]=-1"),
        (lambda: LossSum(losses=[]), ValueError, "at least one loss"),
        (lambda: LossSum(losses=[Dice()], weights=[1, 2]), ValueError, "1 losses and 2 weights"),
        (lambda: Dice() + Tversky(reduction=None), ValueError, 'tversky with reduction=None. Give it reduction="sum_'),
    ],
)
def test_what_cannot_be_added_is_refused_with_the_cure(make, error, message):
    with pytest.raises(error, match=message):
        make()
