import dataclasses
import json

import keras
import numpy as np
import pytest

from resunet_kit.metrics import DiceScore, IoU, OverlapMetric, Precision, Sensitivity, Specificity

METRICS = [DiceScore, IoU, Sensitivity, Specificity, Precision]


def random_case(shape, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.random(shape) > 0.7).astype("float32"), rng.random(shape).astype("float32")


def score(metric, *batches):
    for batch in batches:
        metric.update_state(*batch)
    return float(metric.result())


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
    predicted = logits.argmax(-1)
    options = {"from_logits": True}
    each = [score(DiceScore(), (labels == c, (predicted == c)[..., None])) for c in range(3)]
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
    with pytest.raises(ValueError, match=r"Expected y_pred of 1 channels, .* Received 2\. Use"):
        metric.update_state(*random_case((1, 4, 4, 2)))


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"average": "macro"}, ValueError),
        ({"average": "samples"}, ValueError),
        ({"average": None}, TypeError),
        ({"class_average": "mean"}, ValueError),
        ({"class_average": None}, TypeError),
        ({"soft_labels": "hard"}, ValueError),
        ({"empty": "skip_all"}, ValueError),
        ({"threshold": 1.5}, ValueError),
        ({"threshold": None}, TypeError),
        ({"empty": "score"}, ValueError),
        ({"empty": float("nan")}, ValueError),
        ({"empty": None}, TypeError),
        ({"ignore_class": 0.5}, TypeError),
        ({"class_id": "1"}, TypeError),
        ({"class_id": -1}, ValueError),
        ({"from_logits": "no"}, TypeError),
        ({"multilabel": 1}, TypeError),
    ],
)
def test_bad_options_are_refused(options, error):
    [name] = options
    with pytest.raises(error, match=rf"Expected {name} to be .*\. Received {name}="):
        DiceScore(**options)


def test_logits_are_refused_unless_declared():
    truth, prediction = random_case((1, 4, 4, 1))
    with pytest.raises(ValueError, match="from_logits=True"):
        DiceScore().update_state(truth, 9 * prediction)


@pytest.mark.parametrize("from_logits", [False, True])
@pytest.mark.parametrize("name", ["y_true", "y_pred"])
def test_nan_is_refused(name, from_logits):
    case = dict(zip(("y_true", "y_pred"), random_case((2, 4, 4, 1)), strict=True))
    case[name][1, 2, 3] = np.nan
    with pytest.raises(ValueError, match=rf"{name} to hold finite numbers\. Received NaN"):
        DiceScore(from_logits=from_logits).update_state(**case)


def test_options_of_numpy_become_json():
    metric = DiceScore(threshold=np.float32(0.25), empty=np.float64(0.5), ignore_class=np.int64(255))
    config = json.loads(json.dumps(metric.get_config()))
    assert DiceScore.from_config(config).get_config() == metric.get_config()


def test_a_class_beyond_the_channels_is_refused():
    with pytest.raises(
        ValueError, match=r"class_id to be an integer in \[0, 2\]\. Received class_id=3\. Pass the index"
    ):
        DiceScore(class_id=3).update_state(*random_case((1, 4, 4, 3)))


@pytest.mark.slow
@pytest.mark.parametrize("compiled", [False, True])
def test_small_batches_are_not_lost_among_many_pixels(compiled):
    """Above 2²⁴ float32 has no odd numbers: a pixel at a time would never be counted."""
    metric = Sensitivity(average="pooled")
    one = np.ones((1, 1, 1, 1), "float32")
    metric.update_state(one, one)
    metric.counts.assign([[2.0**24], [0.0], [0.0], [0.0]])
    update = metric.update_state
    if compiled and keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        update = tf.function(metric.update_state, jit_compile=True)
    for _ in range(301):
        update(one, one)
    counts = np.float64(keras.ops.convert_to_numpy(metric.counts)) + keras.ops.convert_to_numpy(metric.lost)
    assert counts[0, 0] == 2**24 + 301


def test_a_half_precision_metric_counts_in_float32():
    truth = np.ones((1, 512, 512, 1))
    for dtype in ("float16", "bfloat16", keras.DTypePolicy("mixed_float16")):
        metric = Sensitivity(dtype=dtype, average="pooled")
        assert metric.dtype == "float32"
        assert score(metric, (truth, 0.9 * truth)) == 1


# === Metrics of users ===


def rate(**body):
    """Return a class as a user writes it, without its decorator."""
    return type(
        "Rate", (OverlapMetric,), {"fraction": lambda _, counts: (counts.fp, counts.fp + counts.tn, 0.0), **body}
    )


def test_a_default_that_a_dataclass_would_ignore_is_refused():
    with pytest.raises(
        TypeError, match=r"Rate to annotate its options\. Received average = 'pooled', .* Write average: "
    ):
        rate(average="pooled")
    with pytest.raises(TypeError, match=r"declares average, name without the decorator\. Write @dataclasses"):
        rate(average="pooled", name="rate", __annotations__={"average": str, "name": str})()
    decorated = dataclasses.dataclass(kw_only=True, eq=False)(rate(average="pooled", __annotations__={"average": str}))
    assert decorated().average == "pooled"
    assert rate()()(*random_case((1, 4, 4, 1))) > 0  # a subclass without options of its own needs no decorator


def test_an_average_over_classes_is_told_from_one_over_images():
    for name in ("macro", "micro", "weighted"):
        with pytest.raises(
            ValueError, match=rf"over the images\. Received average='{name}'\. .* class_average='{name}'\."
        ):
            DiceScore(average=name)
        assert DiceScore(class_average=name).class_average == name


@pytest.mark.parametrize("denominator", [-2.0, 2.0])
@pytest.mark.parametrize("average", ["image", "pooled"])
def test_a_negative_denominator_divides(average, denominator):
    constant = lambda _, counts: (counts.tp * 0 + 1, counts.tp * 0 + denominator, 9.0)  # noqa: E731
    metric = rate(fraction=constant)(average=average)
    assert score(metric, random_case((2, 4, 4, 1))) == 1 / denominator
