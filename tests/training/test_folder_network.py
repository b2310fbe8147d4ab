"""The user's network, checked against the data before training."""

import keras
import numpy as np
import pytest

from resunet_kit.models import res_unet
from resunet_kit.training._folder_network import check_network, fixed_size, made_network
from resunet_kit.training._folder_recipe import Recipe
from tests.training.folders import planned, write_discs

RECIPE = Recipe(
    filters=(4, 8),
    augment=None,
    batch_size=1,
    epochs=1,
    learning_rate=1e-3,
    patience=None,
    precision="mixed_bfloat16",
    seed=0,
    steps=1,
)


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    return planned(write_discs(tmp_path_factory.mktemp("discs"), 4))


def network(*, channels: int = 1, classes: int = 1, size=32, activation="sigmoid", strides: int = 1, scale=None):
    inputs = keras.Input((size, size, channels))
    x = inputs if scale is None else keras.layers.Rescaling(scale)(inputs)
    return keras.Model(
        inputs, keras.layers.Conv2D(classes, 1, strides, activation=activation, kernel_initializer="ones")(x)
    )


def test_a_model_and_a_function_that_builds_one_are_taken(plan):
    model = network()
    assert made_network(model, plan, RECIPE) is model
    received = []

    def build(shape, classes):
        received.append((shape, classes))
        return network()

    made_network(build, plan, RECIPE)
    assert received == [((32, 32, 1), 1)]
    assert fixed_size(network(size=64)) == (64, 64)
    assert fixed_size(network(size=None)) is None


def test_layers_are_made_in_the_precision_of_the_recipe_alone(plan):
    before = keras.config.dtype_policy().name
    model = made_network(None, plan, RECIPE)
    assert any(layer.compute_dtype == "bfloat16" for layer in model.layers)
    assert keras.config.dtype_policy().name == before


def test_a_softmax_of_two_classes_suits_binary_masks(tmp_path):
    own = planned(write_discs(tmp_path, 3))
    made_network(network(classes=2, activation="softmax"), own, RECIPE)
    assert own.num_classes == 2


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (network(channels=3), "channels=3"),
        (network(classes=4, activation="softmax"), "num_classes=4"),
        (network(size=64), "image_size"),
        (network(size=None, strides=2), r"height and width \(32, 32\)"),
        (network(activation="tanh"), "End it with sigmoid"),
        (network(classes=2, activation="sigmoid"), "End it with softmax"),
        (network(scale=1 / 255), r"normalize=\(0, 1 / 255\)"),
    ],
)
def test_a_model_that_does_not_fit_is_refused(plan, model, message):
    with pytest.raises(ValueError, match=message):
        made_network(model, plan, RECIPE)


def test_what_is_not_a_model_is_refused(plan):
    with pytest.raises(TypeError, match=r"keras\.Model"):
        check_network("res_unet")
    with pytest.raises(TypeError, match=r"keras\.Model"):
        check_network(keras.Model)
    with pytest.raises(TypeError, match=r"return a keras\.Model"):
        made_network(lambda *_: print, plan, RECIPE)
    with pytest.raises(ValueError, match="strip_deep_supervision"):
        check_network(res_unet((32, 32, 1), filters=(4, 8), deep_supervision=True))
    with pytest.raises(ValueError, match="Build it first"):
        check_network(keras.Sequential([keras.layers.Conv2D(1, 1)]))


def test_the_outputs_are_looked_at(plan):
    model = network(activation="linear")
    model.layers[-1].set_weights([np.full((1, 1, 1, 1), np.nan), np.zeros(1)])
    with pytest.raises(ValueError, match="probabilities"):
        made_network(model, plan, RECIPE)
