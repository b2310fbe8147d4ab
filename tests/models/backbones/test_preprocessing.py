import inspect

import keras
import numpy as np
import pytest

from resunet_kit.models._backbones.preprocessing import (
    BGR,
    RGB,
    SYMMETRIC,
    Preprocessing,
    check_value_range,
    measure,
    preprocess,
)
from resunet_kit.models._backbones.registry import find_backbone

BUILDERS = dict(inspect.getmembers(keras.applications, inspect.isfunction))
CAFFE, TORCH = keras.applications.vgg16.preprocess_input, keras.applications.densenet.preprocess_input


def applied(images, preprocessing, value_range=(0.0, 255.0)):
    inputs = keras.Input(images.shape[1:])
    model = keras.Model(inputs, preprocess(inputs, preprocessing, value_range))
    return keras.ops.convert_to_numpy(model(images))


def colours(channels=3):
    return np.random.default_rng(0).uniform(0.0, 255.0, (2, 5, 4, channels)).astype("float32")


# What Keras documents: "tf", "caffe" and "torch" modes, and networks that preprocess inside.
MODES = {
    "tf": ("Inception", "MobileNetV2", "NASNet", "Xception", "ResNet50V2", "ResNet101V2", "ResNet152V2"),
    "caffe": ("VGG", "ResNet"),
    "torch": ("DenseNet",),
    "inside": ("ConvNeXt", "EfficientNet", "MobileNetV3"),
}


def mode_of(name):
    return next((mode for mode, starts in MODES.items() if name.startswith(starts)), "tf")  # MobileNet, the first


@pytest.mark.parametrize("name", sorted(BUILDERS))
def test_the_measured_preprocessing_of_every_builder_is_that_of_keras(name):
    found = find_backbone(name).preprocessing
    images = colours()
    expected = images
    if mode_of(name) != "inside":
        expected = keras.applications.imagenet_utils.preprocess_input(images.copy(), mode=mode_of(name))
    np.testing.assert_allclose(images[..., list(found.order)] * found.scale + found.offset, expected, atol=1e-3)


@pytest.mark.parametrize("value_range", [(0.0, 1.0), (0, 255), (-1.0, 1.0)])
@pytest.mark.parametrize("function", [CAFFE, TORCH, keras.applications.mobilenet.preprocess_input])
def test_layers_compute_the_preprocessing_from_any_range(function, value_range):
    low, high = value_range
    images = colours()
    fed = applied(low + images / 255.0 * (high - low), measure(function), value_range)
    np.testing.assert_allclose(fed, function(images.copy()), atol=2e-3)


@pytest.mark.parametrize("function", [CAFFE, TORCH])
@pytest.mark.parametrize("channels", [1, 2, 4, 7])
def test_each_channel_is_treated_as_its_colour(function, channels):
    images = colours(channels)
    fed = applied(images, measure(function))
    for channel in range(channels):
        colour = channel % 3
        pure = np.zeros((*images.shape[:-1], 3), "float32")
        pure[..., colour] = images[..., channel]
        expected = function(pure)[..., {CAFFE: 2 - colour, TORCH: colour}[function]]
        np.testing.assert_allclose(fed[..., channel], expected, atol=1e-3)


def test_source_channels_follow_the_order_of_the_backbone():
    assert SYMMETRIC.source_channels(5) == [0, 1, 2, 0, 1]
    assert Preprocessing(BGR, (1.0,) * 3, (0.0,) * 3).source_channels(5) == [2, 1, 0, 2, 1]
    assert Preprocessing(BGR, (1.0,) * 3, (0.0,) * 3).source_channels(3) == [0, 1, 2]  # flipped before


@pytest.mark.parametrize(
    "function",
    [lambda x: x**2, lambda x: x @ np.ones((3, 3)), lambda x: x[..., [1, 0, 2]]],
    ids=["square", "mix", "order"],
)
def test_other_preprocessing_is_refused(function):
    with pytest.raises(ValueError, match="Expected a function that reorders, scales and shifts channels"):
        measure(function)


def test_scaling_alone_is_measured_exactly():
    assert measure(lambda x: x / 2.0) == Preprocessing(RGB, (0.5,) * 3, (0.0,) * 3)


WRONG_RANGES = {
    ValueError: [(1.0, 0.0), (1, 1), (0, 1, 2), (0.0, float("inf"))],
    TypeError: [5, None, "01", ("0", "1")],
}


@pytest.mark.parametrize(("error", "value_range"), [(error, x) for error in WRONG_RANGES for x in WRONG_RANGES[error]])
def test_a_range_is_two_finite_numbers_in_ascending_order(error, value_range):
    with pytest.raises(error, match=r"Expected value_range.* Received value_range"):
        check_value_range(value_range)


def test_a_range_becomes_floats():
    assert check_value_range([0, np.float32(255)]) == (0.0, 255.0)
