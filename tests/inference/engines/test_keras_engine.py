import keras
import numpy as np
import pytest

from resunet_kit.inference._engines.keras_engine import KerasEngine, as_float32, bfloat16_twin
from resunet_kit.models import res_unet


def test_outputs_are_the_models(model, images, expected):
    [outputs] = KerasEngine(model).run(images, 2)
    np.testing.assert_allclose(outputs, expected, atol=1e-6)


def test_twin_computes_in_bfloat16_and_returns_float32(model, images, expected):
    twin = bfloat16_twin(model)
    assert twin.get_layer("encoder1_1_conv").compute_dtype == "bfloat16"
    assert model.get_layer("encoder1_1_conv").compute_dtype == "float32"
    [outputs] = KerasEngine(twin).run(images, 8)
    assert outputs.dtype == "float32"
    assert 1e-5 < np.abs(outputs - expected).max() < 0.05


@pytest.mark.slow
def test_twin_of_nested_models():
    model = res_unet((32, 32, 3), encoder="mobilenetv2", filters=(4,))
    twin = bfloat16_twin(model)
    assert twin.get_layer("encoder").layers[1].compute_dtype == "bfloat16"
    images = np.random.default_rng(0).random((1, 32, 32, 3), "float32")
    np.testing.assert_allclose(twin.predict_on_batch(images), model.predict_on_batch(images), atol=0.1)


def test_a_model_without_configuration_has_no_twin():
    class Own(keras.Model):
        def call(self, x):
            return x

    with pytest.raises(ValueError, match="Own"):
        bfloat16_twin(Own())


@pytest.mark.parametrize("dtype", ["float16", "float32", "int16", "uint8"])
def test_half_precision_becomes_float32(dtype):
    assert as_float32(np.ones(2, dtype)).dtype == ("float32" if dtype == "float16" else dtype)
