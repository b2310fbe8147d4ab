import functools

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resunet_kit.inference import predict_tiled, predict_tta, receptive_field
from resunet_kit.models import deep_res_unet, healthcare_ai_res_unet, res_unet
from tests.inference.predictors import Recorded


def identity(*shape):
    """Return a network that gives its image back."""
    inputs = keras.Input(shape)
    return keras.Model(inputs, keras.layers.Activation("linear")(inputs))


def image_of(*shape, seed=0):
    return np.random.default_rng(seed).random(shape, "float32")


def moved(model):
    """Return the model with statistics and weights of a trained one: not 0 and 1."""
    generator = np.random.default_rng(0)
    for weight in model.weights:
        if len(weight.shape) == 1:
            weight.assign(weight + 0.1 * generator.random(weight.shape).astype("float32"))
    return model


@functools.cache
def trained(rank, **options):
    """Return the network of a rank and of options that is like a trained one; predicting does not change it."""
    return moved(res_unet((*[None] * rank, 1), filters=(2, 4), num_classes=3, **options))


@pytest.fixture(scope="module")
def small():
    return res_unet((None, None, 1), filters=(2, 4, 8))


# === The same as the whole ===


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_the_identity_gives_the_image_back(data):
    rank = data.draw(st.integers(2, 3))
    shape = data.draw(st.tuples(*[st.integers(1, 30)] * rank))
    tile = data.draw(st.tuples(*[st.integers(5, 16)] * rank))
    fixed = data.draw(st.booleans())
    options = {
        "overlap": data.draw(st.floats(0, 0.95)),
        "blend": data.draw(st.sampled_from(["gaussian", "constant"])),
        "margin": data.draw(st.integers(0, 2)),
        "batch_size": data.draw(st.integers(1, 9)),
    }
    model = Recorded((*tile, 2) if fixed else (*[None] * rank, 2))
    image = image_of(*shape, 2)
    np.testing.assert_allclose(predict_tiled(model, image, tile=tile, **options), image, atol=1e-5)
    assert max(model.batches) <= options["batch_size"]


@pytest.mark.parametrize(
    ("shape", "tile"),
    [((40, 53), 32), ((41, 56), (32, 40)), ((64, 30), 40), ((17, 90), 36), ((33, 18, 43), (32, 20, 36))],
)
@pytest.mark.parametrize("blend", ["gaussian", "constant"])
@pytest.mark.parametrize("options", [{}, {"upsampling": "transpose", "downsampling": "max_pool"}])
def test_tiled_equals_whole_where_the_margin_covers_the_receptive_field(shape, tile, blend, options):
    model, image = trained(len(shape), **options), image_of(*shape, 1)
    whole = model.predict_on_batch(image[None])[0]
    np.testing.assert_allclose(predict_tiled(model, image, tile=tile, blend=blend, margin="auto"), whole, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize(("builder", "tile"), [(deep_res_unet, 176), (healthcare_ai_res_unet, 240)])
def test_presets_tiled_equal_whole(builder, tile):
    model, image = moved(builder((None, None, 3))), image_of(331, 277, 3)
    whole = model.predict_on_batch(image[None])[0]
    np.testing.assert_allclose(predict_tiled(model, image, tile=tile, margin="auto"), whole, atol=1e-5)


def test_without_the_margin_tiles_differ_from_the_whole():
    model, image = moved(res_unet((None, None, 1), filters=(2, 4))), image_of(60, 61, 1)
    whole = model.predict_on_batch(image[None])[0]
    assert np.abs(predict_tiled(model, image, tile=32, blend="constant") - whole).max() > 1e-3


def without_crops(rank):
    """Return a U-Net that takes multiples of 4 alone."""
    name = f"{rank}D"
    layers = keras.layers
    inputs = keras.Input((*[None] * rank, 1))
    fine = getattr(layers, f"Conv{name}")(2, 3, padding="same", activation="relu")(inputs)
    coarse = getattr(layers, f"MaxPooling{name}")(4)(fine)
    coarse = getattr(layers, f"Conv{name}")(2, 3, padding="same")(coarse)
    joined = layers.Concatenate()([fine, getattr(layers, f"UpSampling{name}")(4)(coarse)])
    return keras.Model(inputs, getattr(layers, f"Conv{name}")(1, 1)(joined))


@pytest.mark.parametrize("shape", [(41, 56), (7, 50), (3, 3), (18, 21, 25)])
def test_a_network_of_multiples_of_its_stride_takes_any_image(shape):
    model, image = without_crops(len(shape)), image_of(*shape, 1)
    padded = np.pad(image, [*[(0, 64 - size) for size in shape], (0, 0)])
    result = predict_tiled(model, image, tile=32, margin="auto", blend="constant")
    inside = tuple(slice(0, max(0, min(size, 32) - 14)) for size in shape)
    expected = model.predict_on_batch(padded[None])[0][: shape[0], : shape[1]]
    assert result.shape == (*shape, 1)
    np.testing.assert_allclose(result[inside], expected[inside], atol=1e-5)


# === Reading and writing ===


def test_grey_windows_become_colours_by_preprocess():
    image = image_of(20, 30, 1)
    result = predict_tiled(identity(None, None, 3), image, tile=8, preprocess=lambda x: np.repeat(x, 3, axis=-1))
    np.testing.assert_allclose(result, np.repeat(image, 3, axis=-1), atol=1e-6)


def test_an_array_of_another_library_is_named():
    class Foreign(Sliced):
        def __init__(self, array):
            super().__init__(array)
            self.dtype = "torch.float32"

    with pytest.raises(TypeError, match="image of numbers"):
        predict_tiled(identity(None, None, 1), Foreign(image_of(8, 8, 1)), tile=8)


def test_blended_probabilities_stay_in_the_range_of_the_outputs():
    """Rounding of the weights' sums must not make probabilities above 1, which post-processing refuses."""
    blended = predict_tiled(identity(None, None, None, 1), np.ones((40, 64, 64, 1), "float32"), tile=(16, 32, 32))
    assert blended.min() == blended.max() == 1


@pytest.mark.parametrize("size", [20, 25])
def test_a_fixed_size_need_not_be_a_multiple_of_the_stride(size):
    model, image = res_unet((size, size, 1), filters=(2, 4, 4, 4)), image_of(50, 33, 1)
    result = predict_tiled(model, image, overlap=0.3, blend="constant")
    assert receptive_field(model).stride == (8, 8)
    corner = model.predict_on_batch(image[None, :size, :size])[0]
    np.testing.assert_allclose(result[:5, :5], corner[:5, :5], atol=1e-5)


class Sliced:
    """What slices alone give arrays of, and how much was read at once."""

    def __init__(self, array):
        self.array, self.shape, self.dtype, self.largest = array, array.shape, array.dtype, 0

    def __getitem__(self, key):
        part = self.array[key]
        self.largest = max(self.largest, part.size)
        return part


def test_an_image_is_read_window_by_window():
    image = Sliced(image_of(50, 70, 1))
    result = predict_tiled(identity(None, None, 1), image, tile=16)
    np.testing.assert_allclose(result, image.array, atol=1e-6)
    assert image.largest == 16 * 16


def test_integers_are_prepared_batch_by_batch():
    image = np.random.default_rng(0).integers(0, 256, (20, 30, 1), "uint8")
    result = predict_tiled(identity(None, None, 1), image, tile=8, preprocess=lambda x: x / 255)
    np.testing.assert_allclose(result, image / 255, atol=1e-6)


@pytest.mark.parametrize("shape", [(40, 9), (9, 40)])
def test_slabs_are_reduced_before_they_are_written(shape, tmp_path):
    image = image_of(*shape, 3)
    model = identity(None, None, 3)
    slabs = []

    def largest(slab):
        slabs.append(slab.shape)
        return slab.max(axis=-1)

    classes = np.lib.format.open_memmap(tmp_path / "out.npy", mode="w+", dtype="uint8", shape=shape)
    assert predict_tiled(model, image, tile=8, reduce="argmax", out=classes) is classes
    np.testing.assert_array_equal(classes, image.argmax(axis=-1))
    np.testing.assert_array_equal(predict_tiled(model, image, tile=8, reduce=0.5), image >= 0.5)
    np.testing.assert_allclose(predict_tiled(model, image, tile=8, reduce=largest), image.max(axis=-1), atol=1e-6)
    assert max(slab[int(np.argmax(shape))] for slab in slabs) < 40
    one = predict_tiled(identity(None, None, 1), image[..., :1], tile=8, reduce=0.5)
    np.testing.assert_array_equal(one, image[..., 0] >= 0.5)


def test_a_network_of_a_fixed_size_brings_its_tile_and_small_images_are_padded():
    image = image_of(5, 30, 1)
    np.testing.assert_allclose(predict_tiled(identity(8, 8, 1), image), image, atol=1e-6)
    with pytest.raises(ValueError, match="model's input size"):
        predict_tiled(identity(8, 8, 1), image, tile=16)


def test_a_subclassed_model_is_taken_without_a_stride():
    class Doubled(keras.Model):
        def call(self, inputs):
            return 2 * inputs

        input_shape = output_shape = (None, None, None, 1)

    image = image_of(20, 13, 1)
    np.testing.assert_allclose(predict_tiled(Doubled(), image, tile=7), 2 * image, atol=1e-6)
    with pytest.raises(ValueError, match="bounded receptive field"):
        predict_tiled(Doubled(), image, tile=7, margin="auto")


def test_progress_is_shown_on_request(capsys):
    predict_tiled(identity(None, None, 1), image_of(16, 16, 1), tile=8, verbose=1)
    assert "window" in capsys.readouterr().out


# === Bad input ===


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"overlap": 1.0}, ValueError, r"overlap .*\[0, 1\)"),
        ({"overlap": -0.1}, ValueError, "overlap"),
        ({"overlap": "half"}, TypeError, "overlap"),
        ({"tile": 18}, ValueError, "stride of 4 divides.* Take 16 or 20"),
        ({"tile": 2}, ValueError, "stride of 4 divides.* Take 4"),
        ({"tile": 0}, ValueError, "tile"),
        ({"tile": None}, ValueError, "Expected a tile"),
        ({"tile": (16, 16, 16)}, ValueError, "tile"),
        ({"margin": 8}, ValueError, "margin that leaves .* Take a tile of 24"),
        ({"margin": -1}, ValueError, "margin"),
        ({"margin": "wide"}, TypeError, "margin"),
        ({"blend": "linear"}, ValueError, "blend"),
        ({"batch_size": 0}, ValueError, "batch_size"),
        ({"reduce": "max"}, ValueError, "reduce"),
        ({"reduce": "argmax"}, ValueError, r"reduce=0\.5"),
        ({"reduce": np.nan}, ValueError, "reduce"),
        ({"out": np.zeros((40, 50, 1), "uint8")}, ValueError, "float32"),
        ({"out": np.zeros((40, 50), "float32")}, ValueError, r"out of shape \(40, 50, 1\)"),
        ({"out": "mask.npy"}, TypeError, "out"),
        ({"out": np.broadcast_to(np.float32(0), (40, 50, 1))}, ValueError, "out to be writable"),
        ({"reduce": 0.5, "out": np.zeros((40, 50), "int8")}, ValueError, "holds uint8"),
        ({"preprocess": 255}, TypeError, "preprocess"),
        ({"preprocess": lambda x: x[:, ::2]}, ValueError, "preprocess to return windows of shape"),
        ({"verbose": "loud"}, ValueError, "verbose"),
        ({"reduce": lambda slab: slab[:, :1]}, ValueError, "spatial shape"),
    ],
)
def test_bad_options_are_refused_before_any_prediction(small, options, error, message):
    with pytest.raises(error, match=message):
        predict_tiled(small, image_of(40, 50, 1), **{"tile": 16, **options})


def test_a_tile_that_the_margin_asks_for_works(small):
    assert predict_tiled(small, image_of(40, 51, 1), tile=24, margin=8).shape == (40, 51, 1)
    assert receptive_field(small).stride == (4, 4)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_nan_is_refused_where_it_stands(bad):
    image = image_of(40, 50, 1)
    image[30, 45] = bad
    with pytest.raises(ValueError, match=r"finite numbers.* at \(16, 3\d\)"):
        predict_tiled(identity(None, None, 1), image, tile=16)
    with pytest.raises(ValueError, match=r"finite outputs"):
        predict_tiled(Recorded((None, None, 1), lambda x: x * bad), image_of(8, 8, 1) + 1, tile=8)


def test_huge_values_are_not_nan():
    image = np.full((10, 10, 1), 1e30, "float32")
    np.testing.assert_allclose(predict_tiled(Recorded((None, None, 1)), image, tile=8), image, rtol=1e-5)


@pytest.mark.parametrize(
    ("image", "error", "message"),
    [
        (np.zeros((1, 16, 16, 1)), ValueError, "without a batch axis"),
        (np.zeros((16, 16)), ValueError, r"image\[\.\.\., None\]"),
        (np.zeros((16, 16, 3)), ValueError, r"height, width, 1"),
        (np.zeros((0, 16, 1)), ValueError, "Received shape"),
        (np.full((16, 16, 1), "a"), TypeError, "numbers"),
        ([[1]], TypeError, "sliced"),
    ],
)
def test_other_images_are_refused(image, error, message):
    with pytest.raises(error, match=message):
        predict_tiled(identity(None, None, 1), image, tile=8)


def test_other_models_are_refused():
    inputs = keras.Input((None, None, 1))
    image = image_of(16, 16, 1)
    with pytest.raises(ValueError, match="input's size"):
        predict_tiled(keras.Model(inputs, keras.layers.MaxPooling2D(2)(inputs)), image, tile=8)
    with pytest.raises(ValueError, match="input's size"):
        predict_tiled(keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(inputs)), image, tile=8)
    with pytest.raises(ValueError, match="one output"):
        predict_tiled(keras.Model(inputs, [inputs + 1, inputs + 2]), image, tile=8)
    with pytest.raises(TypeError, match="model"):
        predict_tiled(lambda x: x, image, tile=8)


def test_hidden_values_of_a_masked_array_are_refused():
    model = res_unet((None, None, 1), filters=(4, 8))
    image = np.ma.masked_greater(np.linspace(0, 1, 32 * 32, dtype="float32").reshape(32, 32, 1), 0.9)
    with pytest.raises(ValueError, match=r"without masked values.*filled\(0\)"):
        predict_tiled(model, image, tile=16)
    with pytest.raises(ValueError, match="without masked values"):
        predict_tta(model, image[None])
    assert predict_tiled(model, image.filled(0), tile=16).shape == (32, 32, 1)
    assert predict_tiled(model, np.ma.asarray(image.filled(0)), tile=16).shape == (32, 32, 1)
