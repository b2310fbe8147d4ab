import keras
import numpy as np
import pytest

from resunet_kit.inference._export_comparison import LIMIT, Comparison, compare, difference, outputs_of


def network(shape=(6, 6, 1)):
    inputs = keras.Input(shape)
    return keras.Model(inputs, keras.layers.Conv2D(1, 1, kernel_initializer="ones", activation="sigmoid")(inputs))


def test_differences_are_relative_to_large_outputs_alone():
    assert difference([np.array([0.5, 0.1])], [np.array([0.25, 0.1])]) == 0.25
    assert difference([np.array([1000.0])], [np.array([999.0])]) == pytest.approx(1e-3)
    assert difference([np.array([1.0]), np.array([2.0])], [np.array([1.0]), np.array([1.0])]) == 0.5


def test_other_shapes_and_a_nan_in_one_are_infinite():
    one = [np.array([[1.0]])]
    for other in ([np.array([1.0])], [], [np.array([[np.nan]])], [np.array([[np.inf]])]):
        assert difference(one, other) == np.inf
    assert difference([np.array([np.nan, np.inf])], [np.array([np.nan, np.inf])]) == 0


def test_any_change_of_the_outputs_is_found():
    model = network((None, None, 1))
    assert max(found.judged for found in compare(model, lambda images: outputs_of(model, images))) == 0

    def in_batches_alone(images):
        return [output + 0.01 * (len(images) == 3) for output in outputs_of(model, images)]

    def in_odd_sizes_alone(images):
        return [output + 0.01 * (images.shape[1] % 2) for output in outputs_of(model, images)]

    def where_negative(images):
        return [output + 0.01 * (images < -0.5) for output in outputs_of(model, images)]

    for changed in (in_batches_alone, in_odd_sizes_alone, where_negative):
        assert max(found.judged for found in compare(model, changed)) >= 0.0099, changed


def test_what_a_model_makes_of_rounding_is_allowed_within_limits():
    comparisons = {found.name: found for found in compare(network(), lambda images: outputs_of(network(), images))}
    assert comparisons["random in [0, 1)"].amplification == 1
    assert all(1 <= found.amplification <= LIMIT for found in comparisons.values())
    assert Comparison("large", (1, 6, 6, 1), 0.01, 100.0).judged == pytest.approx(1e-4)


def test_a_model_that_takes_no_size_is_refused():
    inputs = keras.Input((None, None, 1))
    model = keras.Model(inputs, Refusing()(inputs))
    with pytest.raises(ValueError, match="Expected a model that predicts images of its variable shape"):
        compare(model, lambda images: outputs_of(model, images))


class Refusing(keras.layers.Layer):
    def compute_output_shape(self, shape):
        return shape

    def call(self, x):  # noqa: ARG002
        raise RuntimeError("on purpose")
