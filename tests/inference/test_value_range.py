import keras
import numpy as np
import pytest

from resunet_kit.inference._value_range import check_value_range, takes_raw_intensities
from resunet_kit.models import res_unet, resnet_classifier


def after(*layers):
    inputs = keras.Input((32, 32, 3))
    x = inputs
    for layer in layers:
        x = layer(x)
    return keras.Model(inputs, keras.layers.Conv2D(1, 1)(x))


def nested(*layers):
    return after(keras.Sequential([keras.Input((32, 32, 3)), *layers]))


def adapted(mean):
    return keras.layers.Normalization(mean=[mean] * 3, variance=[1.0] * 3)


def adapted_to(images):
    layer = keras.layers.Normalization()
    layer.adapt(images)
    return layer


RESCALING = keras.layers.Rescaling
RAW = {
    "1/255": lambda: after(RESCALING(1 / 255)),
    "nested": lambda: nested(RESCALING(1 / 255)),
    "-1 to 1": lambda: after(RESCALING(1 / 127.5, offset=-1.0)),
    "caffe": lambda: after(RESCALING(1.0, offset=[-104.0, -117.0, -124.0])),
    "statistics": lambda: after(adapted(120.0)),
    "adapted": lambda: after(adapted_to(np.full((4, 8, 8, 3), 90.0, "float32"))),
    "divided, then statistics": lambda: after(RESCALING(1 / 255), adapted(0.485)),
    "efficientnet": lambda: keras.applications.EfficientNetB0(include_top=False, weights=None, input_shape=(32, 32, 3)),
    "own, 0-255": lambda: resnet_classifier((32, 32, 3), backbone="resnet18", weights=None, value_range=(0, 255)),
    "encoder, 0-255": lambda: res_unet((32, 32, 3), filters=(4,), encoder="mobilenet", value_range=(0, 255)),
}
NOT_RAW = {
    "none": lambda: after(),
    "identity": lambda: after(RESCALING(1.0)),
    "0-1 to caffe": lambda: after(RESCALING(255.0, offset=[-104.0, -117.0, -124.0])),
    "0-1 to -1-1": lambda: after(RESCALING(2.0, offset=-1.0)),
    "statistics of 0-1": lambda: after(adapted(0.485)),
    "behind a convolution": lambda: after(keras.layers.Conv2D(3, 1), RESCALING(1 / 255)),
    "own, 0-1": lambda: resnet_classifier((32, 32, 3), backbone="resnet18", weights=None),
    "own efficientnet, 0-1": lambda: resnet_classifier((32, 32, 3), backbone="efficientnetb0", weights=None),
    "encoder, 0-1": lambda: res_unet((32, 32, 1), filters=(4,), encoder="mobilenet"),
}


@pytest.mark.parametrize("kind", RAW)
def test_models_that_divide_raw_intensities_are_known(kind):
    assert takes_raw_intensities(RAW[kind]())


@pytest.mark.parametrize("kind", NOT_RAW)
def test_other_models_are_not_taken_for_such(kind):
    assert not takes_raw_intensities(NOT_RAW[kind]())


@pytest.mark.parametrize("given", ["auto", None])
def test_names_pass(given):
    assert check_value_range(given) == given


def test_pairs_become_floats():
    assert check_value_range(np.array([0, 255])) == (0.0, 255.0)
