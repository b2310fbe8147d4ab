import keras
import numpy as np
import pytest

from resunet_kit.inference import _conversion
from resunet_kit.inference._engines.openvino_engine import MAX_SHAPES, OpenVINOEngine, has_bfloat16

pytest.importorskip("openvino")


@pytest.fixture(scope="module")
def converted(model):
    return _conversion.to_openvino(model)


@pytest.mark.parametrize("whole_batches", [False, True])
def test_any_number_of_images(converted, images, expected, whole_batches):
    engine = OpenVINOEngine(converted, "float32", 2)
    engine.whole_batches = whole_batches
    for count in (1, 2, 3, 5):
        done = []
        [outputs] = engine.run(images[:count], 2, done.append)
        np.testing.assert_allclose(outputs, expected[:count], atol=1e-5)
        assert done == [*range(2, count, 2), count]


def test_results_are_not_overwritten_by_the_next_call(converted, images):
    engine = OpenVINOEngine(converted, "float32", 2)
    [first] = engine.run(images, 2)
    before = first.copy()
    engine.run(1 - images, 2)
    np.testing.assert_array_equal(first, before)


def test_bfloat16_differs_from_float32_by_its_rounding(converted, images, expected):
    if not has_bfloat16():
        pytest.skip("this processor lacks bfloat16")
    [outputs] = OpenVINOEngine(converted, "bfloat16", 2).run(images, 8)
    assert outputs.dtype == "float32"
    assert 1e-5 < np.abs(outputs - expected).max() < 0.05


def test_many_sizes_and_several_outputs_with_few_compiled_models():
    inputs = keras.Input((None, None, 1))
    mean = keras.layers.GlobalAveragePooling2D(name="mean")(inputs)
    model = keras.Model(inputs, [keras.layers.ReLU(name="map")(inputs), mean])
    engine = OpenVINOEngine(_conversion.to_openvino(model), "float32", 2)
    for size in range(4, 4 + MAX_SHAPES + 3):
        images = np.random.default_rng(size).normal(size=(3, size, 6, 1)).astype("float32")
        outputs, means = engine.run(images, 2)
        np.testing.assert_allclose(outputs, np.maximum(images, 0), atol=1e-6)
        np.testing.assert_allclose(means, images.mean(axis=(1, 2)), atol=1e-6)
    assert len(engine.requests) <= MAX_SHAPES + 2
