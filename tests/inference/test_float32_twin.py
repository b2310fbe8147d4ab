import keras
import numpy as np
import pytest

from resunet_kit.inference._float32_twin import computes_in_half, float32_twin


def network(policy, layer=None):
    inputs = keras.Input((8, 8, 1))
    inner = keras.Sequential([keras.layers.Conv2D(3, 3, dtype=policy), keras.layers.BatchNormalization(dtype=policy)])
    x = inner(inputs)
    return keras.Model(inputs, keras.layers.Conv2D(1, 1, dtype=policy)(layer(x) if layer else x))


def test_a_float32_model_is_itself():
    model = network("float32")
    assert float32_twin(model) is model


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16", "bfloat16"])
def test_nested_layers_compute_in_float32_with_the_same_weights(policy):
    model = network(policy)
    model.set_weights([np.arange(weight.size).reshape(weight.shape) / 64 for weight in model.get_weights()])
    twin = float32_twin(model)
    assert not computes_in_half(twin)
    assert computes_in_half(model)
    for weight, copied in zip(model.get_weights(), twin.get_weights(), strict=True):
        np.testing.assert_allclose(copied, np.asarray(weight, "float32"))
    images = np.random.default_rng(0).random((1, 8, 8, 1), dtype="float32")
    expected = keras.ops.convert_to_numpy(keras.ops.cast(model(images), "float32"))
    np.testing.assert_allclose(keras.ops.convert_to_numpy(twin(images)), expected, rtol=0.05, atol=0.05)


class Unregistered(keras.layers.Layer):
    def __init__(self, factor, **options):
        super().__init__(**options)
        self.factor = factor

    def call(self, x):
        return x * self.factor


def test_layers_that_cannot_be_made_again_are_named():
    model = network("mixed_bfloat16", Unregistered(2.0, dtype="mixed_bfloat16"))
    with pytest.raises(ValueError, match=r"made again from its configuration.*register_keras_serializable"):
        float32_twin(model)


def test_texts_that_read_like_a_dtype_are_kept():
    inputs = keras.Input((4, 4, 1), name="mixed_float16")
    policy = keras.dtype_policies.DTypePolicyMap(default_policy="mixed_bfloat16")
    x = keras.layers.Conv2D(2, 1, dtype=policy, name="float16")(inputs)
    x = keras.layers.Activation("relu", dtype="mixed_bfloat16", name="first")(keras.ops.cast(x, "bfloat16"))
    model = keras.Model(inputs, {"bfloat16": x}, name="bfloat16")
    twin = float32_twin(model)
    assert not computes_in_half(twin)
    assert [layer.name for layer in twin.layers] == [layer.name for layer in model.layers]
    assert (twin.name, twin.inputs[0].name, list(twin.output)) == ("bfloat16", "mixed_float16", ["bfloat16"])
    assert twin.output["bfloat16"].dtype == "float32"
