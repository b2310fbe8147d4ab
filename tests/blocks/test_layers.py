import keras
import numpy as np
import pytest

from resunet_kit.blocks._layers import activate, convolution, drop, normalization, spatial_rank, suffixed


def test_suffixed_names_only_what_is_named():
    assert suffixed("encoder1", "conv") == "encoder1_conv"
    assert suffixed(None, "conv") is None


@pytest.mark.parametrize(("size", "rank"), [((8, 8), 2), ((8, 8, 8), 3), ((None, None), 2)])
def test_spatial_rank_counts_the_axes_between_batch_and_channels(size, rank):
    assert spatial_rank(keras.Input((*size, 3))) == rank


@pytest.mark.parametrize("shape", [(8,), (8, 8), (8, 8, 8, 8, 8), (8, 8, None)])
def test_spatial_rank_refuses_other_shapes_and_names_them(shape):
    with pytest.raises(ValueError, match=r"Expected features of shape \(batch, height") as error:
        spatial_rank(keras.Input(shape))
    assert str((None, *shape)) in str(error.value)


def test_spatial_rank_refuses_what_has_no_shape():
    with pytest.raises(TypeError, match=r"Received 'image\.png'"):
        spatial_rank("image.png")


@pytest.mark.parametrize("name", ["batch", "group", "layer", "instance"])
@pytest.mark.parametrize("channels", [1, 6, 33, 64])
def test_every_norm_takes_any_number_of_channels(name, channels):
    inputs = keras.Input((4, 4, channels))
    assert normalization(inputs, name).shape == inputs.shape


@pytest.mark.parametrize(("channels", "groups"), [(256, 32), (96, 24), (64, 16), (6, 1), (5, 1), (2, 1)])
def test_group_norm_uses_as_many_groups_of_at_least_four_channels_as_possible(channels, groups):
    inputs = keras.Input((4, 4, channels))
    model = keras.Model(inputs, normalization(inputs, "group", name="norm"))
    assert model.get_layer("norm").groups == groups


def test_instance_norm_standardises_each_channel_of_each_image():
    x = np.random.default_rng(0).normal(3.0, 5.0, (2, 8, 9, 3)).astype("float32")
    y = keras.ops.convert_to_numpy(normalization(keras.ops.convert_to_tensor(x), "instance"))
    expected = (x - x.mean((1, 2), keepdims=True)) / np.sqrt(x.var((1, 2), keepdims=True) + 1e-3)
    np.testing.assert_allclose(y, expected, atol=1e-4)


def test_callables_and_none_are_taken_for_norm_and_activation():
    x = keras.ops.ones((1, 2, 2, 1))
    assert normalization(x, None) is x
    assert activate(x, None) is x
    for apply in (normalization, activate):
        assert keras.ops.convert_to_numpy(apply(x, lambda t: 3 * t)).max() == 3.0


def test_no_layer_is_made_for_a_dropout_of_zero():
    x = keras.Input((4, 4, 1))
    assert drop(x, 0.0) is x
    assert drop(x, 0.5) is not x


def test_convolution_of_a_volume_matches_a_sum_over_the_kernel():
    x = np.random.default_rng(0).normal(size=(1, 4, 5, 3, 2)).astype("float32")
    inputs = keras.Input(x.shape[1:])
    model = keras.Model(inputs, convolution(inputs, 3, 3))
    kernel, bias = model.get_weights()
    padded = np.pad(x, [(0, 0), (1, 1), (1, 1), (1, 1), (0, 0)])
    expected = np.zeros((1, 4, 5, 3, 3)) + bias
    for i, j, k in np.ndindex(3, 3, 3):
        expected += padded[:, i : i + 4, j : j + 5, k : k + 3] @ kernel[i, j, k]
    np.testing.assert_allclose(keras.ops.convert_to_numpy(model(x)), expected, atol=1e-4)


@pytest.mark.parametrize(("strides", "dilation_rate"), [(2, 3), ((1, 2), 2), (3, (1, 2))])
def test_strides_and_dilation_together_thin_out_the_dilated_convolution(strides, dilation_rate):
    # Keras refuses the pair.
    inputs = keras.Input((11, 8, 2))
    dense = keras.Model(inputs, convolution(inputs, 3, 3, dilation_rate=dilation_rate))
    thin = keras.Model(inputs, convolution(inputs, 3, 3, strides=strides, dilation_rate=dilation_rate))
    thin.set_weights(dense.get_weights())
    rows, columns = np.broadcast_to(strides, 2)
    x = np.random.default_rng(0).normal(size=(2, 11, 8, 2)).astype("float32")
    expected = keras.ops.convert_to_numpy(dense(x))[:, ::rows, ::columns]
    assert thin.output_shape[1:] == expected.shape[1:]
    np.testing.assert_allclose(keras.ops.convert_to_numpy(thin(x)), expected, atol=1e-6)
