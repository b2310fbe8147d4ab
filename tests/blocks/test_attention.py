import keras
import numpy as np
import pytest

from resunet_kit.blocks import attention_gate, squeeze_excite


def images(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def numpy_of(tensor):
    return keras.ops.convert_to_numpy(tensor)


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


@pytest.mark.parametrize("size", [(5, 6), (3, 4, 5)])
def test_squeeze_excite_scales_channels_by_weights_from_their_means(size):
    inputs = keras.Input((*size, 8))
    model = keras.Model(inputs, squeeze_excite(inputs, ratio=2, activation="relu", name="se"))
    x = images(2, *size, 8)
    squeeze, excite = (model.get_layer(f"se_{part}").get_weights() for part in ("squeeze", "excite"))
    assert squeeze[0].shape == (8, 4)
    means = x.reshape(2, -1, 8).mean(1)
    weights = sigmoid(np.maximum(means @ squeeze[0] + squeeze[1], 0.0) @ excite[0] + excite[1])
    expected = x * weights.reshape(2, *(1,) * len(size), 8)
    np.testing.assert_allclose(numpy_of(model(x)), expected, atol=1e-5)


def test_squeeze_excite_keeps_two_hidden_units_and_can_leave_out_biases():
    inputs = keras.Input((4, 4, 3))
    model = keras.Model(inputs, squeeze_excite(inputs, ratio=8, use_bias=False))
    assert [weight.shape for weight in model.weights] == [(3, 2), (2, 3)]


@pytest.mark.parametrize("gate_size", [(6, 5), (3, 3)])
def test_the_gate_scales_positions_by_a_weight_from_skip_and_gate(gate_size):
    skip, gate = keras.Input((6, 5, 4)), keras.Input((*gate_size, 3))
    model = keras.Model([skip, gate], attention_gate(skip, gate, norm=None, name="gate"))
    x, gating = images(2, 6, 5, 4), images(2, *gate_size, 3, seed=1)
    kernel = {part: model.get_layer(f"gate_{part}_conv").get_weights() for part in ("gate", "skip", "weights")}
    projected = gating @ kernel["gate"][0][0, 0]
    assert projected.shape[-1] == 2  # half of the skip's channels
    if gate_size != (6, 5):
        projected = numpy_of(keras.layers.UpSampling2D(2, interpolation="bilinear")(projected))[:, :6, :5]
    both = np.maximum(projected + x @ kernel["skip"][0][0, 0] + kernel["skip"][1], 0.0)
    weights = sigmoid(both @ kernel["weights"][0][0, 0] + kernel["weights"][1])
    assert weights.std() > 0.01
    np.testing.assert_allclose(numpy_of(model([x, gating])), x * weights, atol=1e-5)


@pytest.mark.parametrize(
    "shape", [(5, 5, 3), (12, 10, 3), (3, 3, 3, 3), (None, 4, 3)], ids=["neither", "double", "rank", "partly known"]
)
def test_a_gate_of_another_size_is_refused(shape):
    with pytest.raises(ValueError, match=r"Expected a gate of the skip's rank, as large or half as large"):
        attention_gate(keras.Input((6, 5, 4)), keras.Input(shape))


def test_a_gate_of_variable_size_is_assumed_to_be_as_large():
    skip, gate = keras.Input((None, None, 4)), keras.Input((None, None, 3))
    model = keras.Model([skip, gate], attention_gate(skip, gate))
    assert model([images(1, 6, 5, 4), images(1, 6, 5, 3)]).shape == (1, 6, 5, 4)


@pytest.mark.parametrize("options", [{"ratio": 0}, {"activation": "rleu"}])
def test_wrong_options_are_named(options):
    with pytest.raises(ValueError, match=r"ratio=0|Did you mean 'relu'"):
        squeeze_excite(keras.Input((4, 4, 8)), **options)
