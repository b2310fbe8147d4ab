import keras
import numpy as np
import pytest

from resunet_kit.blocks import conv_block


def model_of(shape, *args, **options):
    inputs = keras.Input(shape)
    return keras.Model(inputs, conv_block(inputs, *args, **options))


def kinds(model):
    return [type(layer).__name__ for layer in model.layers[1:]]


def test_the_order_is_convolve_normalise_activate_drop():
    model = model_of((8, 8, 3), 4, dropout=0.5, name="unit")
    assert kinds(model) == ["Conv2D", "BatchNormalization", "Activation", "Dropout"]
    assert [layer.name for layer in model.layers[1:]] == ["unit_conv", "unit_norm", "unit_act", "unit_drop"]


def test_volumes_get_three_dimensional_layers():
    model = model_of((8, 8, 8, 3), 4, kernel_size=(1, 3, 3), strides=(1, 2, 2))
    assert kinds(model)[0] == "Conv3D"
    assert model.output_shape == (None, 8, 4, 4, 4)
    assert model.layers[1].kernel.shape == (1, 3, 3, 3, 4)


@pytest.mark.parametrize(
    ("norm", "use_bias", "has_bias"),
    [("batch", None, False), (None, None, True), ("batch", True, True), (None, False, False)],
)
def test_a_bias_only_where_no_normalisation_cancels_it(norm, use_bias, has_bias):
    model = model_of((8, 8, 3), 4, norm=norm, use_bias=use_bias)
    assert model.layers[1].use_bias is has_bias


def test_dilation_widens_the_kernel_without_changing_the_size():
    model = model_of((9, 9, 1), 1, dilation_rate=3, norm=None, activation=None, kernel_initializer="ones")
    impulse = np.zeros((1, 9, 9, 1), "float32")
    impulse[0, 4, 4, 0] = 1.0
    expected = np.zeros((9, 9))
    expected[1::3, 1::3] = 1.0
    np.testing.assert_allclose(keras.ops.convert_to_numpy(model(impulse))[0, ..., 0], expected, atol=1e-6)


def test_the_regularizer_reaches_the_kernel():
    model = model_of((8, 8, 3), 4, kernel_regularizer=keras.regularizers.L2(0.1))
    assert len(model.losses) == 1
