import keras
import pytest
from keras import layers, ops

from resunet_kit.inference._final_activation import final_activation
from resunet_kit.models import res_unet, resnet_classifier


def head(*steps):
    inputs = keras.Input((4,))
    x = inputs
    for step in steps:
        x = step(x)
    return keras.Model(inputs, x)


@pytest.mark.parametrize(
    ("model", "kind"),
    [
        (head(layers.Dense(2, "softmax")), "softmax"),
        (head(layers.Dense(2), layers.Softmax()), "softmax"),
        (head(layers.Dense(2), ops.softmax), "softmax"),
        (head(layers.Dense(2), keras.activations.softmax), "softmax"),
        (head(layers.Dense(1), layers.Activation("sigmoid")), "sigmoid"),
        (head(layers.Dense(1), ops.sigmoid), "sigmoid"),
        (head(layers.Dense(1, layers.Softmax())), "softmax"),
        (head(layers.Dense(1, "sigmoid"), layers.Activation("linear"), layers.Identity()), "sigmoid"),
        (head(layers.Dense(1), layers.Activation("linear")), "linear"),
        (head(layers.Dense(1)), "linear"),
        (head(layers.Dense(1, "sigmoid"), lambda x: 2 * x), None),
        (head(layers.Dense(1, "tanh")), None),
        (keras.Sequential([keras.Input((4,)), layers.Dense(2), layers.Softmax()]), "softmax"),
        (head(keras.Sequential([layers.Dense(2, "softmax")])), "softmax"),
        (head(head(layers.Dense(4, "relu")), head(layers.Dense(1, "sigmoid"))), "sigmoid"),
    ],
)
def test_the_activation_is_found(model, kind):
    found = final_activation(model)
    assert found.kind == kind
    assert bool(found.attribute) == (kind in ("sigmoid", "softmax"))


@pytest.mark.slow
def test_builders_end_as_they_are_asked_to():
    assert final_activation(res_unet((8, 8, 1), filters=(2, 4))).kind == "sigmoid"
    assert final_activation(res_unet((8, 8, 1), 3, filters=(2, 4))).kind == "softmax"
    assert final_activation(res_unet((8, 8, 1), filters=(2, 4), activation=None)).kind == "linear"
    assert final_activation(resnet_classifier((32, 32, 3), backbone="resnet18", weights=None)).kind == "softmax"
