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
