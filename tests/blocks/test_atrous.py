import keras
import numpy as np
import pytest
from scipy.ndimage import correlate

from resunet_kit.blocks import atrous_residual_block


def numpy_of(tensor):
    return keras.ops.convert_to_numpy(tensor)


def line(x, layer, rate):
    """Correlate signals `(batch, length, channels)` with the middle row of the layer's kernel, spread by `rate`."""
    kernel, bias = layer.get_weights()
    spread = np.zeros((2 * rate + 1, *kernel.shape[2:]))
    spread[::rate] = kernel[1]
    out = np.zeros((*x.shape[:-1], kernel.shape[-1]))
    for target in range(kernel.shape[-1]):
        for source in range(x.shape[-1]):
            out[..., target] += correlate(x[..., source], spread[None, :, source, target], mode="constant")
    return out + bias


def test_the_block_adds_its_branches_to_the_input():
    # One row of pixels: only the middle row of a kernel counts, so that loops over a line can write the same sum.
    inputs = keras.Input((1, 23, 2))
    rates = (1, 3, 5)
    model = keras.Model(inputs, atrous_residual_block(inputs, 2, dilation_rates=rates, norm=None, name="unit"))
    x = np.random.default_rng(0).normal(size=(2, 1, 23, 2)).astype("float32")
    expected = x[:, 0].astype("float64")
    for i, rate in enumerate(rates, start=1):
        y = line(np.maximum(x[:, 0], 0.0), model.get_layer(f"unit_branch{i}_1_conv"), rate)
        expected = expected + line(np.maximum(y, 0.0), model.get_layer(f"unit_branch{i}_2_conv"), rate)
    np.testing.assert_allclose(numpy_of(model(x))[:, 0], expected, atol=1e-4)


@pytest.mark.parametrize(("channels", "strides", "projected"), [(4, 1, False), (3, 1, True), (4, 2, True)])
def test_the_input_is_projected_only_where_the_shape_changes(channels, strides, projected):
    inputs = keras.Input((7, 6, channels))
    outputs = atrous_residual_block(inputs, 4, dilation_rates=(1, 2), strides=strides, name="unit")
    names = {layer.name for layer in keras.Model(inputs, outputs).layers}
    assert ("unit_shortcut_conv" in names) == projected


@pytest.mark.parametrize(("rates", "error"), [((), ValueError), ((1, 0), ValueError), (3, TypeError)])
def test_wrong_rates_are_refused(rates, error):
    with pytest.raises(error, match="Expected dilation_rates"):
        atrous_residual_block(keras.Input((8, 8, 4)), 4, dilation_rates=rates)
