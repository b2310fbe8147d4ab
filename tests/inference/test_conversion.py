import keras
import numpy as np
import pytest

from resunet_kit import blocks
from resunet_kit.inference import _conversion

pytestmark = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="others convert in a new process")


def run_onnx(converted, images):
    import onnxruntime

    session = onnxruntime.InferenceSession(converted, providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: images})


def run_openvino(converted, images):
    import openvino

    compiled = openvino.Core().compile_model(converted, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return list(compiled(images).values())


def dilated(shape):
    inputs = keras.Input(shape, name="image")
    x = blocks.atrous_residual_block(inputs, 2, strides=2, dilation_rates=(1, 3), norm="group")
    return keras.Model(inputs, [blocks.upsample_concat(x, inputs), x])


def test_names_are_those_of_the_model():
    import onnx

    model = dilated((None, None, 3))
    graph = onnx.load_from_string(_conversion.to_onnx(model)).graph
    axes = [[size.dim_param or size.dim_value for size in value.type.tensor_type.shape.dim] for value in graph.input]
    assert axes == [["batch", "height", "width", 3]]
    converted = _conversion.to_openvino(model)
    assert [port.get_any_name() for port in converted.outputs] == model.output_names
    assert [value.name for value in graph.output] == model.output_names


@pytest.mark.parametrize(
    "shape",
    [
        (8, 7, 3),
        pytest.param((None, None, 3), marks=pytest.mark.slow),
        pytest.param((None, None, None, 3), marks=pytest.mark.slow),
    ],
)
def test_dilated_and_strided_convolutions_of_any_size(shape):
    """The converters of these went wrong: see `_tracing.py` and `_onnx_graph.py`."""
    model = dilated(shape)
    images = np.random.default_rng(0).random((2, *(8, 7, 6)[: len(shape) - 1], 3), dtype="float32")
    expected = [keras.ops.convert_to_numpy(output) for output in model(images)]
    converted = _conversion.to_onnx(model)
    operations = _conversion.to_openvino(model).get_ops()
    assert "SpaceToBatch" not in {operation.get_type_name() for operation in operations}
    for outputs in (run_onnx(converted, images), run_openvino(_conversion.to_openvino(model), images)):
        for output, wanted in zip(outputs, expected, strict=True):
            np.testing.assert_allclose(output, wanted, atol=1e-5)


@pytest.mark.slow
def test_every_conversion_to_onnx_keeps_the_batch():
    """One in ten lost its last operation."""
    inputs = keras.Input((None, None, 1))
    model = keras.Model(inputs, keras.layers.Conv2D(1, 3, padding="same", activation="sigmoid")(inputs))
    images = np.ones((4, 6, 5, 1), "float32")
    shapes = {run_onnx(_conversion.to_onnx(model), images)[0].shape for _ in range(40)}
    assert shapes == {(4, 6, 5, 1)}


def test_the_convolution_of_tensorflow_is_put_back():
    import tensorflow as tf

    before = tf.nn.convolution
    inputs = keras.Input((4, 4, 1))
    with pytest.raises(RuntimeError, match="on purpose"):
        _conversion.to_openvino(keras.Model(inputs, Failing()(inputs)))
    assert tf.nn.convolution is before


class Failing(keras.layers.Layer):
    def compute_output_shape(self, shape):
        return shape

    def call(self, x):  # noqa: ARG002
        raise RuntimeError("on purpose")


def test_layers_that_converters_know_by_other_operations_alone():
    inputs = keras.Input((None, None, 4), name="image")
    x = keras.layers.Conv2D(4, 3, groups=2, padding="same", activation="gelu")(inputs)
    x = keras.layers.UpSampling2D((2, 3), interpolation="bilinear")(x)
    outputs = keras.layers.Concatenate()([x, keras.ops.log1p(keras.ops.relu(x)), keras.ops.expm1(x / 4)])
    model = keras.Model(inputs, outputs)
    converted, opened = _conversion.to_onnx(model), _conversion.to_openvino(model)
    for size in ((6, 8), (9, 7)):
        images = np.random.default_rng(0).normal(size=(2, *size, 4)).astype("float32")
        expected = keras.ops.convert_to_numpy(model(images))
        for [found] in (run_onnx(converted, images), run_openvino(opened, images)):
            np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_saved_model_resizes_by_what_its_size_turns_out_to_be(tmp_path):
    import tensorflow as tf

    inputs = keras.Input((None, None, 1))
    model = keras.Model(inputs, keras.layers.UpSampling2D(2, interpolation="bilinear")(inputs))
    _conversion.write_saved_model(model, tmp_path / "model")
    image = np.random.default_rng(0).random((1, 3, 4, 1), "float32")
    found = tf.saved_model.load(str(tmp_path / "model")).serve(image)
    np.testing.assert_allclose(found, keras.ops.convert_to_numpy(model(image)), atol=1e-6)


def test_what_openvino_lacks_is_named():
    inputs = keras.Input((4, 4, 1))
    model = keras.Model(inputs, keras.layers.UpSampling2D(2, interpolation="bicubic")(inputs))
    with pytest.raises(ValueError, match=r"operations that OpenVINO has\. Received one with ResizeBicubic, which"):
        _conversion.to_openvino(model)


def test_dilated_volumes_are_refused_for_litert_in_groups_too():
    inputs = keras.Input((6, 6, 6, 2))
    model = keras.Model(inputs, keras.layers.Conv3D(2, 3, dilation_rate=2, groups=2, padding="same")(inputs))
    with pytest.raises(ValueError, match=r"dilated 3-D convolutions"):
        _conversion.to_litert(model)


def test_a_step_that_fails_is_left_out(monkeypatch):
    from tf2onnx.optimizer.transpose_optimizer import TransposeOptimizer

    monkeypatch.setattr(TransposeOptimizer, "_handle_nhwc_tranpose", lambda *_: max(()))  # as at MobileNetV3's scalars
    inputs = keras.Input((4, 4, 3), name="image")
    model = keras.Model(inputs, keras.layers.Conv2D(3, 1)(keras.layers.Conv2D(3, 1)(inputs)))
    images = np.random.default_rng(0).normal(size=(2, 4, 4, 3)).astype("float32")
    [found] = run_onnx(_conversion.to_onnx(model), images)
    np.testing.assert_allclose(found, keras.ops.convert_to_numpy(model(images)), atol=1e-5)
