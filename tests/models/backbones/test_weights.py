import keras
import numpy as np
import pytest

from resunet_kit.models._backbones.weights import check_model, check_weights, load_weights


def network(filters=2, channels=3, name="network"):
    inputs = keras.Input((8, 8, channels))
    x = keras.layers.Normalization(name="normalization")(inputs)
    return keras.Model(inputs, keras.layers.Conv2D(filters, 3, name="conv")(x), name=name)


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


@pytest.mark.parametrize("weights", ["absent.h5", "imagnet", 5, True])
def test_what_is_no_file_is_refused(weights):
    with pytest.raises(ValueError, match=f"None, 'imagenet' or an existing file. Received .*{weights}"):
        check_weights(weights)


@pytest.mark.parametrize(("stored", "expected"), [((0.229, 0.224, 0.225), 2), ((0.3, 0.3, 0.3), 1)])
def test_the_variance_that_efficientnets_store_is_mended(tmp_path, stored, expected):
    source, target, file = network(), network(), tmp_path / "file.weights.h5"
    source.get_layer("normalization").set_weights([np.zeros(3), np.array(stored), np.array(0)])
    source.save_weights(file)
    load_weights(target, file)
    normalised = target.get_layer("normalization")(np.ones((1, 8, 8, 3), "float32"))
    deviations = np.array(stored) ** (expected / 2)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(normalised)[0, 0, 0], 1 / deviations, rtol=1e-5)


def test_models_are_checked():
    check_model("encoder", network(), None)
    with pytest.raises(TypeError, match=r"Expected encoder to be the name of a backbone or a keras\.Model. Received 5"):
        check_model("encoder", 5, None)
    with pytest.raises(
        ValueError, match=r"Received weights='file.h5' for the model 'network'. Load them into it first"
    ):
        check_model("backbone", network(), "file.h5")

    class Subclass(keras.Model):
        pass

    inputs = keras.Input((8,))
    two = [keras.Input((8, 8, 1)), keras.Input((8, 8, 1))]
    for model in (
        Subclass(),
        keras.Sequential([keras.layers.Conv2D(2, 3)]),
        keras.Model(inputs, keras.layers.Dense(2)(inputs)),
        keras.Model(two, keras.layers.Add()(two)),
    ):
        with pytest.raises(ValueError, match="Expected encoder to be a functional model with one input"):
            check_model("encoder", model, None)
