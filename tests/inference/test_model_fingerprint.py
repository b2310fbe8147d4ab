import keras
import numpy as np

from resunet_kit.inference import Cascade
from resunet_kit.inference._model_fingerprint import fingerprint
from resunet_kit.masks import PostProcess
from tests.inference.stages import copying_segmenter, mean_classifier


def network(activation="sigmoid", seed=0):
    keras.utils.set_random_seed(seed)
    inputs = keras.Input((8, 8, 1))
    x = keras.layers.Conv2D(2, 3, padding="same")(inputs)
    inner = keras.Sequential([keras.Input((8, 8, 2)), keras.layers.BatchNormalization()])
    return keras.Model(inputs, keras.layers.Conv2D(1, 1, activation=activation)(inner(x)))


def test_a_reloaded_model_is_the_same(tmp_path):
    model = network()
    model.save(tmp_path / "model.keras")
    loads = [keras.models.load_model(tmp_path / "model.keras") for _ in range(2)]
    assert {fingerprint(one) for one in loads} == {fingerprint(model)}
    assert fingerprint(network()) == fingerprint(model)  # of other names


def test_weights_and_layers_change_it():
    model = network()
    assert fingerprint(network("tanh")) != fingerprint(model)
    before = fingerprint(model)
    weight = model.layers[-1].weights[1]
    weight.assign(weight + 1e-3)
    assert fingerprint(model) != before
    assert fingerprint(network(seed=1)) != before


def test_the_settings_of_a_cascade_change_it():
    stages = mean_classifier(), copying_segmenter()
    found = {
        fingerprint(Cascade(*stages, **options))
        for options in ({}, {"threshold": 0.4}, {"postprocess": PostProcess(min_size=3)}, {"value_range": (0, 1)})
    }
    assert len(found) == 4


class Wrapped:
    """A predictor that is not a Keras model."""

    input_shape = output_shape = (None, 8, 8, 1)

    def __init__(self, factor, model=None, precision="float32"):
        self.factor, self.precision = factor, precision
        if model is not None:
            self.model = model

    def predict_on_batch(self, x):
        return np.asarray(x) * self.factor


def test_other_predictors_are_known_by_their_model_or_their_outputs():
    model = network()
    assert fingerprint(Wrapped(1, model)) == fingerprint(Wrapped(2, model))
    assert fingerprint(Wrapped(1, model, "int8")) != fingerprint(Wrapped(1, model))
    assert fingerprint(Wrapped(1)) == fingerprint(Wrapped(1 + 1e-6))
    assert fingerprint(Wrapped(1)) != fingerprint(Wrapped(0.5))
