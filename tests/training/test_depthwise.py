import keras
import numpy as np
import pytest

from resunet_kit.training import depthwise, keep_depthwise_in_float32
from tests.training.test_fused_norm import needs_tensorflow


def network(policy="mixed_bfloat16"):
    """Depthwise convolutions in the model and in a nested one, and other layers."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        inner = keras.Sequential([keras.Input((8, 8, 4)), keras.layers.DepthwiseConv2D(3, padding="same", name="in")])
        image = keras.Input((8, 8, 4))
        x = keras.layers.Conv2D(4, 1, name="plain")(inner(image))
        x = keras.layers.DepthwiseConv2D(3, name="out")(x)
        return keras.Model(image, keras.layers.Activation("linear", dtype="float32")(x))
    finally:
        keras.config.set_dtype_policy(before)


def precisions(model):
    return {
        layer.name: layer.compute_dtype for layer in model._flatten_layers() if layer.name in ("in", "out", "plain")
    }


@needs_tensorflow
def test_depthwise_convolutions_alone_compute_in_float32(monkeypatch):
    monkeypatch.setattr(depthwise, "_has_gpu", lambda: False)
    model = network()
    assert keep_depthwise_in_float32(model) is model
    assert precisions(model) == {"in": "float32", "out": "float32", "plain": "bfloat16"}


@needs_tensorflow
def test_outputs_are_nearer_to_float32_and_a_compiled_model_follows(monkeypatch, tmp_path):
    monkeypatch.setattr(depthwise, "_has_gpu", lambda: False)
    model, exact = network(), network("float32")
    exact.set_weights(model.get_weights())
    images = np.random.default_rng(0).random((2, 8, 8, 4), "float32")
    model.compile("sgd", "mse")
    targets = np.zeros(model.predict_on_batch(images).shape, "float32")
    wanted = exact.predict_on_batch(images)
    before = np.abs(model.predict_on_batch(images) - wanted).max()
    model.train_on_batch(images, targets)  # traces a step
    exact.set_weights(model.get_weights())
    wanted = exact.predict_on_batch(images)
    keep_depthwise_in_float32(model)
    after = np.abs(model.predict_on_batch(images) - wanted).max()
    assert after < before
    assert np.isfinite(model.train_on_batch(images, targets))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert precisions(loaded) == precisions(model)


@needs_tensorflow
@pytest.mark.parametrize("policy", ["float32", "mixed_float16"])
def test_other_precisions_stay(policy, monkeypatch):
    monkeypatch.setattr(depthwise, "_has_gpu", lambda: False)
    model = network(policy)
    before = precisions(model)
    assert precisions(keep_depthwise_in_float32(model)) == before


def test_on_a_gpu_and_on_other_backends_nothing_changes(monkeypatch):
    monkeypatch.setattr(depthwise, "_has_gpu", lambda: True)
    model = network()
    assert precisions(keep_depthwise_in_float32(model)) == {"in": "bfloat16", "out": "bfloat16", "plain": "bfloat16"}


def test_what_is_no_model_is_refused():
    with pytest.raises(TypeError, match=r"Expected model to be a keras\.Model"):
        keep_depthwise_in_float32("model")
