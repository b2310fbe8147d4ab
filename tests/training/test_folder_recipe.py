"""Network, loss, optimizer and learning rate of the default recipe."""

import keras
import numpy as np
import pytest

from resunet_kit.models import res_unet
from resunet_kit.training._folder_recipe import (
    checked_options,
    compile_network,
    default_filters,
    default_network,
    logits_of,
    made_recipe,
    prior_bias,
)
from tests.training.folders import planned, write_discs

OPTIONS = {
    "filters": (4, 8),
    "augment": "auto",
    "batch_size": None,
    "epochs": 40,
    "learning_rate": 1e-3,
    "patience": None,
    "precision": "auto",
}


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    return planned(write_discs(tmp_path_factory.mktemp("discs"), 9, classes=2))


def recipe_of(plan, **options):
    return made_recipe(plan, checked_options(**{**OPTIONS, **options}), seed=0)


@pytest.mark.parametrize(
    ("images", "size", "filters"),
    [(10, (256, 256), (16, 32, 64, 128)), (500, (256, 256), (32, 64, 128, 256)), (10, (32, 64), (16, 32, 64))],
)
def test_more_images_get_more_filters_and_small_ones_fewer_levels(images, size, filters):
    assert default_filters(images, size) == filters


def test_few_images_get_small_batches(plan):
    assert len(plan.split["train"]) == 5
    assert (recipe_of(plan).batch_size, recipe_of(plan).steps) == (1, 5)
    assert (recipe_of(plan, batch_size=3).batch_size, recipe_of(plan, batch_size=3).steps) == (3, 2)


@pytest.mark.parametrize(
    ("option", "value"), [("epochs", 0), ("batch_size", 0), ("learning_rate", 0), ("patience", 0), ("filters", [0])]
)
def test_options_out_of_range_are_refused(option, value):
    with pytest.raises(ValueError, match=option):
        checked_options(**{**OPTIONS, option: value})


def test_the_first_outputs_are_the_frequencies_of_the_classes(plan):
    keras.utils.set_random_seed(0)
    model = default_network(plan, recipe_of(plan))
    counts = np.sum([plan.pairs[index].counts[:3] for index in plan.split["train"]], axis=0)
    bias = prior_bias(plan)
    np.testing.assert_allclose(np.exp(bias) / np.exp(bias).sum(), counts / counts.sum(), rtol=1e-5)
    images = np.random.default_rng(0).random((2, 32, 32, 1), np.float32)
    found = keras.ops.convert_to_numpy(model(images)).mean(axis=(0, 1, 2))
    np.testing.assert_allclose(found, counts / counts.sum(), atol=0.1)


@pytest.mark.parametrize("classes", [1, 3])
def test_logits_have_the_same_layers_and_the_activation_gives_the_outputs(classes):
    model = res_unet((32, 32, 1), classes, filters=(4, 8))
    logits = logits_of(model)
    images = np.random.default_rng(0).random((1, 32, 32, 1), np.float32)
    activation = keras.ops.sigmoid if classes == 1 else keras.ops.softmax
    outputs = activation(logits(images, training=False))
    found, expected = map(keras.ops.convert_to_numpy, (outputs, model(images, training=False)))
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert {id(variable) for variable in model.variables} == {id(variable) for variable in logits.variables}


def test_another_end_is_trained_as_it_is():
    inputs = keras.Input((8, 8, 1))
    assert logits_of(keras.Model(inputs, keras.layers.Conv2D(1, 1, activation="sigmoid")(inputs))) is None
    assert logits_of(res_unet((32, 32, 1), 1, filters=(4, 8), activation=None)) is None


def test_the_learning_rate_rises_then_falls(plan):
    model = res_unet((32, 32, 1), 3, filters=(4, 8))
    compile_network(model, plan, recipe_of(plan), from_logits=False)  # 200 steps
    rate = getattr(model.optimizer, "schedule", None) or model.optimizer._learning_rate
    rates = [float(rate(step)) for step in range(0, 201, 10)]
    assert rates[0] == pytest.approx(1e-4)
    assert rates[1] == pytest.approx(1e-3)
    assert rates[1:] == sorted(rates[1:], reverse=True)
    assert rates[-1] == pytest.approx(1e-5)
