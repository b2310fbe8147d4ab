import keras
import numpy as np
import pytest

from resunet_kit.inference import _conversion
from resunet_kit.inference._engines.onnxruntime_engine import ONNXRuntimeEngine

pytest.importorskip("onnxruntime")


def test_outputs_are_the_models(model, images, expected):
    engine = ONNXRuntimeEngine(_conversion.to_onnx(model), 1)
    [outputs] = engine.run(images, 2)
    np.testing.assert_allclose(outputs, expected, atol=1e-5)
    assert engine.session.get_session_options().intra_op_num_threads == 1


@pytest.mark.parametrize("dtype", ["uint8", "bool", "float16"])
def test_images_of_other_types(dtype):
    inputs = keras.Input((4, 4, 1), dtype=dtype)
    model = keras.Model(inputs, keras.layers.Rescaling(1 / 255)(keras.ops.cast(inputs, "float32")))
    images = np.arange(32).reshape(2, 4, 4, 1).astype(dtype)
    [outputs] = ONNXRuntimeEngine(_conversion.to_onnx(model), 1).run(images, 2)
    np.testing.assert_allclose(outputs, images / np.float32(255), atol=1e-6)
