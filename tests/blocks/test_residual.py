"""The blocks against the same sums in NumPy, for kernels of one pixel, which are matrix products."""

import keras
import numpy as np
import pytest

from resunet_kit.blocks import bottleneck_block, conv_block, pointwise_residual_block, residual_block

BLOCKS = [residual_block, bottleneck_block, pointwise_residual_block]


def built(block, channels, filters=4, **options):
    inputs = keras.Input((6, 5, channels))
    model = keras.Model(inputs, block(inputs, filters, name="unit", **options))
    generator = np.random.default_rng(0)
    model.set_weights([generator.uniform(0.2, 1.0, weight.shape) - 0.4 for weight in model.get_weights()])
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.moving_variance.assign(generator.uniform(0.5, 2.0, layer.moving_variance.shape))
    return model


def apply(model, part, x, strides=1):
    """Convolve and normalise in NumPy with the weights of the part of that name."""
    kernel, *bias = model.get_layer(f"unit_{part}_conv").get_weights()
    gamma, beta, mean, variance = model.get_layer(f"unit_{part}_norm").get_weights()
    y = x[:, ::strides, ::strides] @ kernel[0, 0] + sum(bias)
    return gamma * (y - mean) / np.sqrt(variance + 1e-3) + beta


def relu(x):
    return np.maximum(x, 0.0)


def shortcut(model, x, strides):
    names = {layer.name for layer in model.layers}
    return apply(model, "shortcut", x, strides) if "unit_shortcut_conv" in names else x


def expected_residual(model, x, strides):
    y = apply(model, "2", relu(apply(model, "1", x, strides)))
    return relu(shortcut(model, x, strides) + y)


def expected_bottleneck(model, x, strides):
    y = relu(apply(model, "2", relu(apply(model, "1", x)), strides))
    return relu(shortcut(model, x, strides) + apply(model, "3", y))


EXPECTED = {
    residual_block: expected_residual,
    pointwise_residual_block: expected_residual,
    bottleneck_block: expected_bottleneck,
}


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.__name__)
@pytest.mark.parametrize(("channels", "strides"), [(4, 1), (3, 1), (4, 2)])
def test_the_block_is_the_sum_that_it_says(block, channels, strides):
    model = built(block, channels, kernel_size=1, strides=strides)
    x = np.random.default_rng(1).normal(size=(2, 6, 5, channels)).astype("float32")
    expected = EXPECTED[block](model, x, strides)
    assert 0.05 < np.mean(expected > 0) < 1.0  # the last activation has something to cut
    np.testing.assert_allclose(keras.ops.convert_to_numpy(model(x, training=False)), expected, atol=1e-4)


def has_projection(model):
    return any(layer.name == "unit_shortcut_conv" for layer in model.layers)


@pytest.mark.parametrize("block", [residual_block, bottleneck_block], ids=lambda block: block.__name__)
def test_the_shortcut_is_projected_only_where_the_shape_changes(block):
    assert not has_projection(built(block, 4))
    assert has_projection(built(block, 3))
    assert has_projection(built(block, 4, strides=(1, 2)))


def test_the_pointwise_block_always_projects_and_has_biases():
    model = built(pointwise_residual_block, 4)
    assert has_projection(model)
    convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    assert [layer.use_bias for layer in convolutions] == [True] * 3
    assert sorted(layer.kernel_size for layer in convolutions) == [(1, 1), (1, 1), (3, 3)]


@pytest.mark.parametrize(("filters", "expansion", "inner"), [(32, 4, 8), (19, 2, 9), (9, 4, 4), (3, 4, 3)])
def test_the_bottleneck_narrows_by_its_expansion_to_at_least_four_channels(filters, expansion, inner):
    model = built(bottleneck_block, 5, filters, expansion=expansion)
    assert [model.get_layer(f"unit_{i}_conv").filters for i in (1, 2, 3)] == [inner, inner, filters]


def test_the_bottleneck_refuses_an_expansion_below_one():
    with pytest.raises(ValueError, match="expansion=0"):
        bottleneck_block(keras.Input((8, 8, 3)), 4, expansion=0)


@pytest.mark.parametrize("block", [conv_block, *BLOCKS], ids=lambda block: block.__name__)
def test_dropout_is_one_layer_inside_the_block(block):
    model = built(block, 3, dropout=0.5)
    drops = [layer for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
    assert [layer.rate for layer in drops] == [0.5]
