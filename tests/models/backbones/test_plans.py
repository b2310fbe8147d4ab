import keras
import numpy as np
import pytest

from resunet_kit.models._backbones import plans
from resunet_kit.models._backbones.plans import attach, plan_backbone
from resunet_kit.models._backbones.preprocessing import measure
from resunet_kit.models._backbones.registry import Backbone

PREPROCESSING = {
    "caffe": keras.applications.vgg16.preprocess_input,
    "tf": keras.applications.mobilenet.preprocess_input,
    "torch": keras.applications.densenet.preprocess_input,
}
GRAY = np.random.default_rng(0).uniform(0.0, 1.0, (2, 32, 32, 1)).astype("float32")


def tiny(shape, weights=None):
    inputs = keras.Input(shape)
    x = keras.layers.Rescaling([0.5, 1.0, 2.0], [0.1, 0.2, 0.3])(inputs)
    return keras.Model(inputs, keras.layers.Conv2D(4, 3, padding="same", name="conv")(x), name="tiny")


def passthrough(shape, weights=None):
    inputs = keras.Input(shape)
    return keras.Model(inputs, keras.layers.Activation("linear")(inputs))


def plan(backbone, shape, **options):
    defaults = {"weights": None, "value_range": (0.0, 1.0)}
    return plan_backbone("backbone", backbone, shape, **{**defaults, **options})


@pytest.fixture
def run(monkeypatch):
    """Return a function that computes a backbone's features of images, as if the backbone had a name."""

    def features(backbone, images, **options):
        monkeypatch.setattr(plans, "find_backbone", lambda _, **__: backbone)
        inputs = keras.Input(images.shape[1:])
        x, model = attach(inputs, plan("name", images.shape[1:], **options))
        return keras.ops.convert_to_numpy(keras.Model(inputs, model(x))(images, training=False))

    return features


@pytest.mark.parametrize("mode", PREPROCESSING)
def test_gray_images_of_any_channels_have_the_features_of_three(run, tmp_path, mode):
    backbone = Backbone("Tiny", tiny, measure(PREPROCESSING[mode]))
    file = tmp_path / "rgb.weights.h5"
    tiny((None, None, 3)).save_weights(file)
    expected = run(backbone, np.repeat(GRAY, 3, axis=-1), weights=file)
    for channels in (1, 2, 4, 5):
        found = run(backbone, np.repeat(GRAY, channels, axis=-1), weights=file)
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())
    # All four channels matter; the first and the fourth, of the same colour, equally.
    four = np.repeat(GRAY, 4, axis=-1)
    moved = []
    for channel in range(4):
        images = four.copy()
        images[..., channel] += 0.25
        moved.append(run(backbone, images, weights=file) - expected)
    assert all(np.abs(difference).max() > 1e-3 for difference in moved)
    np.testing.assert_allclose(moved[0], moved[3], atol=1e-3)
    assert np.abs(moved[0] - moved[1]).max() > 1e-3


@pytest.mark.parametrize("mode", PREPROCESSING)
def test_a_backbone_gets_the_preprocessing_of_keras(run, mode):
    colours = np.random.default_rng(0).uniform(0.0, 255.0, (2, 32, 33, 3)).astype("float32")
    found = run(Backbone("Identity", passthrough, measure(PREPROCESSING[mode])), colours / 255.0)
    np.testing.assert_allclose(found, PREPROCESSING[mode](colours.copy()), atol=1e-3)


def test_a_model_gets_the_raw_image():
    model, image = tiny((None, None, 3)), keras.Input((32, 32, 3))
    assert attach(image, plan(model, (32, 32, 3))) == (image, model)


# === Errors ===


def subclass():
    class Subclass(keras.Model):
        pass

    return Subclass()


def two_inputs():
    inputs = [keras.Input((8, 8, 1)), keras.Input((8, 8, 1))]
    return keras.Model(inputs, keras.layers.Add()(inputs))


def vectors():
    inputs = keras.Input((8,))
    return keras.Model(inputs, keras.layers.Dense(2)(inputs))


def unbuilt():
    return keras.Sequential([keras.layers.Conv2D(2, 3)])


@pytest.mark.parametrize("build", [subclass, unbuilt, two_inputs, vectors])
def test_a_model_is_functional_with_one_image_as_its_input(build):
    with pytest.raises(ValueError, match="Expected backbone to be a functional model with one input"):
        plan(build(), (32, 32, 3))


@pytest.mark.parametrize(
    ("backbone", "shape", "options", "error", "message"),
    [
        ("resnet19", (32, 32, 3), {}, ValueError, "Received backbone='resnet19'. Did you mean 'resnet18'"),
        ("resnet18", (31, 64, 3), {}, ValueError, r"at least 32 pixels for ResNet18. Received input_shape=\(31, 64, 3"),
        ("vgg16", (32, 32, 32, 1), {}, ValueError, "Expected images .* for VGG16.*volumes"),
        ("vgg16", (32, 32, 3), {"weights": "absent.h5"}, ValueError, "existing file. Received weights='absent.h5'"),
        ("vgg16", (32, 32, 3), {"value_range": (1, 0)}, ValueError, "Expected value_range"),
        (5, (32, 32, 3), {}, TypeError, r"name of a backbone or a keras\.Model. Received backbone=5"),
        (tiny((None, None, 3)), (32, 32, 3), {"weights": "file.h5"}, ValueError, "weights='file.h5' for the model 'ti"),
        (tiny((None, None, 3)), (32, 32, 32, 3), {}, ValueError, "of 3 spatial axes and channels. Received 'tiny'"),
        (passthrough((None, None, 1)), (32, 32, 4), {}, ValueError, "for the image's 4 channels, or for 3.* for 1"),
    ],
)
def test_wrong_arguments_are_named(backbone, shape, options, error, message):
    with pytest.raises(error, match=message):
        plan(backbone, shape, **options)
