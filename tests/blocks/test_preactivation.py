import keras
import numpy as np
import pytest

from resunet_kit.blocks import preactivation_block


def built(channels, **options):
    inputs = keras.Input((6, 5, channels))
    model = keras.Model(inputs, preactivation_block(inputs, 4, name="unit", **options))
    generator = np.random.default_rng(0)
    model.set_weights([generator.uniform(0.1, 1.0, weight.shape) - 0.3 for weight in model.get_weights()])
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.moving_variance.assign(generator.uniform(0.5, 2.0, layer.moving_variance.shape))
    return model


def normalise(model, part, x):
    gamma, beta, mean, variance = model.get_layer(f"unit_{part}_norm").get_weights()
    return gamma * (x - mean) / np.sqrt(variance + 1e-3) + beta


def convolve(model, part, x):
    kernel, *bias = model.get_layer(f"unit_{part}_conv").get_weights()
    return x @ kernel[0, 0] + sum(bias)


def names(model):
    return [layer.name for layer in model.layers]


@pytest.mark.parametrize("preactivate", [True, False])
@pytest.mark.parametrize(("channels", "strides"), [(4, 1), (3, 1), (4, 2)])
def test_the_block_is_the_sum_that_it_says(channels, strides, preactivate):
    # Kernels of one pixel are matrix products, so NumPy can write the same sum.
    model = built(channels, kernel_size=1, strides=strides, preactivate_input=preactivate)
    x = np.random.default_rng(1).normal(size=(2, 6, 5, channels)).astype("float32")
    y = np.maximum(normalise(model, "1", x), 0.0) if preactivate else x
    y = convolve(model, "1", y[:, ::strides, ::strides])
    y = convolve(model, "2", np.maximum(normalise(model, "2", y), 0.0))
    shortcut = x[:, ::strides, ::strides]
    if "unit_shortcut_conv" in names(model):
        shortcut = convolve(model, "shortcut", shortcut)
    expected = shortcut + y
    assert (expected < 0).any()  # nothing activates after the sum
    np.testing.assert_allclose(keras.ops.convert_to_numpy(model(x, training=False)), expected, atol=1e-4)


def test_the_shortcut_is_projected_only_where_the_shape_changes_and_never_normalised():
    assert "unit_shortcut_conv" not in names(built(4))
    for model in (built(3), built(4, strides=2)):
        assert "unit_shortcut_conv" in names(model)
        assert "unit_shortcut_norm" not in names(model)


def test_the_first_block_of_a_network_convolves_the_image_itself():
    model = built(3, preactivate_input=False)
    assert "unit_1_norm" not in names(model)
    assert model.get_layer("unit_1_conv").input is model.input


@pytest.mark.parametrize(
    ("norm", "use_bias", "biases"),
    [
        ("batch", None, [False, False, True]),
        (None, None, [False, True, True]),
        ("batch", True, [True, True, True]),
        ("batch", False, [False, False, False]),
    ],
)
def test_biases_only_where_nothing_makes_them_redundant(norm, use_bias, biases):
    model = built(3, norm=norm, use_bias=use_bias)
    assert [model.get_layer(f"unit_{part}_conv").use_bias for part in ("shortcut", "1", "2")] == biases
