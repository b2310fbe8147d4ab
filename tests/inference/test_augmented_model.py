import keras
import numpy as np
import pytest

from resunet_kit.inference import Cascade, augmented_model, ensemble, predict_tta
from resunet_kit.models import res_unet


def images_of(shape, n=2):
    return np.random.default_rng(0).random((n, *shape), "float32")


@pytest.fixture(scope="module")
def flat():
    return res_unet((16, 16, 1), filters=(2, 4))


@pytest.mark.parametrize(
    "transforms", ["flips", "rotations", "dihedral", ["flip_vertical"], ["rotate_90+flip_vertical"]]
)
def test_it_gives_the_mean_of_predict_tta(transforms, flat):
    images = images_of((16, 16, 1))
    model = augmented_model(flat, transforms=transforms)
    assert model.input_shape == flat.input_shape
    assert model.output_shape == flat.output_shape
    expected = predict_tta(flat, images, transforms=transforms)
    np.testing.assert_allclose(model.predict_on_batch(images), expected, atol=1e-6)


@pytest.mark.slow
def test_volumes_and_variable_sizes():
    volumes = res_unet((8, 8, 8, 1), filters=(2, 4))
    images = images_of((8, 8, 8, 1))
    expected = predict_tta(volumes, images)
    np.testing.assert_allclose(augmented_model(volumes).predict_on_batch(images), expected, atol=1e-6)
    variable = res_unet((None, None, 1), filters=(2, 4))
    images = images_of((8, 12, 1))
    expected = predict_tta(variable, images, transforms="rotations")
    found = augmented_model(variable, transforms="rotations").predict_on_batch(images)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_scores_are_averaged_as_they_are():
    layers = [keras.layers.Conv2D(2, 3), keras.layers.Flatten(), keras.layers.Dense(2, activation="softmax")]
    classifier = keras.Sequential([keras.Input((8, 8, 1)), *layers])
    images = images_of((8, 8, 1))
    expected = predict_tta(classifier, images)
    np.testing.assert_allclose(augmented_model(classifier).predict_on_batch(images), expected, atol=1e-6)


@pytest.mark.slow
def test_weights_are_shared_and_a_cascade_keeps_it(flat, tmp_path):
    layers = [keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(1, activation="sigmoid")]
    classifier = keras.Sequential([keras.Input((16, 16, 1)), *layers])
    other = res_unet((16, 16, 1), filters=(2, 4))
    model = augmented_model(ensemble([flat, other]))
    assert model.count_params() == flat.count_params() + other.count_params()
    images = images_of((16, 16, 1))
    Cascade(classifier, model, threshold=0.0).save(tmp_path / "c")
    loaded = Cascade.load(tmp_path / "c").segmenter
    np.testing.assert_allclose(loaded.predict_on_batch(images), model.predict_on_batch(images), atol=1e-6)


class Own(keras.Model):
    def call(self, x):
        return x


@pytest.mark.parametrize(
    ("transforms", "message"),
    [
        ("scale_0.5", r"whole pixels.*predict_tta"),
        ([(np.flip, np.flip)], "predict_tta"),
        ("mirror", "mirror"),
        ([], "at least one"),
    ],
)
def test_transforms_that_are_not_exact_are_refused(transforms, message, flat):
    with pytest.raises(ValueError, match=message):
        augmented_model(flat, transforms=transforms)


def test_other_models_are_refused(flat):
    oblong = res_unet((16, 24, 1), filters=(2, 4))
    with pytest.raises(ValueError, match="square"):
        augmented_model(oblong, transforms="rotations")
    np.testing.assert_allclose(
        augmented_model(oblong, transforms=["rotate_180"]).predict_on_batch(images_of((16, 24, 1))),
        predict_tta(oblong, images_of((16, 24, 1)), transforms=["rotate_180"]),
        atol=1e-6,
    )
    with pytest.raises(TypeError, match=r"keras\.Model"):
        augmented_model("model")
    several = keras.Model(flat.inputs, [flat.outputs[0], flat.outputs[0]])
    with pytest.raises(ValueError, match="output"):
        augmented_model(several)
    own = Own()
    own(np.zeros((1, 8, 8, 1), "float32"))
    with pytest.raises((TypeError, ValueError), match="Expected"):
        augmented_model(own)
