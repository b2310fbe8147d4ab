import inspect

import keras
import numpy as np
import pytest

from resunet_kit.models._backbones import registry as _backbones
from resunet_kit.models._backbones.preprocessing import measure
from resunet_kit.models._backbones.registry import Backbone, attach, basic_backbone, find_backbone, load_backbone

APPLICATIONS = keras.applications
MODES = {
    "caffe": APPLICATIONS.vgg16.preprocess_input,
    "tf": APPLICATIONS.mobilenet.preprocess_input,
    "torch": APPLICATIONS.densenet.preprocess_input,
}
GRAY = np.random.default_rng(0).uniform(0.0, 1.0, (2, 32, 32, 1)).astype("float32")


def tiny(shape, weights=None):
    inputs = keras.Input(shape)
    x = keras.layers.Rescaling([0.5, 1.0, 2.0], [0.1, 0.2, 0.3])(inputs)
    x = keras.layers.Conv2D(4, 3, padding="same", name="conv")(x)
    return keras.Model(inputs, x, name="tiny")


def run(name, images, **options):
    inputs = keras.Input((*images.shape[1:-1], images.shape[-1]))
    fed, model = attach(inputs, name, **{"weights": None, "value_range": (0.0, 1.0), **options})
    whole = keras.Model(inputs, model(fed))
    return keras.ops.convert_to_numpy(whole(images, training=False))


def test_every_function_of_keras_has_its_name():
    for name, builder in inspect.getmembers(APPLICATIONS, inspect.isfunction):
        assert find_backbone(name).label == builder.__name__
    assert find_backbone("ResNet-18").label == "ResNet18"
    assert find_backbone("efficientnet_v2_b0").label == "EfficientNetV2B0"
    assert find_backbone("mobilenet-V2").label == "MobileNetV2"


@pytest.mark.parametrize(
    ("name", "nearest"), [("resnet51", "resnet50"), ("resnet_19", "resnet18"), ("eficientnetb0", "efficientnetb0")]
)
def test_unknown_names_get_the_nearest(name, nearest):
    with pytest.raises(ValueError, match=f"Received backbone='{name}'. Did you mean '{nearest}'"):
        find_backbone(name)


@pytest.mark.parametrize("mode", MODES)
def test_gray_images_of_any_channels_give_what_they_give_in_three(monkeypatch, tmp_path, mode):
    backbone = Backbone("Tiny", tiny, measure(MODES[mode]))
    monkeypatch.setattr(_backbones, "find_backbone", lambda _: backbone)
    file = tmp_path / "rgb.weights.h5"
    tiny((None, None, 3)).save_weights(file)
    expected = run("tiny", np.repeat(GRAY, 3, axis=-1), weights=file)
    for channels in (1, 2, 4, 5):
        found = run("tiny", np.repeat(GRAY, channels, axis=-1), weights=file)
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())
    # All four channels matter, and the first and the fourth, which share a colour, alike.
    four = np.repeat(GRAY, 4, axis=-1)
    moved = []
    for channel in range(4):
        images = four.copy()
        images[..., channel] += 0.25
        moved.append(run("tiny", images, weights=file) - expected)
    assert all(np.abs(difference).max() > 1e-3 for difference in moved)
    np.testing.assert_allclose(moved[0], moved[3], atol=1e-3)
    assert np.abs(moved[0] - moved[1]).max() > 1e-3


def test_preprocessing_gives_a_backbone_what_keras_would(monkeypatch):
    def passthrough(shape, weights=None):
        inputs = keras.Input(shape)
        return keras.Model(inputs, keras.layers.Activation("linear")(inputs))

    colours = np.random.default_rng(0).uniform(0.0, 255.0, (2, 32, 33, 3)).astype("float32")
    for function in MODES.values():
        backbone = Backbone("Identity", passthrough, measure(function))
        monkeypatch.setattr(_backbones, "find_backbone", {"identity": backbone}.get)
        fed = run("identity", colours / 255.0)
        np.testing.assert_allclose(fed, function(colours.copy()), atol=1e-3)


def test_random_weights_are_for_the_images_channels():
    backbone = Backbone("Tiny", tiny, measure(MODES["tf"]))
    for channels in (1, 2, 3, 4):
        assert load_backbone(backbone, (32, 32, channels), None).input_shape == (None, 32, 32, channels)


@pytest.mark.parametrize("channels", [1, 2, 4])
def test_a_file_may_be_for_the_images_channels(tmp_path, channels):
    backbone, file = Backbone("Tiny", tiny, measure(MODES["caffe"])), tmp_path / "own.weights.h5"
    own = load_backbone(backbone, (None, None, channels), None)
    own.save_weights(file)
    loaded = load_backbone(backbone, (32, 32, channels), file)
    for weight, expected in zip(loaded.get_weights(), own.get_weights(), strict=True):
        np.testing.assert_array_equal(weight, expected)


def test_a_file_for_neither_is_refused(tmp_path):
    file = tmp_path / "other.weights.h5"
    load_backbone(Backbone("Tiny", tiny, measure(MODES["tf"])), (32, 32, 5), None).save_weights(file)
    with pytest.raises(ValueError, match=r"Expected weights of the architecture 'tiny'.*or for 3"):
        load_backbone(Backbone("Tiny", tiny, measure(MODES["tf"])), (32, 32, 4), file)


def test_imagenet_loads_the_weights_of_keras_for_three_channels(monkeypatch):
    asked = []

    def builder(*, include_top, weights, input_shape):
        asked.append((include_top, weights, input_shape))
        return tiny(input_shape)

    builder.__name__, builder.__module__ = "ResNet50", "keras.src.applications.resnet"
    monkeypatch.setattr(APPLICATIONS, "ResNet50", builder)
    for channels in (1, 3, 4):
        model = load_backbone(find_backbone("resnet50"), (None, 64, channels), "imagenet")
        assert asked.pop() == (False, "imagenet", (None, 64, 3))
        assert model.input_shape[-1] == max(channels, 3)


def test_imagenet_without_a_network_tells_how_to_go_on(monkeypatch):
    def unreachable(**options):
        raise Exception("URL fetch failure on https://example.org: None -- no route")  # as get_file does

    unreachable.__name__, unreachable.__module__ = "MobileNetV2", "keras.src.applications.mobilenet_v2"
    monkeypatch.setattr(APPLICATIONS, "MobileNetV2", unreachable)
    with pytest.raises(ValueError, match=r"weights of MobileNetV2 could not be loaded: URL fetch.*path as weights"):
        load_backbone(find_backbone("mobilenet_v2"), (64, 64, 4), "imagenet")


def test_imagenet_weights_that_nobody_publishes_are_refused():
    with pytest.raises(ValueError, match="Keras publishes none for depth=34"):
        load_backbone(basic_backbone(34), (64, 64, 1), "imagenet")


@pytest.mark.parametrize(
    ("name", "shape", "message"),
    [
        ("resnet18", (31, 64, 3), "Expected sides of at least 32"),
        ("inception_v3", (64, 64, 3), "Expected images that InceptionV3 can be built for.*at least 75"),
        ("vgg16", (32, 32, 32, 1), "Expected images .* for VGG16.*volumes"),
    ],
)
def test_images_that_a_backbone_cannot_take_are_refused(name, shape, message):
    with pytest.raises(ValueError, match=message):
        attach(keras.Input(shape), name, weights=None, value_range=(0.0, 1.0))
