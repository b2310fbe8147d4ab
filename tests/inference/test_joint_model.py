import json
import zipfile

import keras
import numpy as np
import pytest

from resunet_kit.inference import Cascade, accelerate
from resunet_kit.inference._joint_model import joint_model
from resunet_kit.masks import PostProcess
from resunet_kit.models import res_unet
from tests.inference.stages import Lookup, copying_segmenter, eager, mean_classifier, sized


def both(side=16, units=1, classes=1, order=(1, 0)):
    """Return a model of the stages' outputs: by default the map first, as `res_unet` has it."""
    stages = mean_classifier(units, side), copying_segmenter(classes, side)
    inputs = keras.Input((side, side, 1))
    outputs = [stage(inputs) for stage in stages]
    return eager(keras.Model(inputs, [outputs[index] for index in order]))


def two_maps():
    inputs = keras.Input((16, 16, 1))
    return keras.Model(inputs, [copying_segmenter()(inputs), copying_segmenter()(inputs)])


def images():
    return [sized(side, level=level) for side, level in ((16, 0.9), (12, 0.0), (20, 0.7), (16, 0.0), (9, 1.0))]


def of_two(**options):
    return Cascade(eager(mean_classifier()), eager(copying_segmenter()), **options)


def assert_same(found, expected):
    for one, other in zip(found, expected, strict=True):
        assert one.probability == pytest.approx(other.probability, abs=1e-6)
        np.testing.assert_array_equal(one.mask, other.mask)
        assert one.boxes == other.boxes


@pytest.mark.parametrize("batch_size", [1, 2, 8])
@pytest.mark.parametrize("order", [(1, 0), (0, 1)])
def test_one_model_finds_what_two_find(batch_size, order):
    options = {"threshold": 0.03, "postprocess": PostProcess(min_size=4)}
    joint, two = Cascade(both(order=order), **options), of_two(**options)
    assert_same(joint.predict(images(), batch_size=batch_size), two.predict(images(), batch_size=batch_size))
    np.testing.assert_allclose(joint.classify(images()), two.classify(images()), atol=1e-6)
    for one, other in zip(joint.segment(images()), two.segment(images()), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_the_network_runs_once_an_image(monkeypatch):
    model, batches = both(), []
    predict = model.predict_on_batch
    monkeypatch.setattr(model, "predict_on_batch", lambda x: batches.append(len(x)) or predict(x))
    cascade = Cascade(model, threshold=0.0)
    monkeypatch.setattr(cascade.segmenter, "predict_on_batch", lambda _: pytest.fail("a second pass"))
    cascade.predict(np.zeros((5, 16, 16, 1)), batch_size=2)
    assert batches == [2, 2, 1]


def test_tuning_chooses_as_for_two_models():
    truths = [(image[..., 0] > 0.5).astype(int) for image in images()]
    found, expected = (cascade.tune(images(), truths).tuning for cascade in (Cascade(both()), of_two()))
    assert found == expected


def test_a_stage_that_is_set_later_is_used():
    cascade = Cascade(both(), threshold=0.0)
    cascade.classifier = Lookup(np.full((1, 1), 0.25))
    assert [found.probability for found in cascade.predict(np.zeros((2, 16, 16, 1)))] == [0.25, 0.25]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_res_unets_are_saved_as_one_model_and_reloaded(tmp_path):
    model = res_unet((32, 32, 1), filters=(4, 6, 8), deep_supervision=True, image_classes=2)
    cascade, batch = Cascade(model, threshold=0.0), np.random.default_rng(0).random((3, 32, 32, 1)).astype("float32")
    path = cascade.save(tmp_path / "tumours.cascade")
    with zipfile.ZipFile(path) as archive:
        assert sorted(archive.namelist()) == ["cascade.json", "model.keras"]
        assert json.loads(archive.read("cascade.json"))["threshold"] == 0.0
    reloaded = Cascade.load(path)
    assert len(reloaded._networks()["model"].outputs) == 4
    assert_same(reloaded.predict(batch), cascade.predict(batch))
    scores = keras.ops.convert_to_numpy(model(batch, training=False)[-1])
    np.testing.assert_allclose(cascade.classify(batch), 1 - scores[:, 0], atol=1e-6)


@pytest.mark.parametrize("engine", ["keras", pytest.param("openvino", marks=pytest.mark.slow)])
def test_an_accelerated_network_runs_once_too_and_its_keras_model_is_saved(engine, tmp_path):
    if engine == "openvino":
        pytest.importorskip("openvino")
    cascade = Cascade(both(), threshold=0.03)
    fast = cascade.accelerate(engine=engine, precision="float32")
    assert_same(fast.predict(images()), cascade.predict(images()))
    assert_same(Cascade.load(fast.save(tmp_path / "fast.cascade")).predict(images()), cascade.predict(images()))
    assert_same(Cascade(accelerate(both(), engine=engine), threshold=0.03).predict(images()), cascade.predict(images()))


@pytest.mark.parametrize(
    ("model", "error", "message"),
    [
        (lambda: two_maps(), ValueError, r"Expected one model with a mask.*Received .* alone.*image_classes=1"),
        (lambda: mean_classifier(), TypeError, r"Expected segmenter to be a keras\.Model, or None beside"),
        (lambda: copying_segmenter(), TypeError, r"Received segmenter=None and classifier=<Functional"),
        (lambda: Lookup(np.zeros((1, 1))), TypeError, r"Received segmenter=None and classifier="),
        (lambda: None, TypeError, r"Received segmenter=None and classifier=None"),
    ],
)
def test_other_models_alone_are_refused(model, error, message):
    with pytest.raises(error, match=message):
        joint_model(model())
