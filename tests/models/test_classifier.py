import keras
import numpy as np
import pytest

from resunet_kit.blocks import conv_block
from resunet_kit.models import resnet_classifier


def tiny_backbone(channels=3):
    inputs = keras.Input((None, None, channels))
    return keras.Model(inputs, conv_block(conv_block(inputs, 4, strides=2), 6, strides=2), name="tiny")


def passthrough(depth, shape, *, weights):
    """Stand in for a ResNet: its features are what the preprocessing fed it."""
    inputs = keras.Input(shape)
    return keras.Model(inputs, keras.layers.Activation("linear", name="features")(inputs), name="backbone")


def fed_to_backbone(monkeypatch, images, **options):
    monkeypatch.setitem(resnet_classifier.__globals__, "resnet", passthrough)
    model = resnet_classifier(images.shape[1:], weights=None, **options)
    # What the backbone is called on, rather than the layer that should make it.
    reached = model.get_layer("backbone").get_layer("features")
    seen = []
    reached.activation = lambda x: seen.append(x) or x
    model(images)
    return keras.ops.convert_to_numpy(seen[0])


@pytest.mark.parametrize("value_range", [(0.0, 1.0), (0.0, 255.0), (-1.0, 1.0)])
@pytest.mark.parametrize("backbone", ["resnet50", "resnet152"])
def test_bottleneck_backbones_get_what_keras_preprocesses_for_them(monkeypatch, value_range, backbone):
    bytes_ = np.random.default_rng(0).uniform(0.0, 255.0, (2, 32, 33, 3)).astype("float32")
    low, high = value_range
    fed = fed_to_backbone(monkeypatch, low + bytes_ / 255.0 * (high - low), backbone=backbone, value_range=value_range)
    expected = keras.applications.resnet50.preprocess_input(bytes_.copy())
    np.testing.assert_allclose(fed, expected, atol=1e-3)


@pytest.mark.parametrize(("backbone", "channels"), [("resnet18", 3), ("resnet34", 1), ("resnet50", 4)])
@pytest.mark.parametrize("value_range", [(0.0, 1.0), (0.0, 255.0), (100.0, 300.0)])
def test_other_backbones_get_values_from_minus_one_to_one(monkeypatch, backbone, channels, value_range):
    images = np.linspace(*value_range, 2 * 32 * 32 * channels).reshape(2, 32, 32, channels).astype("float32")
    fed = fed_to_backbone(monkeypatch, images, backbone=backbone, value_range=value_range)
    np.testing.assert_allclose(fed.ravel(), np.linspace(-1.0, 1.0, fed.size), atol=1e-5)


def test_a_backbone_of_ones_own_is_fed_the_images_as_they_come():
    backbone = tiny_backbone()
    model = resnet_classifier((32, 32, 3), 1, backbone=backbone, trainable="all")
    assert not any(isinstance(layer, keras.layers.Rescaling) for layer in model.layers)
    assert model.get_layer("tiny") is backbone
    scores = keras.ops.convert_to_numpy(model(np.zeros((2, 32, 32, 3), "float32")))
    assert scores.shape == (2, 1)


def test_the_head_alone_learns_by_default():
    model = resnet_classifier((32, 32, 3), backbone=tiny_backbone(), hidden_units=(8, 4))
    assert {weight.path.split("/")[0] for weight in model.trainable_weights} == {
        "presence_hidden1",
        "presence_hidden2",
        "presence_dense",
    }


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"input_shape": (32, 32)}, "Expected input_shape"),
        ({"input_shape": (3, 64, 64)}, "Expected channels-last"),
        ({"backbone": "resnet51"}, "Unknown backbone 'resnet51'.*Did you mean 'resnet50'"),
        ({"value_range": (1.0, 0.0)}, "Expected value_range"),
        ({"num_classes": 1, "activation": "softmax"}, "Expected activation 'sigmoid' for one class"),
        ({"trainable": "haed"}, "Did you mean 'head'"),
        ({"backbone": "resnet34", "weights": "imagenet"}, "Keras publishes none for depth=34"),
        ({"backbone": "resnet18", "weights": "absent.weights.h5"}, "existing file.*absent"),
    ],
)
def test_wrong_arguments_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        resnet_classifier(**{"input_shape": (32, 32, 3), "backbone": tiny_backbone(), **options})
