import inspect
import itertools
import json

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resunet_kit.metrics import DiceScore, IoU, Precision, Sensitivity, Specificity

METRICS = [DiceScore, IoU, Sensitivity, Specificity, Precision]


def random_case(shape, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.random(shape) > 0.7).astype("float32"), rng.random(shape).astype("float32")


def score(metric, *batches):
    for batch in batches:
        metric.update_state(*batch)
    return float(metric.result())


@settings(max_examples=15, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.lists(st.integers(1, 5), max_size=3),
    st.sampled_from(METRICS),
    st.sampled_from(["image", "pooled"]),
    st.sampled_from([1.0, 0.25, "skip"]),
    st.sampled_from([None, "image", "pixel"]),
)
def test_any_batching_gives_the_same_result(seed, cuts, kind, average, empty, weighting):
    truth, prediction = random_case((6, 4, 4, 3), seed)
    truth[:2] = 0
    truth[2, ..., 1] = 0
    prediction[0] = 0
    weight = np.random.default_rng(seed).random({None: (0,), "image": (6,), "pixel": (6, 4, 4)}[weighting])
    data = (truth, prediction) if weighting is None else (truth, prediction, weight)
    options = {"average": average, "empty": empty, "multilabel": True}
    cuts = sorted({0, 6, *cuts})
    batches = [[x[a:b] for x in data] for a, b in itertools.pairwise(cuts)]
    assert score(kind(**options), *batches) == pytest.approx(score(kind(**options), data), rel=1e-5, abs=1e-7)


@pytest.mark.parametrize("kind", METRICS)
def test_the_empty_rule(kind):
    empty, some = np.zeros((1, 4, 4, 1)), np.ones((1, 4, 4, 1))
    some[:, :1] = 0
    for average in ("image", "pooled"):
        assert score(kind(average=average), (empty, empty)) == 1
        assert score(kind(average=average, empty=0.25), (empty, empty)) == 0.25
        expected = 4 / 16 if kind is Specificity else 0
        assert score(kind(average=average), (empty, some)) == expected
        assert score(kind(average=average), (some, some)) == 1
        # An image of empty truth, and its false alarms, are left out.
        left_out = score(kind(average=average, empty="skip"), (empty, some), (some, some), (empty, empty))
        assert left_out == 1
        assert score(kind(average=average, empty="skip"), (empty, some)) == 0


@pytest.mark.parametrize("average", ["image", "pooled"])
def test_a_metric_without_data_is_zero_and_resets_to_zero(average):
    metric = DiceScore(average=average)
    assert float(metric.result()) == 0
    assert score(metric, random_case((2, 4, 4, 1))) > 0
    metric.reset_state()
    assert float(metric.result()) == 0


def test_sample_weights_per_image_and_per_pixel():
    truth, prediction = random_case((3, 4, 4, 1))
    each = [score(DiceScore(), (truth[i : i + 1], prediction[i : i + 1])) for i in range(3)]
    weight = np.array([1.0, 0.0, 3.0])
    assert score(DiceScore(), (truth, prediction, weight)) == pytest.approx(np.average(each, weights=weight))
    pooled = score(DiceScore(average="pooled"), (truth[[0, 2, 2, 2]], prediction[[0, 2, 2, 2]]))
    assert score(DiceScore(average="pooled"), (truth, prediction, weight)) == pytest.approx(pooled)
    pixels = np.ones((3, 4, 4))
    pixels[:, 2:] = 0
    expected = score(DiceScore(), (truth[:, :2], prediction[:, :2]))
    assert score(DiceScore(), (truth, prediction, pixels)) == pytest.approx(expected)


def test_classes_background_and_ignored_labels():
    labels = np.random.default_rng(0).integers(0, 3, (2, 5, 5))
    logits = np.random.default_rng(1).normal(size=(2, 5, 5, 3))
    decided = logits.argmax(-1)
    options = {"from_logits": True}
    each = [score(DiceScore(), (labels == c, (decided == c)[..., None])) for c in range(3)]
    assert score(DiceScore(**options), (labels, logits)) == pytest.approx(np.mean(each[1:]))
    found = score(DiceScore(**options, include_background=True), (np.eye(3)[labels], logits))
    assert found == pytest.approx(np.mean(each))
    void = np.random.default_rng(2).random((2, 5, 5)) > 0.5
    found = score(DiceScore(**options, ignore_class=255), (np.where(void, 255, labels), logits))
    assert found == pytest.approx(score(DiceScore(**options), (labels, logits, ~void)))


def test_the_threshold_is_inside_and_counts_the_pixel_at_it():
    mask = random_case((1, 8, 8, 1))[0]
    assert score(IoU(), (mask, 0.9 * mask)) == 1  # Keras's MeanIoU says .375
    assert score(IoU(threshold=0.25), (mask, 0.25 * mask)) == 1
    assert score(Sensitivity(threshold=0.95), (mask, 0.9 * mask)) == 0


def test_pooled_counts_of_another_number_of_channels_are_refused():
    metric = DiceScore(average="pooled")
    metric.update_state(*random_case((1, 4, 4, 1)))
    with pytest.raises(ValueError, match=r"has counted 1 channels\. Received y_pred with 2"):
        metric.update_state(*random_case((1, 4, 4, 2)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"average": "macro"}, "Unknown average 'macro'"),
        ({"threshold": 1.5}, r"probability in \[0, 1\]"),
        ({"threshold": None}, r"probability in \[0, 1\]"),
        ({"empty": "score"}, 'finite number or "skip"'),
        ({"empty": float("nan")}, 'finite number or "skip"'),
        ({"ignore_class": 0.5}, "ignore_class to be an integer"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        DiceScore(**options)


def test_logits_are_refused_unless_declared():
    truth, prediction = random_case((1, 4, 4, 1))
    with pytest.raises(ValueError, match="from_logits=True"):
        DiceScore().update_state(truth, 9 * prediction)


@pytest.mark.parametrize("kind", METRICS)
def test_the_configuration_is_complete_and_gives_the_same_metric(kind):
    metric = kind(threshold=np.float32(0.25), average="pooled", empty="skip", multilabel=True, name="mine")
    assert set(inspect.signature(kind).parameters) <= set(metric.get_config())
    again = keras.metrics.deserialize(json.loads(json.dumps(keras.metrics.serialize(metric))))
    assert again.get_config() == metric.get_config()
    case = random_case((2, 4, 4, 2))
    assert score(again, case) == score(metric, case)


@pytest.fixture
def policy(request):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(request.param)
    yield request.param
    keras.config.set_dtype_policy(before)


# TensorFlow's variables answer NumPy 2's copy keyword with a warning whenever Keras saves a model.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.slow
@pytest.mark.parametrize("policy", ["mixed_float16", "float32"], indirect=True)
def test_a_compiled_model_evaluates_and_reloads_with_its_metrics(policy, tmp_path):
    x = np.random.default_rng(0).random((5, 8, 8, 2), dtype="float32")
    labels = np.random.default_rng(1).integers(0, 3, (5, 8, 8, 1), dtype="uint8")
    model = keras.Sequential([keras.layers.Input((None, None, 2)), keras.layers.Conv2D(3, 3, padding="same")])
    metrics = [DiceScore(from_logits=True), Specificity(from_logits=True, average="pooled", empty="skip")]
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("sgd", loss, metrics=metrics, jit_compile=policy == "float32")
    history = model.fit(x, labels, batch_size=2, verbose=0).history
    assert all(0 < history[metric.name][0] <= 1 for metric in metrics)
    logits = model.predict(x, verbose=0)
    found = model.evaluate(x, labels, batch_size=2, verbose=0, return_dict=True)
    for metric in metrics:
        fresh = type(metric).from_config(metric.get_config())
        assert found[metric.name] == pytest.approx(score(fresh, (labels, logits)), rel=1e-4), metric.name
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert again.evaluate(x, labels, batch_size=2, verbose=0, return_dict=True) == pytest.approx(found, rel=1e-5)


def test_a_half_precision_metric_counts_in_float32():
    truth = np.ones((1, 512, 512, 1))
    for dtype in ("float16", "bfloat16", keras.DTypePolicy("mixed_float16")):
        metric = Sensitivity(dtype=dtype, average="pooled")
        assert metric.dtype == "float32"
        assert score(metric, (truth, 0.9 * truth)) == 1
