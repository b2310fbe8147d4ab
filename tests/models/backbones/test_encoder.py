import inspect
import subprocess
import sys

import keras
import numpy as np
import pytest
from keras import layers

from resunet_kit.models import set_trainable
from resunet_kit.models._backbones import registry as _backbones
from resunet_kit.models._backbones.encoder import encode, pad_to_multiple
from resunet_kit.models._backbones.preprocessing import measure
from resunet_kit.models._backbones.registry import Backbone

TENSORFLOW = keras.backend.backend() == "tensorflow"


def network(shape=(None, None, 3), filters=(4, 6), padding="same", name="own"):
    inputs = keras.Input(shape)
    layer = layers.Conv2D if len(shape) == 3 else layers.Conv3D
    x = inputs
    for width in filters:
        x = layer(width, 3, strides=2, padding=padding, activation="relu")(x)
    return keras.Model(inputs, x, name=name)


@pytest.fixture
def small(monkeypatch):
    """Return the name of a backbone that is quick to build."""
    preprocessing = measure(keras.applications.vgg16.preprocess_input)
    backbone = Backbone("Small", lambda shape, _=None: network(shape), preprocessing)
    monkeypatch.setattr(_backbones, "find_backbone", lambda _: backbone)
    return "small"


def encoder_model(shape, encoder, **options):
    image = keras.Input(shape)
    features = encode(image, encoder, **options)
    assert list(features) == sorted(features)
    return keras.Model(image, {str(stride): x for stride, x in features.items()})


def run(model, images):
    outputs = model(images, training=False)
    return {int(stride): keras.ops.convert_to_numpy(x) for stride, x in outputs.items()}


def images(shape, *, batch=2):
    return np.random.default_rng(0).uniform(0.0, 1.0, (batch, *shape)).astype("float32")


def expected_sides(sides, stride, largest):
    return tuple(-(-side // largest) * largest // stride for side in sides)


@pytest.mark.parametrize("sides", [(13, 9), (1, 1), (16, 8), (8, 9, 7)])
@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("padding", ["same", "valid"])
def test_features_have_their_sides_whether_these_are_known_or_not(sides, channels, padding):
    if padding == "valid":
        sides = tuple(side + 8 for side in sides)
    encoder = network((*[None] * len(sides), 3), padding=padding)
    fed = images((*sides, channels))
    unknown = run(encoder_model((*[None] * len(sides), channels), encoder), fed)
    known = encoder_model((*sides, channels), encoder)
    for stride, features in run(known, fed).items():
        wanted = (2, *expected_sides(sides, stride, 4), {2: 4, 4: 6}[stride])
        assert features.shape == unknown[stride].shape == wanted
        assert known.output[str(stride)].shape[1:] == wanted[1:]
        np.testing.assert_allclose(unknown[stride], features, rtol=1e-4, atol=1e-5)


def test_features_are_those_of_the_backbone_on_the_padded_image():
    encoder, fed = network(), images((13, 9, 3))
    found = run(encoder_model((13, 9, 3), encoder), fed)
    padded = np.pad(fed, [(0, 0), (0, 3), (0, 3), (0, 0)])
    np.testing.assert_allclose(found[4], keras.ops.convert_to_numpy(encoder(padded)), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("sides", [(13, 9), (None, None), (None, 9), (16, 8), (5, 6, 7), (None, 6, None)])
def test_zeros_are_appended_up_to_the_next_multiple(sides):
    inputs = keras.Input((*sides, 2))
    model = keras.Model(inputs, pad_to_multiple(inputs, 8))
    fed = images((*[side or 11 for side in sides], 2))
    expected = np.pad(fed, [(0, 0), *[(0, -side % 8) for side in fed.shape[1:-1]], (0, 0)])
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(model(fed)), expected)


def test_the_backbone_is_one_nested_model_that_policies_freeze():
    image = keras.Input((32, 32, 3))
    features = encode(image, "mobilenet_v3_small")
    model = keras.Model(image, layers.Conv2D(1, 1, name="scores")(features[32]))
    assert [layer.name for layer in model.layers if isinstance(layer, keras.Model)] == ["encoder"]
    set_trainable(model, "head")
    assert {weight.path.split("/")[0] for weight in model.trainable_weights} == {"scores"}
    keras.utils.clear_session()


def test_padding_comes_after_preprocessing(small):
    image = keras.Input((33, 32, 3))
    features = encode(image, small, value_range=(0.0, 255.0))
    seen = keras.Model(image, keras.Model(image, features[4]).get_layer("pad").output)
    padded = keras.ops.convert_to_numpy(seen(np.zeros((1, 33, 32, 3), "float32")))
    assert padded.shape == (1, 36, 32, 3)
    assert (padded[:, :33] < -100.0).all()
    assert (padded[:, 33:] == 0.0).all()


def test_weights_of_the_encoder_load_into_the_backbone_by_its_name(small, tmp_path):
    file = tmp_path / "encoder.weights.h5"
    trained = encoder_model((32, 32, 3), small)
    trained.get_layer("encoder").save_weights(file)
    again = encoder_model((None, None, 3), small, weights=file)
    fed = images((32, 32, 3))
    expected, found = run(trained, fed), run(again, fed)
    for stride in (2, 4):
        np.testing.assert_allclose(found[stride], expected[stride], rtol=1e-4, atol=1e-4)


STRANGER = """
import sys
sys.modules["resunet_kit"] = None
import keras, numpy as np
for name in sys.argv[2:]:
    model = keras.models.load_model(f"{sys.argv[1]}/{name}.keras")
    found = model(np.load(f"{sys.argv[1]}/{name}.npy"), training=False)
    np.savez(f"{sys.argv[1]}/{name}.npz", **{stride: keras.ops.convert_to_numpy(x) for stride, x in found.items()})
"""


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_it_reloads_where_the_package_does_not_exist(small, tmp_path):
    network().save_weights(tmp_path / "rgb.weights.h5")
    expected = {}
    for name, channels, encoder in [
        ("valid", 4, network(padding="valid")),
        ("caffe2", 2, small),
        ("caffe3", 3, small),
    ]:
        weights = tmp_path / "rgb.weights.h5" if encoder == small else None
        model = encoder_model((None, None, channels), encoder, weights=weights)
        fed = images((19, 37, channels), batch=1)
        expected[name] = run(model, fed)
        model.save(tmp_path / f"{name}.keras")
        np.save(tmp_path / f"{name}.npy", fed)
    keras.utils.clear_session()
    done = subprocess.run(
        [sys.executable, "-P", "-c", STRANGER, str(tmp_path), *expected],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    for name, outputs in expected.items():
        found = np.load(tmp_path / f"{name}.npz")
        for stride, value in outputs.items():
            np.testing.assert_allclose(found[str(stride)], value, rtol=1e-4, atol=1e-5)


@pytest.mark.skipif(keras.backend.backend() == "torch", reason="PyTorch has no XLA")
@pytest.mark.parametrize("sides", [(13, 9), (None, None)])
def test_xla_compiles_it(sides):
    model = encoder_model((*sides, 4), network(padding="valid" if sides[0] else "same"))
    fed = images((13, 9, 4))
    expected = run(model, fed)
    model.compile(jit_compile=True)
    for stride, found in model.predict(fed, verbose=0).items():
        np.testing.assert_allclose(found, expected[int(stride)], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("shape", "encoder", "options", "message"),
    [
        ((32, 32), "resnet18", {}, "Expected features of shape"),
        ((32, 32, 32, 1), "resnet18", {}, "Pass a keras.Model that takes volumes"),
        ((32, 32, 3), "resnet19", {}, "Did you mean 'resnet18'"),
        ((32, 32, 3), "resnet18", {"value_range": (0, 1, 2)}, "Expected value_range"),
        ((32, 32, 3), "resnet18", {"weights": "absent.h5"}, "existing file"),
        ((32, 32, 3), network(), {"weights": "absent.h5"}, "Load them into it first"),
        ((32, 32, 32, 3), network(), {}, "Expected an encoder for images of 3 sides"),
        ((32, 32, 3), network(filters=(4,)), {}, "form a pyramid"),
        ((32, 32, 4), network((None, None, 2)), {}, "for the image's 4 channels"),
        ((30, 30, 3), network((30, 30, 3)), {}, r"padded to \(32, 32\)\. Received one for sides \(30, 30\)"),
        ((None, None, 3), network((32, 32, 3)), {}, "for the image's sides"),
        ((3, 3, 3), network(padding="valid"), {}, "Expected images that the encoder can shrink"),
    ],
)
def test_wrong_arguments_are_named(shape, encoder, options, message):
    with pytest.raises(ValueError, match=message):
        encode(keras.Input(shape), encoder, **options)


def test_an_encoder_is_a_name_or_a_model():
    with pytest.raises(TypeError, match="Expected encoder to be the name"):
        encode(keras.Input((32, 32, 3)), len)


@pytest.mark.slow
@pytest.mark.skipif(not TENSORFLOW, reason="one backend is enough for building every network")
# One of each family: larger ones repeat the same blocks. A fourth channel changes the first convolution alone: one of
# each kind of stem.
@pytest.mark.parametrize(
    ("name", "channels"),
    [
        *((name, 3) for name in ("ConvNeXtTiny", "DenseNet121", "EfficientNetB0", "EfficientNetV2B0")),
        *((name, 3) for name in ("EfficientNetV2S", "InceptionResNetV2", "InceptionV3", "MobileNet", "MobileNetV2")),
        *((name, 3) for name in ("MobileNetV3Large", "MobileNetV3Small", "NASNetMobile", "ResNet50", "ResNet50V2")),
        *((name, 3) for name in ("VGG16", "VGG19", "Xception")),
        *((name, 4) for name in ("ConvNeXtTiny", "EfficientNetB0", "InceptionV3", "MobileNetV2", "ResNet50", "VGG16")),
    ],
)
def test_every_family_of_keras_is_an_encoder(name, channels):
    assert name in dict(inspect.getmembers(keras.applications, inspect.isfunction))
    found = run(encoder_model((None, None, channels), name), images((75, 97, channels), batch=1))
    assert set(found) >= {4, 8, 16, 32}
    for stride, features in found.items():
        assert features.shape[1:-1] == expected_sides((75, 97), stride, 32)
    keras.utils.clear_session()
