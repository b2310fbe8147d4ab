import re

import keras
import numpy as np
import pytest
from keras import ops

from resunet_kit.inference import predict_tta
from resunet_kit.models import res_unet
from tests.inference.stages import copying_segmenter, eager

RNG = np.random.default_rng(0)
EXACT = [
    "identity",
    "flip_horizontal",
    "flip_vertical",
    "rotate_90",
    "rotate_180",
    "rotate_270",
    "flip_vertical+rotate_90",
]
VOLUMES = [*EXACT, "flip_depth", "flip_depth+rotate_270"]


def pixelwise(rank=2, channels=2, classes=3):
    """Return a model that treats each pixel by itself: every transform of the image transforms its map."""
    inputs = keras.Input((*[None] * rank, channels))
    conv = keras.layers.Conv2D if rank == 2 else keras.layers.Conv3D
    return eager(keras.Model(inputs, conv(classes, 1, activation="softmax")(inputs)))


def averaging(rank=2):
    """Return a model whose outputs depend on the direction of the axes."""
    inputs = keras.Input((*[None] * rank, 1))
    conv = keras.layers.Conv2D if rank == 2 else keras.layers.Conv3D
    return eager(keras.Model(inputs, conv(1, 3, padding="same", activation="sigmoid")(inputs)))


def predict(model, images):
    return np.asarray(model.predict_on_batch(images))


@pytest.mark.parametrize("transforms", ["flips", "rotations", "dihedral", EXACT])
def test_what_moves_with_the_image_is_undone_exactly(transforms):
    images = RNG.random((3, 6, 10, 2), "float32")
    model = pixelwise()
    mean, std = predict_tta(model, images, transforms=transforms, return_std=True, batch_size=2)
    np.testing.assert_allclose(mean, predict(model, images), atol=1e-6)
    assert std.max() < 1e-6


@pytest.mark.parametrize("transforms", ["flips", "dihedral", VOLUMES])
def test_volumes_are_undone_exactly(transforms):
    volumes = RNG.random((2, 4, 6, 5, 2), "float32")
    model = pixelwise(rank=3)
    mean, std = predict_tta(model, volumes, transforms=transforms, return_std=True)
    np.testing.assert_allclose(mean, predict(model, volumes), atol=1e-6)
    assert std.max() < 1e-6


def test_mean_and_std_are_those_of_the_predictions_by_hand():
    model, images = averaging(), RNG.random((2, 8, 8, 1), "float32")
    maps = [predict(model, images), predict(model, images[:, :, ::-1])[:, :, ::-1],
            predict(model, images[:, ::-1])[:, ::-1], predict(model, images[:, ::-1, ::-1])[:, ::-1, ::-1]]  # fmt: skip
    mean, std = predict_tta(model, images, return_std=True)
    np.testing.assert_allclose(mean, np.mean(maps, axis=0), atol=1e-6)
    np.testing.assert_allclose(std, np.std(maps, axis=0), atol=1e-6)
    assert std.max() > 1e-3
    np.testing.assert_array_equal(predict_tta(model, images), mean)
    assert mean.dtype == std.dtype == np.float32


def test_rotations_by_hand():
    model, images = averaging(), RNG.random((2, 6, 8, 1), "float32")
    turned = np.rot90(predict(model, np.rot90(images, axes=(1, 2))), -1, axes=(1, 2))
    np.testing.assert_allclose(predict_tta(model, images, transforms="rotate_90"), turned, atol=1e-6)


def test_flips_of_volumes_are_all_eight():
    model, volumes = averaging(rank=3), RNG.random((1, 4, 6, 5, 1), "float32")
    maps = [
        np.flip(predict(model, np.flip(volumes, axes)), axes)
        for axes in [(), (1,), (2,), (3,), (1, 2), (1, 3), (2, 3), (1, 2, 3)]
    ]
    mean, std = predict_tta(model, volumes, return_std=True)
    np.testing.assert_allclose(mean, np.mean(maps, axis=0), atol=1e-6)
    np.testing.assert_allclose(std, np.std(maps, axis=0), atol=1e-6)


@pytest.mark.parametrize("rank", [2, 3])
def test_scales_are_resized_back(rank):
    ramp = np.linspace(0.2, 0.8, 16, dtype="float32")
    images = np.broadcast_to(ramp[:, None], (1, *[12] * (rank - 1), 16, 1))
    inputs = keras.Input((*[None] * rank, 1))
    model = keras.Model(inputs, keras.layers.Rescaling(1.0)(inputs))
    for scale in ("scale_2", "scale_0.5", "scale_1.3+flip_horizontal"):
        found = predict_tta(model, images, transforms=[scale])
        assert found.shape == images.shape
        inner = (slice(None), *[slice(3, -3)] * rank)
        np.testing.assert_allclose(found[inner], images[inner], atol=0.01)


def test_scores_of_a_classifier_are_averaged():
    inputs = keras.Input((6, 6, 1))
    model = keras.Model(inputs, keras.layers.Dense(3, "softmax")(keras.layers.Flatten()(inputs)))
    images = RNG.random((5, 6, 6, 1), "float32")
    scores = [predict(model, np.rot90(images, turns, axes=(1, 2))) for turns in range(4)]
    result = predict_tta(model, images, transforms="rotations", return_uncertainty=True, batch_size=2)
    np.testing.assert_allclose(result.mean, np.mean(scores, axis=0), atol=1e-6)
    np.testing.assert_allclose(result.std, np.std(scores, axis=0), atol=1e-6)
    assert result.entropy.shape == result.image_uncertainty.shape == (5,)


def test_functions_of_ones_own():
    model, images = eager(copying_segmenter(side=8)), RNG.random((2, 8, 8, 1), "float32")
    brighter = (lambda batch: batch + 0.5, lambda maps: maps - 0.5)
    mean, std = predict_tta(model, images, transforms=["identity", brighter], return_std=True)
    np.testing.assert_allclose(mean, images, atol=1e-6)
    assert std.max() < 1e-6


def test_square_images_rotate_in_a_model_of_one_size():
    model = eager(copying_segmenter(side=8))
    images = RNG.random((1, 8, 8, 1), "float32")
    np.testing.assert_allclose(predict_tta(model, images, transforms="dihedral"), images, atol=1e-6)


def test_what_changes_the_size_is_refused_for_a_model_of_one_size():
    inputs = keras.Input((8, 6, 1))
    model = keras.Model(inputs, keras.layers.Rescaling(1.0)(inputs))
    images = np.zeros((1, 8, 6, 1))
    for name, size in (("rotate_90", "6, 8"), ("scale_0.5", "4, 3"), ("flip_vertical+rotate_270", "6, 8")):
        expected = "Expected transforms that keep the size (8, 6) of the images, for which the model is built. Received"
        with pytest.raises(ValueError, match=re.escape(f"{expected} {name!r}, which gives ({size}). Use flips")):
            predict_tta(model, images, transforms=["identity", name])
    predict_tta(model, images, transforms=["rotate_180", "scale_1"])


@pytest.mark.parametrize(
    ("transforms", "kind", "message"),
    [
        ("flip", ValueError, r"Received transforms='flip'\. Did you mean"),
        (["flip_horizontl"], ValueError, "Did you mean 'flip_horizontal'"),
        ([], ValueError, "at least one transform"),
        (["flips"], ValueError, "by itself"),
        (["flip_depth"], ValueError, "for volumes"),
        (["scale_big"], ValueError, "factor above 0"),
        (["scale_0"], ValueError, "factor above 0"),
        (["scale_nan"], ValueError, "factor above 0"),
        ([1], TypeError, "a name, or a tuple of two functions"),
        (None, TypeError, "a name or a sequence"),
    ],
)
def test_unknown_transforms_are_refused(transforms, kind, message):
    with pytest.raises(kind, match=message):
        predict_tta(eager(copying_segmenter(side=8)), np.zeros((1, 8, 8, 1)), transforms=transforms)


def test_maps_of_another_size_have_no_scale():
    inputs = keras.Input((None, None, 1))
    model = keras.Model(inputs, keras.layers.MaxPooling2D()(inputs))
    assert predict_tta(model, np.zeros((1, 8, 8, 1))).shape == (1, 4, 4, 1)
    with pytest.raises(ValueError, match="Leave out the scales"):
        predict_tta(model, np.zeros((1, 8, 8, 1)), transforms=["scale_2"])


@pytest.mark.slow
def test_variable_networks_take_every_transform():
    model, images = res_unet((None, None, 1), filters=(4, 8)), RNG.random((1, 17, 22, 1), "float32")
    mean = predict_tta(model, images, transforms=["identity", "rotate_90", "scale_0.7", "scale_1.4+flip_vertical"])
    assert mean.shape == (1, 17, 22, 1)


# === Images, for each function that takes them ===


@pytest.mark.parametrize(
    ("images", "kind", "message"),
    [
        (np.zeros((8, 8, 1)), ValueError, r"Add the batch axis of a single image: image\[None\]"),
        (np.zeros((2, 8, 8)), ValueError, "Add the missing axes"),
        (np.zeros((2, 8, 8, 3)), ValueError, "Select or convert the channels"),
        (np.zeros((2, 9, 8, 1)), ValueError, r"\(n, 8, 8, 1\).*input_shape=\(None, None, 1\)"),
        (np.zeros((0, 8, 8, 1)), ValueError, "at least one image"),
        ([], ValueError, "at least one image"),
        (np.full((2, 8, 8, 1), np.nan), ValueError, "NaN in image 0"),
        (np.stack([np.zeros((8, 8, 1)), np.full((8, 8, 1), np.inf)]), ValueError, "infinite value in image 1"),
        ([np.zeros((8, 8, 1)), np.zeros((9, 8, 1))], ValueError, "Expected images of one size"),
        (np.full((1, 8, 8, 1), "a"), TypeError, "images of numbers"),
        (None, TypeError, "Expected images as"),
    ],
)
def test_images_are_checked(images, kind, message):
    with pytest.raises(kind, match=message):
        predict_tta(eager(copying_segmenter(side=8)), images)


def test_lists_and_generators_of_images():
    images = RNG.random((3, 8, 8, 1), "float32")
    for form in (list(images), (image for image in images), iter([images[:2], images[2:]])):
        np.testing.assert_allclose(predict_tta(eager(copying_segmenter(side=8)), form), images, atol=1e-6)
    volumes = RNG.random((2, 4, 4, 4, 2), "float32")
    model = pixelwise(rank=3)
    np.testing.assert_array_equal(predict_tta(model, list(volumes)), predict_tta(model, volumes))


def test_other_engines_predict():
    class Doubling:
        input_shape, output_shape = (None, None, None, 1), (None, None, None, 1)

        def predict_on_batch(self, x):
            return 2 * np.asarray(x)

    images = RNG.random((2, 4, 4, 1), "float32")
    np.testing.assert_allclose(predict_tta(Doubling(), images), 2 * images, atol=1e-6)
    with pytest.raises(TypeError, match=r"Expected model to be a keras\.Model"):
        predict_tta(lambda x: x, images)


def test_outputs_that_are_not_finite_are_refused():
    inputs = keras.Input((8, 8, 1))
    model = keras.Model(inputs, ops.log(inputs - 1))
    images = np.full((3, 8, 8, 1), 2.0)
    images[2] = 0.5
    with pytest.raises(ValueError, match="NaN or an infinite value for image 2"):
        predict_tta(model, images, batch_size=2)


def test_progress_is_shown_on_request(capsys):
    model, images = eager(copying_segmenter(side=8)), np.zeros((3, 8, 8, 1))
    predict_tta(model, images, batch_size=2)
    assert capsys.readouterr().out == ""
    predict_tta(model, images, batch_size=2, verbose=1)
    assert "3/3" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"batch_size": 0}, ValueError),
        ({"batch_size": "8"}, TypeError),
        ({"return_std": 1}, TypeError),
        ({"verbose": 3}, ValueError),
    ],
)
def test_options_are_checked(options, kind):
    with pytest.raises(kind, match=r"Expected .* Received"):
        predict_tta(eager(copying_segmenter(side=8)), np.zeros((1, 8, 8, 1)), **options)
