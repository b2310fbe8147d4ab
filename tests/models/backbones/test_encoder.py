import inspect
import subprocess
import sys

import keras
import numpy as np
import pytest
from keras import layers

from resunet_kit.models import res_unet, set_trainable
from resunet_kit.models._backbones import plans, strides
from resunet_kit.models._backbones.encoder import encode, pad_to_multiple, plan_encoder
from resunet_kit.models._backbones.preprocessing import measure
from resunet_kit.models._backbones.registry import Backbone
from tests.contracts.test_convolutions import SAFE_CHANNELS, strided_pointwise

TENSORFLOW = keras.backend.backend() == "tensorflow"


def network(shape=(None, None, 3), filters=(4, 6), padding="same", name="own"):
    inputs = keras.Input(shape)
    layer = layers.Conv2D if len(shape) == 3 else layers.Conv3D
    x = inputs
    for width in filters:
        x = layer(width, 3, strides=2, padding=padding, activation="relu")(x)
    return keras.Model(inputs, x, name=name)


def flattening(shape):
    """Return a network with a layer for one size alone."""
    inputs = keras.Input(shape)
    x = layers.Conv2D(4, 3, strides=2, padding="same")(inputs)
    x = layers.Reshape(x.shape[1:])(layers.Flatten()(x))
    return keras.Model(inputs, layers.Conv2D(6, 3, strides=2, padding="same")(x), name="own")


@pytest.fixture
def small(monkeypatch):
    """Return the name of a backbone that is quick to build."""
    preprocessing = measure(keras.applications.vgg16.preprocess_input)
    backbone = Backbone("Small", lambda shape, _=None: network(shape), preprocessing)
    monkeypatch.setattr(plans, "find_backbone", lambda _, **__: backbone)
    return "small"


def encoder_model(shape, encoder, **options):
    image = keras.Input(shape)
    features = encode(image, plan_encoder(encoder, shape, **options))
    assert list(features) == sorted(features)
    return keras.Model(image, {str(stride): x for stride, x in features.items()})


def run(model, images):
    outputs = model(images, training=False)
    return {int(stride): keras.ops.convert_to_numpy(x) for stride, x in outputs.items()}


def images(shape, *, batch=2):
    return np.random.default_rng(0).uniform(0.0, 1.0, (batch, *shape)).astype("float32")


def expected_size(size, stride, largest):
    return tuple(-(-side // largest) * largest // stride for side in size)


@pytest.mark.parametrize("size", [(13, 9), (1, 1), (16, 8), (8, 9, 7)])
@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("padding", ["same", "valid"])
def test_features_of_static_and_variable_shapes_are_equal(size, channels, padding):
    if padding == "valid":
        size = tuple(side + 8 for side in size)
    encoder = network((*[None] * len(size), 3), padding=padding)
    fed = images((*size, channels))
    variable = run(encoder_model((*[None] * len(size), channels), encoder), fed)
    static = encoder_model((*size, channels), encoder)
    for stride, features in run(static, fed).items():
        wanted = (2, *expected_size(size, stride, 4), {2: 4, 4: 6}[stride])
        assert features.shape == variable[stride].shape == wanted
        assert static.output[str(stride)].shape[1:] == wanted[1:]
        np.testing.assert_allclose(variable[stride], features, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("channels", [3, 4])
def test_a_model_is_probed_once(monkeypatch, channels):
    probes = []
    original = strides.reference_shapes
    monkeypatch.setattr(strides, "reference_shapes", lambda *args: probes.append(args) or original(*args))
    shape = (None, None, channels)
    encode(keras.Input(shape), plan_encoder(network(), shape))
    assert len(probes) == 1


def test_a_name_is_looked_up_once(monkeypatch):
    names = []
    original = plans.find_backbone
    monkeypatch.setattr(plans, "find_backbone", lambda name, **_: names.append(name) or original(name))
    encode(keras.Input((32, 32, 3)), plan_encoder("mobilenet_v3_small", (32, 32, 3)))
    assert names == ["mobilenet_v3_small"]
    keras.utils.clear_session()


def test_features_are_those_of_the_backbone_on_the_padded_image():
    encoder, fed = network(), images((13, 9, 3))
    found = run(encoder_model((13, 9, 3), encoder), fed)
    padded = np.pad(fed, [(0, 0), (0, 3), (0, 3), (0, 0)])
    np.testing.assert_allclose(found[4], keras.ops.convert_to_numpy(encoder(padded)), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("size", [(13, 9), (None, None), (None, 9), (16, 8), (5, 6, 7), (None, 6, None)])
def test_zeros_are_appended_up_to_the_next_multiple(size):
    inputs = keras.Input((*size, 2))
    model = keras.Model(inputs, pad_to_multiple(inputs, 8))
    fed = images((*[side or 11 for side in size], 2))
    expected = np.pad(fed, [(0, 0), *[(0, -side % 8) for side in fed.shape[1:-1]], (0, 0)])
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(model(fed)), expected)


def test_the_backbone_is_one_nested_model_that_policies_freeze():
    image = keras.Input((32, 32, 3))
    features = encode(image, plan_encoder("mobilenet_v3_small", (32, 32, 3)))
    model = keras.Model(image, layers.Conv2D(1, 1, name="scores")(features[32]))
    assert [layer.name for layer in model.layers if isinstance(layer, keras.Model)] == ["encoder"]
    set_trainable(model, "head")
    assert {weight.path.split("/")[0] for weight in model.trainable_weights} == {"scores"}
    keras.utils.clear_session()


def test_padding_comes_after_preprocessing(small):
    image = keras.Input((33, 32, 3))
    features = encode(image, plan_encoder(small, (33, 32, 3), value_range=(0.0, 255.0)))
    seen = keras.Model(image, keras.Model(image, features[4]).get_layer("pad").output)
    padded = keras.ops.convert_to_numpy(seen(np.zeros((1, 33, 32, 3), "float32")))
    assert padded.shape == (1, 36, 32, 3)
    assert (padded[:, :33] < -100.0).all()
    assert (padded[:, 33:] == 0.0).all()


def test_weights_of_an_encoder_load_into_the_named_backbone(small, tmp_path):
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
def test_a_saved_encoder_loads_without_the_package(small, tmp_path):
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
@pytest.mark.parametrize("size", [(13, 9), (None, None)])
def test_xla_compiles_an_encoder(size):
    model = encoder_model((*size, 4), network(padding="valid" if size[0] else "same"))
    fed = images((13, 9, 4))
    expected = run(model, fed)
    model.compile(jit_compile=True)
    for stride, found in model.predict(fed, verbose=0).items():
        np.testing.assert_allclose(found, expected[int(stride)], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("shape", "encoder", "options", "message"),
    [
        ((32, 32, 3), "resnet18", {"weights": "absent.h5"}, "existing file. Received encoder_weights='absent.h5'"),
        ((32, 32, 3), network(filters=(4,)), {}, "form a pyramid"),
        ((33, 33, 3), network((33, 33, 3), filters=(4,)), {}, "form a pyramid"),
        ((30, 32, 3), network((32, 30, 3)), {}, r"\(32, 32\), as padded. Received 'own' for \(32, 30\)"),
        ((None, None, 3), network((32, 32, 3)), {}, r"\(None, None\), as padded. Received 'own' for \(32, 32\)"),
        ((13, 9, 3), flattening((13, 9, 3)), {}, r"\(16, 12\), as padded.*input_shape=\(16, 12, 3\)"),
        ((13, 9, 3), flattening((32, 32, 3)), {}, r"\(16, 12\), as padded.*input_shape=\(16, 12, 3\)"),
    ],
)
def test_a_plan_names_wrong_arguments(shape, encoder, options, message):
    with pytest.raises(ValueError, match=message):
        plan_encoder(encoder, shape, **options)


def test_a_network_for_one_size_alone_is_an_encoder_where_it_is_built_as_the_error_says():
    model = res_unet((13, 9, 3), encoder=flattening((16, 12, 3)), filters=(4, 8))
    assert model.output_shape == (None, 13, 9, 1)


@pytest.mark.parametrize("size", [(13, 9), (33, 47), (5, 6, 7)])
@pytest.mark.parametrize("channels", [1, 3, 5])
def test_a_model_for_the_images_own_odd_size_is_copied_with_its_weights(size, channels):
    own, fed = network((*size, 3)), images((*size, channels))
    variable = network((*[None] * len(size), 3))
    variable.set_weights(own.get_weights())
    expected = run(encoder_model((*size, channels), variable), fed)
    found = run(encoder_model((*size, channels), own), fed)
    assert found.keys() == expected.keys()
    for stride, features in found.items():
        np.testing.assert_allclose(features, expected[stride], rtol=1e-5, atol=1e-6)


def test_a_network_of_keras_for_the_images_own_odd_size_is_an_encoder():
    own = keras.applications.MobileNetV3Small(include_top=False, weights=None, input_shape=(33, 47, 3))
    model = res_unet((33, 47, 3), encoder=own, filters=(4, 8))
    assert model.output_shape == (None, 33, 47, 1)
    twin = model.get_layer("encoder").get_layer(own.layers[3].name)
    for mine, theirs in zip(twin.get_weights(), own.layers[3].get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert model.get_layer("encoder").count_params() == own.count_params()
    keras.utils.clear_session()


def test_a_frozen_model_is_copied_frozen():
    own = network((13, 9, 3))
    own.trainable = False
    assert encoder_model((13, 9, 3), own).trainable_weights == []


def test_images_that_are_too_small_are_refused():
    plan = plan_encoder(network(padding="valid"), (3, 3, 3))
    with pytest.raises(ValueError, match=r"Expected images that are large enough.* Received a size of \(4, 4\)"):
        encode(keras.Input((3, 3, 3)), plan)


@pytest.mark.slow
@pytest.mark.skipif(not TENSORFLOW, reason="one backend is enough for building every network")
# One of each family: larger ones repeat the same blocks. A fourth channel changes the first convolution alone: one of
# each kind of stem.
@pytest.mark.parametrize(
    ("name", "channels"),
    [
        *((name, 3) for name in ("DenseNet121", "EfficientNetV2B0", "InceptionResNetV2", "MobileNet")),
        *((name, 3) for name in ("MobileNetV3Large", "NASNetMobile", "ResNet50V2", "Xception")),
        *((name, 4) for name in ("ConvNeXtTiny", "EfficientNetB0", "InceptionV3", "MobileNetV2", "ResNet50", "VGG16")),
    ],
)
def test_every_family_of_keras_is_an_encoder(name, channels):
    assert name in dict(inspect.getmembers(keras.applications, inspect.isfunction))
    model = encoder_model((None, None, channels), name)
    assert min(strided_pointwise(model).values(), default=SAFE_CHANNELS) >= SAFE_CHANNELS
    found = run(model, images((75, 97, channels), batch=1))
    assert set(found) >= {4, 8, 16, 32}
    for stride, features in found.items():
        assert features.shape[1:-1] == expected_size((75, 97), stride, 32)
    keras.utils.clear_session()
