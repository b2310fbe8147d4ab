import keras
import numpy as np
import pytest

from resunet_kit.inference import accelerate
from resunet_kit.inference._predictor import Predictor, check_predictor
from resunet_kit.models import res_unet

IMAGES = np.random.default_rng(1).random((5, 16, 16, 1), "float32")


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(0)
    return res_unet((16, 16, 1), filters=(4, 8))


@pytest.fixture(scope="module")
def fast(model):
    pytest.importorskip("openvino")
    return accelerate(model, engine="openvino", precision="float32", cache=False)


@pytest.fixture(scope="module")
def expected(model):
    return np.asarray(model.predict_on_batch(IMAGES))


class Pairs(keras.utils.PyDataset):
    def __len__(self):
        return 3

    def __getitem__(self, index):
        return IMAGES[2 * index : 2 * index + 2], np.zeros(2)


def test_the_call_is_that_of_predict(fast, expected):
    for x in (
        IMAGES,
        list(IMAGES),
        IMAGES.astype("float64"),
        Pairs(),
        (batch for batch, _ in map(Pairs().__getitem__, range(3))),
    ):
        np.testing.assert_allclose(fast.predict(x, batch_size=2, verbose=0), expected, atol=1e-5)
    np.testing.assert_allclose(fast(IMAGES, verbose=0), expected, atol=1e-5)
    np.testing.assert_allclose(fast.predict_on_batch(IMAGES), expected, atol=1e-5)
    assert fast.predict(IMAGES, 2, 0, 1).shape == (2, 16, 16, 1)
    assert fast.predict(Pairs(), verbose=0, steps=2).shape == (4, 16, 16, 1)


def test_it_is_a_predictor_that_says_what_it_is(fast, model):
    check_predictor("model", fast)
    assert isinstance(fast, Predictor)
    assert (fast.input_shape, fast.output_shape) == (model.input_shape, model.output_shape)
    assert (fast.engine, fast.precision, fast.model) == ("openvino", "float32", model)
    assert fast.reason == "openvino in float32: the one that was asked for"
    assert fast.candidates[0].difference < 1e-5


def test_progress_is_shown_unless_silenced(fast, capsys):
    fast.predict(IMAGES, batch_size=2)
    assert "3/3" in capsys.readouterr().out
    fast.predict(IMAGES, verbose=0)
    assert capsys.readouterr().out == ""


def test_weights_are_a_snapshot(model, expected):
    pytest.importorskip("openvino")
    twin = keras.models.clone_model(model)
    twin.set_weights(model.get_weights())
    fast = accelerate(twin, engine="openvino", precision="float32", cache=False)
    twin.set_weights([0 * weights for weights in twin.get_weights()])
    with pytest.warns(UserWarning, match="Call accelerate again") as told:
        np.testing.assert_allclose(fast.predict(IMAGES, verbose=0), expected, atol=1e-5)
    assert told[0].filename == __file__


def test_keras_in_float32_follows_the_model():
    model = keras.Sequential([keras.Input((16, 16, 1)), keras.layers.Rescaling(1.0), keras.layers.PReLU()])
    itself = accelerate(model, engine="keras", precision="float32", cache=False)
    model.layers[-1].alpha.assign(np.full((16, 16, 1), 2.0))
    np.testing.assert_allclose(itself.predict(-IMAGES, verbose=0), -2 * IMAGES)


@pytest.mark.parametrize("engine", ["keras", "openvino"])
def test_outputs_keep_their_structure(engine):
    pytest.importorskip("openvino")
    inputs = keras.Input((4, 4, 1))
    parts = {"b": keras.layers.ReLU()(inputs), "a": keras.layers.Flatten()(inputs)}
    images = np.random.default_rng(0).normal(size=(3, 4, 4, 1))
    for outputs in (parts, [parts["b"], parts["a"]], [parts["b"]]):
        model = keras.Model(inputs, outputs)
        found = accelerate(model, engine=engine, precision="float32", cache=False).predict(images, verbose=0)
        expected = model.predict(images, verbose=0)
        keras.tree.assert_same_structure(found, expected)
        for a, b in zip(keras.tree.flatten(found), keras.tree.flatten(expected), strict=True):
            np.testing.assert_allclose(a, b, atol=1e-6)


@pytest.mark.parametrize("engine", ["keras", "openvino"])
def test_sequential_and_nested_models(engine):
    pytest.importorskip("openvino")
    inner = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.Dense(3)])
    inputs = keras.Input((4, 4, 1))
    images = np.random.default_rng(0).normal(size=(3, 4, 4, 1))
    for model in (inner, lambda: keras.Model(inputs, keras.layers.Softmax()(inner(inputs)))):
        model = model if isinstance(model, keras.Model) else model()  # the first time no model has called it
        fast = accelerate(model, engine=engine, precision="float32", cache=False)
        np.testing.assert_allclose(fast.predict(images, verbose=0), model.predict(images, verbose=0), atol=1e-5)


@pytest.mark.parametrize(("options", "message"), [
    ({"engine": "openvin"}, "Did you mean 'openvino'"),
    ({"precision": "float16"}, "Expected precision"),
    ({"precision": "int8"}, "Expected calibration images"),
    ({"calibration": IMAGES}, "Expected calibration with"),
    ({"engine": "onnxruntime", "precision": "bfloat16"}, "'float32', 'int8'"),
    ({"engine": "keras", "precision": "int8", "calibration": IMAGES}, "'float32', 'bfloat16'"),
    ({"seconds": 0}, "Expected seconds"),
    ({"batch_size": 0}, "Expected batch_size"),
    ({"images": IMAGES[:, :8]}, r"Expected images of shape \(n, 16, 16, 1\)"),
])  # fmt: skip
def test_wrong_values_are_refused(model, options, message):
    with pytest.raises(ValueError, match=message):
        accelerate(model, **options)


@pytest.mark.parametrize("options", [{"cache": "no"}, {"verbose": 1}, {"seconds": "3"}, {"images": "a"}, {"engine": 1}])
def test_wrong_types_are_refused(model, options):
    with pytest.raises(TypeError, match="Received"):
        accelerate(model, **options)


def test_models_of_other_kinds_are_refused(fast):
    with pytest.raises(TypeError, match=r"Expected a keras\.Model"):
        accelerate(fast)
    two = keras.Model(inputs := [keras.Input((4,)), keras.Input((4,))], keras.layers.Add()(inputs))
    with pytest.raises(ValueError, match="2 inputs"):
        accelerate(two)
    with pytest.raises(ValueError, match="0 inputs"):
        accelerate(keras.Sequential([keras.layers.Dense(1)]))


@pytest.mark.parametrize(("x", "options", "message"), [
    (IMAGES[:, :8], {}, "of shape"),
    (IMAGES[:0], {}, "at least one image"),
    (np.full_like(IMAGES, np.nan), {}, "NaN"),
    (IMAGES, {"callbacks": [keras.callbacks.Callback()]}, "no callbacks"),
    (IMAGES, {"batch_size": 0}, "batch_size"),
    (IMAGES, {"steps": 0}, "steps"),
    (IMAGES, {"verbose": 3}, "verbose"),
    (iter([]), {}, "at least one batch"),
])  # fmt: skip
def test_wrong_arguments_of_predict_are_refused(fast, x, options, message):
    with pytest.raises(ValueError, match=message):
        fast.predict(x, **options)


@pytest.mark.parametrize("dtype", ["complex64", "U4", "O"])
def test_what_are_no_real_numbers_is_refused(fast, dtype):
    with pytest.raises(TypeError, match=r"Expected images of real numbers\. Received dtype "):
        fast.predict(IMAGES.astype(dtype), verbose=0)
    with pytest.raises(TypeError, match="batches of images of real numbers"):
        fast.predict(iter([IMAGES.astype(dtype)]), verbose=0)


def test_a_generator_is_not_a_batch(fast):
    with pytest.raises(TypeError, match="Pass datasets to predict"):
        fast.predict_on_batch(iter([IMAGES]))


@pytest.mark.slow
def test_the_fastest_is_measured_printed_and_remembered(model, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    fast = accelerate(model, verbose=True, seconds=60)
    assert capsys.readouterr().out == f"accelerate: {fast.reason}\n"
    assert not [candidate for candidate in fast.candidates if "TypeError" in candidate.reason]
    timed = {candidate.name: candidate.seconds for candidate in fast.candidates if candidate.seconds}
    assert {"keras in float32", "keras in bfloat16", "openvino in float32", "onnxruntime in float32"} <= set(timed)
    assert timed[f"{fast.engine} in {fast.precision}"] == min(timed.values())
    again = accelerate(model)
    assert (again.engine, again.precision) == (fast.engine, fast.precision)
    assert again.reason.endswith("remembered from an earlier measurement")


@pytest.mark.slow
def test_variable_sizes_and_volumes():
    pytest.importorskip("openvino")
    for shape in ((None, None, 2), (None, None, None, 1)):
        model = res_unet(shape, filters=(4, 8))
        fast = accelerate(model, engine="openvino", precision="float32", cache=False)
        for size in (8, 13):
            images = np.random.default_rng(size).random((3, *[size] * (len(shape) - 1), shape[-1]))
            np.testing.assert_allclose(fast.predict(images, verbose=0), model.predict(images, verbose=0), atol=1e-4)


@pytest.mark.slow
def test_int8_of_both_engines(model, expected, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    calibration = np.random.default_rng(3).random((8, 16, 16, 1), "float32")
    fast = accelerate(model, precision="int8", calibration=calibration)
    assert fast.precision == "int8"
    assert np.abs(fast.predict(IMAGES, verbose=0) - expected).mean() < 0.05
