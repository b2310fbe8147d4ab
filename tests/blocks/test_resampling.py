import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resunet_kit.blocks import crop_like, upsample, upsample_concat
from resunet_kit.blocks.resampling import METHODS, upsample_like

few = settings(max_examples=12, deadline=None)


def numpy_of(tensor):
    return keras.ops.convert_to_numpy(tensor)


def features(shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def linear_along(x, axis, scale):
    """Interpolate one axis at half-pixel centres, the border's value beyond the border."""
    length = x.shape[axis]
    centres = (np.arange(length * scale) + 0.5) / scale - 0.5

    def interpolate(line):
        return np.interp(centres, np.arange(length), line)

    return np.apply_along_axis(interpolate, axis, x)


@st.composite
def sizes_and_scales(draw, rank):
    return [(draw(st.integers(1, 5)), draw(st.integers(1, 4))) for _ in range(rank)]


@few
@given(pairs=st.one_of(sizes_and_scales(2), sizes_and_scales(3)))
def test_linear_is_separable_interpolation(pairs):
    x = features((2, *(side for side, _ in pairs), 3))
    expected = x.astype("float64")
    for axis, (_, scale) in enumerate(pairs, start=1):
        expected = linear_along(expected, axis, scale)
    scales = tuple(scale for _, scale in pairs)
    np.testing.assert_allclose(numpy_of(upsample(x, scale=scales, method="linear")), expected, atol=1e-5)


@few
@given(pairs=st.one_of(sizes_and_scales(2), sizes_and_scales(3)))
def test_nearest_repeats_pixels(pairs):
    x = features((2, *(side for side, _ in pairs), 3))
    expected = x
    for axis, (_, scale) in enumerate(pairs, start=1):
        expected = np.repeat(expected, scale, axis=axis)
    scales = tuple(scale for _, scale in pairs)
    np.testing.assert_array_equal(numpy_of(upsample(x, scale=scales)), expected)


@pytest.mark.parametrize("scale", [2, (3, 2)])
def test_windows_of_the_transposed_convolution_do_not_overlap(scale):
    x = features((2, 3, 4, 5))
    inputs = keras.Input((3, 4, 5))
    model = keras.Model(inputs, upsample(inputs, scale=scale, method="transpose"))
    kernel, bias = model.get_weights()
    # Each pixel becomes one window of the output: the pixel's channels times the kernel.
    windows = np.einsum("bhwc,ijoc->bhiwjo", x, kernel) + bias
    expected = windows.reshape(2, 3 * kernel.shape[0], 4 * kernel.shape[1], 5)
    np.testing.assert_allclose(numpy_of(model(x)), expected, atol=1e-5)


@pytest.mark.parametrize("scale", [0, (2, 2, 2)])
def test_a_wrong_scale_is_refused(scale):
    with pytest.raises(ValueError, match="Expected scale to be"):
        upsample(keras.Input((4, 4, 1)), scale=scale)


def test_an_unknown_method_is_refused_with_the_nearest():
    with pytest.raises(ValueError, match=r"Received method='neerest'. Did you mean 'nearest'"):
        upsample(keras.Input((4, 4, 1)), method="neerest")


def test_a_tensor_of_another_rank_is_refused():
    with pytest.raises(ValueError, match="Expected features of shape"):
        upsample(keras.Input((4, 1)))


def cropper(size, wanted):
    x, reference = keras.Input((*size, 2)), keras.Input((*wanted, 1))
    return keras.Model([x, reference], crop_like(x, reference))


@pytest.mark.parametrize(
    ("size", "wanted"),
    [
        ((8, 6), (7, 6)),
        ((8, 6), (3, 1)),
        ((4, 6, 8), (3, 6, 7)),
    ],
)
@pytest.mark.parametrize("known", [True, False, "one"])
def test_crop_keeps_the_near_end_of_static_and_variable_shapes(size, wanted, known):
    hidden = {True: (size, wanted), False: ((None,) * len(size), (None,) * len(size))}
    hidden["one"] = ((None, *size[1:]), (None, *wanted[1:]))
    model = cropper(*hidden[known])
    x, reference = features((2, *size, 2)), features((2, *wanted, 1))
    expected = x[(slice(None), *(slice(side) for side in wanted))]
    np.testing.assert_array_equal(numpy_of(model([x, reference])), expected)


def test_one_model_of_variable_shape_crops_features_of_any_size():
    model = cropper((None, None), (None, None))
    for size, wanted in [((8, 8), (7, 8)), ((4, 2), (4, 2)), ((6, 6), (5, 5))]:
        assert model([features((1, *size, 2)), features((1, *wanted, 1))]).shape == (1, *wanted, 2)


def test_crop_makes_no_layer_where_the_shapes_agree():
    x = keras.Input((4, 5, 2))
    assert crop_like(x, keras.Input((4, 5, 7))) is x


@pytest.mark.parametrize("reference", [(9, 8, 1), (8, 8, 8, 1), (None, 9, 1)])
def test_crop_refuses_a_reference_that_is_larger_or_of_another_rank(reference):
    with pytest.raises(ValueError, match="Expected features of the reference's rank and at least of its size"):
        crop_like(keras.Input((8, 8, 3)), keras.Input(reference))


@pytest.mark.parametrize("size", [(4, 6), (3, 5), (3, 4, 5)])
def test_upsample_concat_joins_the_upsampled_features_and_then_the_skip(size):
    coarse = features((2, *(-(-side // 2) for side in size), 3))
    skip = features((2, *size, 2), seed=1)
    joined = numpy_of(upsample_concat(coarse, skip))
    upsampled = numpy_of(upsample(coarse))[(slice(None), *(slice(side) for side in size))]
    np.testing.assert_array_equal(joined[..., :3], upsampled)
    np.testing.assert_array_equal(joined[..., 3:], skip)


@pytest.mark.parametrize("size", [(12, 12), (8, 10), (5, 5), (10, 10, 10)])
def test_upsample_concat_refuses_a_skip_of_another_size(size):
    with pytest.raises(ValueError, match="Expected a skip of the same rank, twice as large as the features or one"):
        upsample_concat(keras.Input((5, 5, 3)), keras.Input((*size, 3)))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("size", [(7, 8), (8, 7), (6, 9, 7)])
def test_upsampling_like_a_variable_reference_equals_upsampling_and_cropping(method, size):
    rank = len(size)
    rng = np.random.default_rng(0)
    coarse = rng.normal(size=(2, *((n + 1) // 2 for n in size), 3)).astype("float32")
    skip = rng.normal(size=(2, *size, 2)).astype("float32")

    def model(*shapes):
        x, reference = (keras.Input((*shape, channels)) for shape, channels in zip(shapes, (3, 2), strict=True))
        keras.utils.set_random_seed(1)
        return keras.Model([x, reference], upsample_like(x, reference, method=method))

    fixed = model(coarse.shape[1:-1], size).predict_on_batch([coarse, skip])
    assert fixed.shape == (2, *size, 3)
    for shapes in [((None,) * rank,) * 2, ((None, *coarse.shape[2:-1]), (None, *size[1:]))]:
        np.testing.assert_allclose(model(*shapes).predict_on_batch([coarse, skip]), fixed, atol=1e-6)


def test_linear_upsampling_of_a_variable_size_equals_that_of_a_known_one():
    """TensorFlow's graphs refused it: Keras compares the new size in Python."""
    generator = np.random.default_rng(0)
    features = generator.normal(size=(2, 5, 4, 3)).astype("float32")
    inputs = keras.Input((None, None, 3))
    variable = keras.Model(inputs, upsample(inputs, scale=(2, 3), method="linear"))
    fixed_inputs = keras.Input((5, 4, 3))
    fixed = keras.Model(fixed_inputs, upsample(fixed_inputs, scale=(2, 3), method="linear"))
    np.testing.assert_allclose(variable.predict_on_batch(features), fixed.predict_on_batch(features), atol=1e-5)
    for size in (3, 7):  # from the second size on, TensorFlow traces for any
        assert variable.predict(np.zeros((1, size, size, 3)), verbose=0).shape == (1, 2 * size, 3 * size, 3)
