import keras
import numpy as np
import pytest

from resunet_kit.blocks import conv_block
from resunet_kit.models import resnet_classifier


def tiny_backbone(channels=3):
    inputs = keras.Input((None, None, channels))
    return keras.Model(inputs, conv_block(conv_block(inputs, 4, strides=2), 6, strides=2), name="tiny")


def test_a_backbone_of_ones_own_gets_the_raw_images():
    backbone = tiny_backbone()
    model = resnet_classifier((32, 32, 3), 1, backbone=backbone, trainable="all")
    assert not any(isinstance(layer, keras.layers.Rescaling) for layer in model.layers)
    assert model.get_layer("tiny") is backbone
    scores = keras.ops.convert_to_numpy(model(np.zeros((2, 32, 32, 3), "float32")))
    assert scores.shape == (2, 1)


@pytest.mark.parametrize("channels", [1, 2, 4])
def test_a_backbone_of_ones_own_for_three_channels_takes_others(channels):
    backbone = tiny_backbone()
    gray = np.random.default_rng(0).normal(size=(2, 32, 32, 1)).astype("float32")
    model = resnet_classifier((32, 32, channels), 1, backbone=backbone, trainable="all")
    nested = model.get_layer("tiny")
    fed = np.repeat(gray, max(channels, 3), axis=-1)
    expected = keras.ops.convert_to_numpy(backbone(np.repeat(gray, 3, axis=-1), training=False))
    np.testing.assert_allclose(keras.ops.convert_to_numpy(nested(fed, training=False)), expected, rtol=1e-4, atol=1e-5)
    assert model(np.repeat(gray, channels, axis=-1)).shape == (2, 1)


def test_a_backbone_of_keras_by_name_is_one_nested_layer_behind_its_preprocessing():
    model = resnet_classifier((32, 32, 3), backbone="MobileNet_V2", weights=None, value_range=(0, 255), trainable=1)
    (nested,) = [layer for layer in model.layers if isinstance(layer, keras.Model)]
    assert nested.output_shape == (None, 1, 1, 1280)
    assert model.get_layer("preprocess").scale == pytest.approx(1 / 127.5)
    assert 0 < len(nested.trainable_weights) < len(nested.weights) / 2
    keras.utils.clear_session()


def test_the_head_alone_is_trainable_by_default():
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
        ({"backbone": "resnet51"}, "Received backbone='resnet51'. Did you mean 'resnet50'"),
        ({"value_range": (1.0, 0.0)}, "Expected value_range"),
        ({"value_range": (0.0, 1.0, 2.0)}, "Expected value_range"),
        ({"weights": "some.weights.h5"}, "for the model 'tiny'. Load them into it first"),
        ({"input_shape": (32, 32, 4), "backbone": tiny_backbone(2)}, "for the image's 4 channels.*'tiny' for 2"),
        ({"backbone": "resnet18", "weights": None, "input_shape": (31, 64, 3)}, "at least 32"),
        ({"num_classes": 1, "activation": "softmax"}, "Expected activation='sigmoid' for one class"),
        ({"trainable": "haed"}, "Received trainable='haed'. Did you mean 'head'"),
        ({"backbone": "resnet34", "weights": "imagenet"}, "Keras publishes no weights of ResNet34"),
        ({"backbone": "resnet18", "weights": "absent.weights.h5"}, "existing file.*absent"),
    ],
)
def test_wrong_arguments_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        resnet_classifier(**{"input_shape": (32, 32, 3), "backbone": tiny_backbone(), **options})


def test_a_backbone_is_a_name_or_a_model():
    with pytest.raises(TypeError, match="Expected backbone to be the name"):
        resnet_classifier((32, 32, 3), backbone=50)


def test_a_backbone_for_images_of_another_size_is_refused_with_the_shape_to_build_it_for():
    def backbone(shape):
        return keras.applications.MobileNetV2(include_top=False, weights=None, input_shape=shape)

    with pytest.raises(ValueError, match=r"images of size \(33, 47\).*input_shape=\(33, 47, 3\)"):
        resnet_classifier((33, 47, 3), backbone=backbone((64, 64, 3)))
    assert resnet_classifier((33, 47, 3), backbone=backbone((33, 47, 3))).output_shape == (None, 2)
    keras.utils.clear_session()


@pytest.mark.parametrize("units", [np.array([8, 4]), range(4, 9, 4), np.array([]), range(0)])
def test_hidden_units_may_be_any_sequence(units):
    model = resnet_classifier((32, 32, 3), backbone=tiny_backbone(), hidden_units=units)
    assert len([layer for layer in model.layers if "hidden" in layer.name]) == len(units)


@pytest.mark.parametrize("units", [16, np.int64(16), np.array(16), "16", b"\x10", {16}, [[16]], np.array([[16]])])
def test_one_width_or_other_kinds_of_hidden_units_are_refused(units):
    with pytest.raises(TypeError, match="Expected hidden_units"):
        resnet_classifier((32, 32, 3), backbone=tiny_backbone(), hidden_units=units)
