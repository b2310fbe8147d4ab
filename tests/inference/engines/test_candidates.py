import sys

import keras
import numpy as np
import pytest

from resunet_kit.inference._engines import candidates
from resunet_kit.inference._engines.candidates import COMBINATIONS, Workshop
from resunet_kit.inference._engines.openvino_engine import has_bfloat16


@pytest.fixture(scope="module")
def workshop(model):
    return Workshop(model, np.random.default_rng(3).random((8, 16, 16, 1), "float32"))


@pytest.mark.slow
@pytest.mark.parametrize(("engine", "precision"), COMBINATIONS)
def test_each_engine_gives_the_models_outputs(workshop, images, expected, engine, precision):
    for package in {"openvino": ["openvino"], "onnxruntime": ["onnxruntime"]}.get(engine, []):
        pytest.importorskip(package)
    if (engine, precision) == ("openvino", "bfloat16") and not has_bfloat16():
        pytest.skip("this processor lacks bfloat16")
    [outputs] = workshop.make(engine, precision).run(images, 2)
    assert outputs.dtype == "float32"
    np.testing.assert_allclose(outputs, expected, atol={"float32": 1e-5, "bfloat16": 0.05, "int8": 0.2}[precision])


def test_a_processor_without_bfloat16_is_told(workshop, monkeypatch):
    pytest.importorskip("openvino")
    monkeypatch.setattr(candidates, "has_bfloat16", lambda: False)
    with pytest.raises(ValueError, match="Received one without"):
        workshop.make("openvino", "bfloat16")


@pytest.mark.parametrize(("engine", "package"), [("openvino", "openvino"), ("onnxruntime", "onnxruntime")])
def test_a_package_that_is_not_installed_is_told_with_the_extra(model, monkeypatch, engine, package):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=r'pip install "resunet-kit\[inference\]"'):
        Workshop(model).make(engine, "float32")


def test_a_model_in_mixed_precision_is_its_own_twin():
    inputs = keras.Input((4, 4, 1))
    layer = keras.layers.Conv2D(2, 1, dtype="mixed_bfloat16")
    model = keras.Model(inputs, keras.layers.Activation("sigmoid", dtype="float32")(layer(inputs)))
    workshop = Workshop(model)
    assert workshop.make("keras", "bfloat16").model is model
    assert workshop.reference.model.layers[1].compute_dtype == "float32"
