import keras
import numpy as np
import pytest
from scipy.ndimage import correlate

from resunet_kit.blocks import aspp, pyramid_pooling


def images(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def numpy_of(tensor):
    return keras.ops.convert_to_numpy(tensor)


def dilated(kernel, rate):
    side = (kernel.shape[0] - 1) * rate + 1
    spread = np.zeros((side, side), kernel.dtype)
    spread[::rate, ::rate] = kernel
    return spread


def convolve(x, layer, rate):
    """Correlate images `(batch, h, w, channels)` with the layer's kernel spread by `rate`; outside is zero."""
    kernel, *bias = layer.get_weights()
    out = np.zeros((*x.shape[:-1], kernel.shape[-1]))
    for image in range(len(x)):
        for source in range(kernel.shape[2]):
            for target in range(kernel.shape[3]):
                spread = dilated(kernel[:, :, source, target], rate)
                out[image, ..., target] += correlate(x[image, ..., source], spread, mode="constant")
    return out + sum(bias)


@pytest.mark.parametrize("merge", ["sum", "concat"])
def test_aspp_mixes_a_plain_and_the_dilated_convolutions(merge):
    inputs = keras.Input((11, 9, 2))
    rates = (2, 4)
    model = keras.Model(inputs, aspp(inputs, 3, dilation_rates=rates, merge=merge, norm=None, name="context"))
    x = images(2, 11, 9, 2)
    branches = [convolve(x, model.get_layer(f"context_branch{i}_conv"), rate) for i, rate in enumerate((1, *rates), 1)]
    merged = sum(branches) if merge == "sum" else np.concatenate(branches, -1)
    expected = convolve(merged, model.get_layer("context_mix_conv"), 1)
    np.testing.assert_allclose(numpy_of(model(x)), expected, atol=1e-4)


def test_the_receptive_field_of_aspp_is_that_of_its_largest_rate():
    inputs = keras.Input((41, 41, 1))
    model = keras.Model(inputs, aspp(inputs, 1, norm=None))
    x = np.zeros((1, 41, 41, 1), "float32")
    x[0, 20, 20] = 1.0
    affected = np.argwhere(numpy_of(model(x) - model(np.zeros_like(x)))[0, ..., 0])
    assert sorted(set(np.abs(affected - 20).ravel())) == [0, 1, 6, 12, 18]


def test_pyramid_pooling_lets_every_pixel_see_the_whole_image():
    inputs = keras.Input((16, 16, 2))
    model = keras.Model(inputs, pyramid_pooling(inputs, 4, norm=None, activation=None))
    x = images(1, 16, 16, 2)
    moved = x.copy()
    moved[0, 0, 0] += 10.0
    difference = np.abs(numpy_of(model(moved)) - numpy_of(model(x)))[0].max(-1)
    assert difference.min() > 1e-4  # the far corner too


def test_pyramid_pooling_of_a_constant_image_is_constant():
    inputs = keras.Input((7, 10, 3))
    model = keras.Model(inputs, pyramid_pooling(inputs, 4, norm=None))
    y = numpy_of(model(np.full((1, 7, 10, 3), 2.5, "float32")))
    np.testing.assert_allclose(y, np.broadcast_to(y[:, :1, :1], y.shape), atol=1e-5)


@pytest.mark.parametrize("norm", ["batch", "group", "instance"])
def test_a_grid_of_one_cell_is_not_normalised(norm):
    inputs = keras.Input((8, 8, 4))
    model = keras.Model(inputs, pyramid_pooling(inputs, 8, norm=norm, name="pool"))
    names = {layer.name for layer in model.layers}
    assert "pool_bins1_norm" not in names
    assert {"pool_bins2_norm", "pool_bins4_norm", "pool_bins8_norm", "pool_mix_norm"} <= names


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"merge": "summ"}, r"Expected merge to be one of 'concat', 'sum'. Received merge="),
        ({"dilation_rates": ()}, "Expected dilation_rates to hold at least one integer"),
        ({"dilation_rates": (0,)}, r"Expected dilation_rates\[0\] to be an integer of at least 1"),
    ],
)
def test_wrong_options_of_aspp_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        aspp(keras.Input((8, 8, 3)), **{"filters": 4, **options})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bins": ()}, "Expected bins"),
        ({"bins": (1, -2)}, r"Received bins\[1\]=-2"),
    ],
)
def test_wrong_options_of_pyramid_pooling_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        pyramid_pooling(keras.Input((8, 8, 3)), 4, **options)
