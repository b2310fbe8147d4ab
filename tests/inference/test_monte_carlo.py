import keras
import numpy as np
import pytest
from keras import ops

from resunet_kit.inference import predict_mc_dropout
from resunet_kit.models import res_unet
from tests.inference.stages import copying_segmenter, eager

ONES = np.ones((4, 8, 8, 3), "float32")


def dropped(*layers, shape=(8, 8, 3)):
    inputs = keras.Input(shape)
    x = inputs
    for layer in layers:
        x = layer(x)
    return keras.Model(inputs, x)


def state_of(model):
    return [np.array(ops.convert_to_numpy(variable)) for variable in model.variables]


def test_dropout_has_the_mean_and_the_spread_of_its_rate():
    found = predict_mc_dropout(dropped(keras.layers.Dropout(0.5)), ONES, passes=100, seed=0)
    assert found.mean.mean() == pytest.approx(1, abs=0.03)
    assert found.std.mean() == pytest.approx(1, abs=0.03)
    assert found.mean.shape == found.std.shape == ONES.shape
    mean, std = found
    assert mean is found.mean
    assert std is found.std


def test_normalisation_stays_in_inference_mode_and_the_model_unchanged():
    norm = keras.layers.BatchNormalization(epsilon=0)
    model = dropped(keras.layers.Dropout(0.5), norm)
    norm.set_weights([np.full(3, 2.0), np.full(3, 1.0), np.full(3, 5.0), np.full(3, 4.0)])
    before, names = state_of(model), [set(vars(layer)) for layer in model.layers]
    found = predict_mc_dropout(model, ONES, passes=2, seed=0)
    # Dropout gives 0 or 2, whose normalised values are 2 (x - 5) / 2 + 1; the mean of two passes has one between.
    assert set(np.unique(np.round(found.mean, 4))) == {-4.0, -3.0, -2.0}
    for was, variable in zip(before, state_of(model), strict=True):
        np.testing.assert_array_equal(was, variable)
    assert [set(vars(layer)) for layer in model.layers] == names
    np.testing.assert_allclose(model.predict_on_batch(ONES), np.full_like(ONES, -3.0), atol=1e-6)


def test_normalisation_that_is_called_in_training_mode_keeps_its_statistics():
    inputs = keras.Input((8, 8, 3))
    norm = keras.layers.BatchNormalization()
    model = keras.Model(inputs, norm(keras.layers.Dropout(0.5)(inputs), training=True))
    before = state_of(model)
    predict_mc_dropout(model, ONES, passes=2)
    for was, variable in zip(before, state_of(model), strict=True):
        np.testing.assert_array_equal(was, variable)


def test_a_seed_repeats_the_result():
    model = dropped(keras.layers.Dropout(0.5), keras.layers.Dropout(0.2))
    first, again, other = (predict_mc_dropout(model, ONES, passes=3, seed=seed, batch_size=2) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.mean, again.mean)
    np.testing.assert_array_equal(first.std, again.std)
    assert (first.mean != other.mean).any()
    one, two = (predict_mc_dropout(model, ONES, passes=2) for _ in range(2))
    assert (one.mean != two.mean).any()


def test_images_and_passes_get_masks_of_their_own():
    found = predict_mc_dropout(dropped(keras.layers.Dropout(0.5)), ONES, passes=2, seed=0, batch_size=1)
    assert len({image.tobytes() for image in found.mean}) == len(ONES)
    assert found.std.max() == 1.0


def test_spatial_dropout_drops_whole_channels():
    found = predict_mc_dropout(dropped(keras.layers.SpatialDropout2D(0.5)), ONES, passes=4, seed=0)
    assert np.ptp(found.mean, axis=(1, 2)).max() == 0
    assert len(np.unique(found.mean)) > 1


class Quarter(keras.layers.Dropout):
    def call(self, inputs, training=None):
        return super().call(inputs, training=training) / 4


class Always(keras.layers.Dropout):
    def call(self, inputs):
        return super().call(inputs, training=True)


class Block(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.drop = keras.layers.Dropout(0.5)

    def call(self, x, training=None):
        return self.drop(x, training=training)


class Noise(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.generator = keras.random.SeedGenerator(0)

    def call(self, x, training=False):
        return x + keras.random.normal(ops.shape(x), seed=self.generator) if training else x


@pytest.mark.parametrize(
    "layer",
    [
        keras.layers.GaussianDropout(0.3),
        keras.layers.GaussianNoise(0.3),
        keras.layers.AlphaDropout(0.3),
        Quarter(0.5),
        Always(0.5),
        Block(),
        keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Dropout(0.5)]),
        keras.layers.TimeDistributed(keras.layers.Dropout(0.5)),
    ],
    ids=lambda layer: layer.name,
)
def test_every_kind_of_dropout_is_active(layer):
    model = eager(dropped(layer))
    assert predict_mc_dropout(model, ONES, passes=3).std.max() > 0.05


def test_further_classes_run_in_training_mode_on_request():
    model = eager(dropped(Noise(), keras.layers.Dropout(0.01)))
    assert predict_mc_dropout(model, ONES, passes=3).std.mean() < 0.1
    assert predict_mc_dropout(model, ONES, passes=3, layer_types=[Noise]).std.mean() > 0.5
    assert predict_mc_dropout(eager(dropped(Noise())), ONES, passes=3, layer_types=Noise).std.mean() > 0.5
    with pytest.raises(TypeError, match="classes of Keras layers"):
        predict_mc_dropout(model, ONES, layer_types=["Noise"])


@pytest.mark.parametrize("rate", [None, 0.0])
def test_a_model_without_active_dropout_is_refused(rate):
    model = copying_segmenter(side=8) if rate is None else dropped(keras.layers.Dropout(rate))
    with pytest.raises(ValueError, match="at least one active dropout layer"):
        predict_mc_dropout(model, ONES[..., : model.input_shape[-1]])


@pytest.mark.slow
def test_a_network_for_images_and_one_for_volumes():
    for shape in ((16, 16, 1), (8, 8, 8, 1)):
        model = res_unet(shape, 2, filters=(4, 8), dropout=0.3)
        images = np.random.default_rng(0).random((2, *shape), "float32")
        found = predict_mc_dropout(model, images, passes=3, seed=0)
        assert found.mean.shape == (2, *shape[:-1], 2)
        np.testing.assert_allclose(found.mean.sum(axis=-1), 1, atol=1e-5)
        assert found.entropy.shape == found.mutual_information.shape == (2, *shape[:-1])
        assert found.image_uncertainty.shape == (2,)
        assert found.std.max() > 0


def test_features_without_spatial_axes():
    model = dropped(keras.layers.Dropout(0.5), keras.layers.Dense(2, "softmax"), shape=(6,))
    assert predict_mc_dropout(model, np.ones((3, 6)), passes=4).entropy.shape == (3,)


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"passes": 1}, ValueError),
        ({"passes": 2.5}, TypeError),
        ({"seed": -1}, ValueError),
        ({"batch_size": 0}, ValueError),
    ],
)
def test_options_are_checked(options, kind):
    with pytest.raises(kind, match=r"Expected .* Received"):
        predict_mc_dropout(dropped(keras.layers.Dropout(0.5)), ONES, **options)


def test_dropout_works_as_before_after_an_error():
    model = dropped(keras.layers.Dropout(0.5), keras.layers.Rescaling(np.inf))
    with pytest.raises(ValueError, match="finite outputs"):
        predict_mc_dropout(model, ONES)
    assert "call" not in vars(model.layers[1])
