import keras
import numpy as np
import pytest
from keras import layers

from resunet_kit.inference import occlusion
from tests.inference.stages import copying_segmenter, eager, mean_classifier

RNG = np.random.default_rng(0)


def weighed(weights):
    """Return a classifier of one unit, the sum of the image weighed by a map."""
    inputs = keras.Input((*weights.shape, 1))
    model = keras.Model(inputs, layers.Dense(1)(layers.Flatten()(inputs)))
    model.layers[-1].set_weights([weights.reshape(-1, 1), np.zeros(1)])
    return eager(model)


def by_hand(image, weights, window, stride, fill):
    height, width = image.shape
    starts = [sorted({*range(0, n - window, stride), n - window}) for n in (height, width)]
    total, count = np.zeros((2, height, width))
    for top in starts[0]:
        for left in starts[1]:
            covered = image.copy()
            covered[top : top + window, left : left + window] = fill
            total[top : top + window, left : left + window] += (weights * (image - covered)).sum()
            count[top : top + window, left : left + window] += 1
    assert count.min() > 0
    maps = np.maximum(total / count, 0)
    return maps / (maps.max() or 1)


@pytest.mark.parametrize(("window", "stride"), [(3, 2), (4, 4), (1, 1), (5, 3)])
@pytest.mark.parametrize("fill", [None, 0.0, 2.5])
def test_the_map_is_the_mean_fall_of_the_score(window, stride, fill):
    weights, images = RNG.normal(size=(9, 7)).astype("float32"), RNG.random((2, 9, 7, 1), "float32")
    found = occlusion(weighed(weights), images, window=window, stride=stride, fill=fill, batch_size=5)
    assert (found.shape, found.dtype) == ((2, 9, 7), np.float32)
    for image, heat in zip(images[..., 0], found, strict=True):
        value = image.mean() if fill is None else fill
        np.testing.assert_allclose(heat, by_hand(image, weights, window, stride, value), atol=1e-4)


def test_the_window_that_matters_is_found():
    images = np.zeros((1, 16, 16, 1), "float32")
    images[0, 4:8, 8:12] = 1
    heat = occlusion(eager(mean_classifier(units=2)), images, window=4, target=1)[0]
    assert np.unravel_index(heat.argmax(), heat.shape) in [(r, c) for r in range(4, 8) for c in range(8, 12)]
    assert heat[12:].max() < 0.01
    against = occlusion(eager(mean_classifier(units=2)), images, window=4, target=0)[0]
    assert against[4:8, 8:12].max() == 0


def test_a_segmenters_score_is_the_mean_over_its_mask_or_a_region():
    images = np.zeros((1, 16, 16, 1), "float32")
    images[0, 2:6, 2:6] = images[0, 10:14, 10:14] = 1
    region = np.zeros((16, 16), bool)
    region[2:6, 2:6] = True
    model = eager(copying_segmenter())
    both, one = occlusion(model, images, window=4, stride=1)[0], occlusion(model, images, window=4, region=region)[0]
    assert both[3, 3] > 0.5
    assert both[12, 12] > 0.5
    assert one[3, 3] > 0.5
    assert one[12, 12] == 0


def test_a_model_that_ignores_the_image_has_a_zero_map():
    assert occlusion(weighed(np.zeros((8, 8), "float32")), RNG.random((2, 8, 8, 1))).max() == 0
    inputs = keras.Input((8, 8, 1))
    nearly = keras.Model(inputs, 0.3 + 4e-7 * layers.GlobalAveragePooling2D()(inputs))  # no more than rounding
    assert occlusion(nearly, np.ones((1, 8, 8, 1)), window=4, fill=0).max() == 0


def test_volumes_and_windows_of_each_axis():
    inputs = keras.Input((4, 6, 8, 1))
    model = keras.Model(inputs, layers.GlobalAveragePooling3D()(inputs))
    found = occlusion(model, RNG.random((1, 4, 6, 8, 1)), window=(1, 2, 3), stride=(1, 2, 2))
    assert found.shape == (1, 4, 6, 8)
    assert found.max() == 1


def test_the_images_are_not_changed():
    images = RNG.random((1, 8, 8, 1), "float32")
    before = images.copy()
    occlusion(weighed(np.ones((8, 8), "float32")), images, window=4)
    np.testing.assert_array_equal(images, before)


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"window": 9}, ValueError, r"window up to \(8, 8\)"),
        ({"window": 2, "stride": 3}, ValueError, r"stride up to \(2, 2\)"),
        ({"window": (2, 2, 2)}, ValueError, "one for each of 2"),
        ({"window": 0}, ValueError, "window"),
        ({"window": 2.5}, TypeError, "window"),
        ({"fill": "mean"}, TypeError, "fill"),
        ({"target": 2}, ValueError, "target"),
        ({"batch_size": 0}, ValueError, "batch_size"),
    ],
)
def test_options_are_checked(options, kind, message):
    with pytest.raises(kind, match=message):
        occlusion(weighed(np.ones((8, 8), "float32")), np.zeros((1, 8, 8, 1)), **options)


def test_outputs_that_are_not_finite_are_refused():
    with pytest.raises(ValueError, match="Expected finite outputs"):
        occlusion(weighed(np.full((8, 8), np.nan, "float32")), np.ones((1, 8, 8, 1)))
