import keras
import numpy as np
import pytest

from resunet_kit.models._backbones.preprocessing import measure
from resunet_kit.models._backbones.registry import Backbone, basic_backbone, find_backbone
from resunet_kit.models._backbones.weights import check_weights, load_backbone, load_weights


def network(filters=2, channels=3, name="network"):
    inputs = keras.Input((8, 8, channels))
    x = keras.layers.Normalization(name="normalization")(inputs)
    return keras.Model(inputs, keras.layers.Conv2D(filters, 3, name="conv")(x), name=name)


def build(shape, weights=None):
    inputs = keras.Input(shape)
    x = keras.layers.Rescaling([0.5, 1.0, 2.0], [0.1, 0.2, 0.3])(inputs)
    return keras.Model(inputs, keras.layers.Conv2D(4, 3, padding="same", name="conv")(x), name="tiny")


TINY = Backbone("Tiny", build, measure(keras.applications.vgg16.preprocess_input))


# === Files ===


@pytest.mark.parametrize("suffix", [".weights.h5", ".keras"])
def test_files_load(tmp_path, suffix):
    source, target, file = network(), network(), tmp_path / f"file{suffix}"
    (source.save if suffix == ".keras" else source.save_weights)(file)
    load_weights(target, file)
    np.testing.assert_array_equal(target.get_weights()[-2], source.get_weights()[-2])


@pytest.mark.parametrize("kind", ["filters", "channels", "fewer layers", "text"])
def test_files_that_do_not_fit_are_named(tmp_path, kind):
    file = tmp_path / "file.weights.h5"
    if kind == "text":
        file.write_text("no weights")
    elif kind == "fewer layers":
        inputs = keras.Input((8, 8, 3))
        keras.Model(inputs, keras.layers.ReLU()(inputs)).save_weights(file)
    else:
        network(**{kind: 4}).save_weights(file)
    with pytest.raises(ValueError, match="Expected weights of the architecture 'network'") as error:
        load_weights(network(), file)
    assert str(file) in str(error.value)


@pytest.mark.parametrize(("stored", "exponent"), [((0.229, 0.224, 0.225), 1), ((0.3, 0.3, 0.3), 0.5)])
def test_deviations_that_efficientnets_store_as_variances_are_corrected(tmp_path, stored, exponent):
    source, target, file = network(), network(), tmp_path / "file.weights.h5"
    source.get_layer("normalization").set_weights([np.zeros(3), np.array(stored), np.array(0)])
    source.save_weights(file)
    load_weights(target, file)
    normalised = target.get_layer("normalization")(np.ones((1, 8, 8, 3), "float32"))
    deviations = np.array(stored) ** exponent
    np.testing.assert_allclose(keras.ops.convert_to_numpy(normalised)[0, 0, 0], 1 / deviations, rtol=1e-5)


@pytest.mark.parametrize(
    ("weights", "error"), [("absent.h5", ValueError), ("imagnet", ValueError), (5, TypeError), (True, TypeError)]
)
def test_weights_are_a_name_or_an_existing_file(weights, error):
    with pytest.raises(error, match=f"None, 'imagenet' or an existing file. Received encoder_weights='?{weights}"):
        check_weights("encoder_weights", weights, TINY)


# === Backbones with weights ===


def test_random_weights_are_for_the_images_channels():
    for channels in (1, 2, 3, 4):
        assert load_backbone(TINY, (32, 32, channels), None).input_shape == (None, 32, 32, channels)


@pytest.mark.parametrize("channels", [1, 2, 4])
def test_a_file_may_be_for_the_images_channels(tmp_path, channels):
    file = tmp_path / "own.weights.h5"
    own = load_backbone(TINY, (None, None, channels), None)
    own.save_weights(file)
    loaded = load_backbone(TINY, (32, 32, channels), file)
    for weight, expected in zip(loaded.get_weights(), own.get_weights(), strict=True):
        np.testing.assert_array_equal(weight, expected)


def test_a_file_for_other_channels_is_refused(tmp_path):
    file = tmp_path / "other.weights.h5"
    load_backbone(TINY, (32, 32, 5), None).save_weights(file)
    with pytest.raises(ValueError, match=r"Expected weights of the architecture 'tiny'.*or for 3"):
        load_backbone(TINY, (32, 32, 4), file)


def test_imagenet_loads_the_weights_of_keras_for_three_channels(monkeypatch):
    calls = []

    def builder(*, include_top, weights, input_shape):
        calls.append((include_top, weights, input_shape))
        return build(input_shape)

    builder.__name__, builder.__module__ = "ResNet50", "keras.src.applications.resnet"
    monkeypatch.setattr(keras.applications, "ResNet50", builder)
    for channels in (1, 3, 4):
        model = load_backbone(find_backbone("resnet50"), (None, 64, channels), "imagenet")
        assert calls.pop() == (False, "imagenet", (None, 64, 3))
        assert model.input_shape[-1] == max(channels, 3)


def test_unpublished_imagenet_weights_are_refused():
    with pytest.raises(ValueError, match=r"Keras publishes no weights of ResNet34\. Received weights='imagenet'"):
        check_weights("weights", "imagenet", basic_backbone(34))
