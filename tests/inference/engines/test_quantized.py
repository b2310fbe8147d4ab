import numpy as np
import pytest

from resunet_kit.inference import _conversion
from resunet_kit.inference._engines.onnxruntime_engine import ONNXRuntimeEngine
from resunet_kit.inference._engines.quantized import quantized

onnx = pytest.importorskip("onnx")


@pytest.mark.slow
def test_convolutions_are_of_integers_and_outputs_near(model, images, expected):
    calibration = np.random.default_rng(3).random((8, 16, 16, 1), "float32")
    converted = quantized(_conversion.to_onnx(model), calibration)
    kinds = [node.op_type for node in onnx.load_from_string(converted).graph.node]
    assert kinds.count("QuantizeLinear") > 5
    [outputs] = ONNXRuntimeEngine(converted, 1).run(images, 8)
    assert 1e-4 < np.abs(outputs - expected).mean() < 0.05
