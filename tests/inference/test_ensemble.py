import keras
import numpy as np
import pytest

from resunet_kit.inference import Uncertainty, ensemble, predict_ensemble
from tests.inference.stages import copying_segmenter, eager, mean_classifier

RNG = np.random.default_rng(0)
IMAGES = RNG.random((3, 16, 16, 1), "float32")


@pytest.fixture(scope="module")
def members():
    return [pixelwise() for _ in range(3)]


def pixelwise():
    inputs = keras.Input((16, 16, 1))
    x = keras.layers.BatchNormalization()(keras.layers.Conv2D(4, 3, padding="same")(inputs))
    return eager(keras.Model(inputs, keras.layers.Conv2D(3, 1, activation="softmax")(x), name="net"))


def predict(model, images=IMAGES):
    return np.asarray(model.predict_on_batch(images))


def dense(units=1, activation=None, shape=(16, 16, 1), **options):
    inputs = keras.Input(shape, **options)
    return eager(keras.Model(inputs, keras.layers.Dense(units, activation)(keras.layers.Flatten()(inputs))))


def test_the_output_is_the_mean_of_the_members(members):
    model = ensemble(members)
    assert isinstance(model, keras.Model)
    np.testing.assert_allclose(predict(model), np.mean([predict(m) for m in members], axis=0), atol=1e-6)
    assert (model.input_shape, model.output_shape) == (members[0].input_shape, members[0].output_shape)
    assert len({member.name for member in members}) == 1


def test_weights_are_divided_by_their_sum(members):
    expected = np.average([predict(m) for m in members], axis=0, weights=[1, 2, 5])
    np.testing.assert_allclose(predict(ensemble(members, weights=[1, 2, 5])), expected, atol=1e-6)
    np.testing.assert_allclose(predict_ensemble(members, IMAGES, weights=[1, 2, 5]).mean, expected, atol=1e-6)


def test_it_reloads_from_stock_layers_alone(members, tmp_path):
    model = ensemble(members, weights=[1, 2, 5])
    assert "resunet_kit" not in model.to_json()
    model.save(tmp_path / "ensemble.keras")
    loaded = keras.models.load_model(tmp_path / "ensemble.keras")
    np.testing.assert_allclose(predict(loaded), predict(model), atol=1e-6)
    found, expected = predict_ensemble(loaded, IMAGES), predict_ensemble(members, IMAGES, weights=[1, 2, 5])
    np.testing.assert_allclose(found.mean, expected.mean, atol=1e-6)
    np.testing.assert_allclose(found.std, expected.std, atol=1e-6)


def test_the_spread_is_that_of_the_members(members):
    each = [predict(m) for m in members]
    found = predict_ensemble(members, IMAGES, batch_size=2)
    assert isinstance(found, Uncertainty)
    np.testing.assert_allclose(found.mean, np.mean(each, axis=0), atol=1e-6)
    np.testing.assert_allclose(found.std, np.std(each, axis=0), atol=1e-6)
    assert found.mutual_information.shape == (3, 16, 16)
    assert found.image_uncertainty.shape == (3,)


def test_members_keep_their_weights_and_graphs(members):
    layer = members[0].layers[1]
    nodes = len(layer._inbound_nodes)
    model = ensemble(members)
    assert len(layer._inbound_nodes) == nodes
    assert {id(w) for w in model.weights} == {id(w) for m in members for w in m.weights}


def test_classifiers_sequential_models_and_ensembles_of_ensembles():
    def sequential():
        return keras.Sequential([keras.Input((16, 16, 1)), keras.layers.Flatten(), keras.layers.Dense(2, "softmax")])

    a, b, c = sequential(), sequential(), dense(2, "softmax")
    outer = ensemble([ensemble([a, b]), c])
    np.testing.assert_allclose(predict(outer), predict(a) / 4 + predict(b) / 4 + predict(c) / 2, atol=1e-6)


def test_half_precision_is_averaged_in_float32():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = ensemble([dense(2, "softmax"), dense(2, "softmax")])
    finally:
        keras.config.set_dtype_policy("float32")
    assert model.outputs[0].dtype == "float32"


def test_other_engines_have_a_spread():
    class Constant:
        input_shape, output_shape = (None, 16, 16, 1), (None, 1)

        def __init__(self, value):
            self.value = value

        def predict_on_batch(self, x):
            return np.full((len(x), 1), self.value)

    found = predict_ensemble([Constant(0.2), Constant(0.6)], IMAGES)
    np.testing.assert_allclose([found.mean[0, 0], found.std[0, 0]], [0.4, 0.2], atol=1e-6)
    with pytest.raises(TypeError, match=r"models\[0\] to be a keras\.Model.*An ensemble is one Keras model"):
        ensemble([Constant(0.2), Constant(0.6)])


@pytest.mark.parametrize(
    ("models", "kind", "message"),
    [
        (list, ValueError, "at least two models. Received 0"),
        (lambda: [dense()], ValueError, "at least two models. Received 1"),
        (lambda: [dense()] * 2, ValueError, r"the same one as models\[0\] and models\[1\]"),
        (lambda: [dense(), dense(shape=(8, 8, 1))], ValueError, "one input shape"),
        (lambda: [dense(1), dense(2)], ValueError, "one output shape"),
        (lambda: [dense(), dense(dtype="float16")], ValueError, "one input type"),
        (lambda: [dense(1), dense(1, "sigmoid")], ValueError, "logits for models.0. and a sigmoid for models.1."),
        (lambda: [dense(2, "softmax"), dense(2, "sigmoid")], ValueError, "same final activation"),
        (lambda: [dense(), "model.keras"], TypeError, r"models\[1\]"),
        (lambda: [mean_classifier(), copying_segmenter()], ValueError, "one output shape"),
        (lambda: 3, TypeError, "a list of models"),
    ],
)
def test_members_that_do_not_fit_are_refused(models, kind, message):
    for function in (ensemble, lambda models: predict_ensemble(models, IMAGES)):
        with pytest.raises(kind, match=message):
            function(models())


def test_one_model_is_not_a_list_of_models():
    with pytest.raises(TypeError, match="a list of models"):
        ensemble(dense())
    with pytest.raises(ValueError, match="or a model that ensemble returned"):
        predict_ensemble(dense(), IMAGES)


@pytest.mark.parametrize(
    ("weights", "kind"), [([1], ValueError), ([1, -1], ValueError), ([1, np.nan], ValueError), ([1, "2"], TypeError)]
)
def test_weights_are_checked(weights, kind):
    with pytest.raises(kind, match=r"Expected .* Received"):
        ensemble([dense(), dense()], weights=weights)


def test_the_cure_for_logits_works():
    logits, probabilities = dense(2), dense(2, "softmax")
    cured = keras.Model(logits.input, keras.ops.softmax(logits.outputs[0]))
    assert predict(ensemble([cured, probabilities])).sum() == pytest.approx(3, abs=1e-5)
