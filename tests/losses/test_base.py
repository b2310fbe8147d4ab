import dataclasses
import itertools

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resunet_kit import losses
from resunet_kit.losses import (
    Boundary,
    CenterlineDice,
    CrossEntropy,
    Dice,
    Focal,
    FocalTversky,
    GeneralizedDice,
    HausdorffDistance,
    Jaccard,
    LogCoshDice,
    Lovasz,
    MatthewsCorrelation,
    SegmentationLoss,
    Tversky,
    UnifiedFocal,
    dice,
)
from tests.gradients import value_and_gradient
from tests.strategies import masks, probabilities

SMOOTHED = [Tversky, FocalTversky, Dice, Jaccard, LogCoshDice, GeneralizedDice, MatthewsCorrelation, UnifiedFocal]
LOSSES = [*SMOOTHED, Lovasz, CrossEntropy, Focal]
# A pixel that these leave out still shapes the skeleton or the border of those around it.
OF_NEIGHBOURS = [CenterlineDice, Boundary, HausdorffDistance]
ALL = [*LOSSES, *OF_NEIGHBOURS]
EACH = [
    *(kind() for kind in LOSSES),
    FocalTversky(exponent=2),
    Dice(squared=True),
    GeneralizedDice(smooth=0),
    MatthewsCorrelation(smooth=1e-6),
    UnifiedFocal(form="symmetric", smooth=0),
    Focal(gamma=0.5),
]
OF_BORDERS = [CenterlineDice(), CenterlineDice(smooth=0), HausdorffDistance(), HausdorffDistance(exponent=0.5)]


def test_every_loss_has_its_common_properties_tested():
    public = {kind for kind in vars(losses).values() if isinstance(kind, type) and issubclass(kind, SegmentationLoss)}
    assert public - {SegmentationLoss} == set(ALL)


def random_case(shape, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.random(shape) > 0.7).astype("float32"), rng.random(shape).astype("float32")


def gradient(loss, truth, prediction, weight=None):
    return value_and_gradient(lambda prediction: loss(truth, prediction, weight), prediction)


# --- Forms of the truth ---


@pytest.mark.parametrize("spatial", [(6, 5), (3, 4, 5)])
def test_labels_masks_and_one_hot_agree(spatial):
    labels = np.random.default_rng(0).integers(0, 3, (2, *spatial))
    prediction = keras.ops.softmax(np.random.default_rng(1).normal(size=(2, *spatial, 3)))
    expected = dice(np.eye(3)[labels], prediction)
    for form in (labels, labels[..., None], labels.astype("uint8"), labels.astype("float16")):
        np.testing.assert_array_equal(dice(form, prediction), expected)
    mask = labels == 1
    np.testing.assert_array_equal(dice(mask, prediction[..., 1:2]), dice(mask[..., None], prediction[..., 1:2]))


def test_logits_take_the_activation_of_their_channels():
    logits = np.random.default_rng(2).normal(size=(2, 4, 4, 3)).astype("float32")
    truth = np.eye(3)[np.random.default_rng(3).integers(0, 3, (2, 4, 4))]
    exponentials = np.exp(logits)
    softmax, sigmoid = exponentials / exponentials.sum(-1, keepdims=True), 1 / (1 + np.exp(-logits))
    np.testing.assert_allclose(dice(truth, logits, from_logits=True), dice(truth, softmax), rtol=1e-5)
    found = dice(truth, logits, from_logits=True, multilabel=True)
    np.testing.assert_allclose(found, dice(truth, sigmoid, multilabel=True), rtol=1e-5)
    one = np.s_[..., :1]
    np.testing.assert_allclose(
        dice(truth[one], logits[one], from_logits=True), dice(truth[one], sigmoid[one]), rtol=1e-5
    )


@pytest.mark.parametrize(
    ("truth", "prediction", "message"),
    [
        ((2, 4, 4, 1), (2, 4, 4), r"y_pred\[\.\.\., None\]"),
        ((2, 4, 4, 2), (2, 4, 4, 3), "integer labels of shape"),
        ((2, 4, 5, 1), (2, 4, 4, 1), "Expected y_true to be masks or one-hot classes of shape"),
        ((2, 1, 1, 1), (2, 4, 4, 1), "Expected y_true to be masks or one-hot classes of shape"),
        ((1, 4, 4, 1), (2, 4, 4, 1), "Expected y_true to be masks or one-hot classes of shape"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(truth, prediction, message):
    with pytest.raises(ValueError, match=message):
        Dice()(np.zeros(truth), np.zeros(prediction))


def test_labels_and_masks_out_of_range_are_refused():
    prediction = np.full((1, 4, 4, 3), 1 / 3)
    with pytest.raises(ValueError, match=r"integer labels from 0 to 2\. Received values from 3 to 3"):
        Dice()(np.full((1, 4, 4, 1), 3), prediction)
    with pytest.raises(ValueError, match="nearest"):
        Dice()(np.full((1, 4, 4, 1), 0.5), prediction)
    with pytest.raises(ValueError, match="0/255 mask by 255"):
        Dice()(np.full((1, 4, 4, 1), 255), prediction[..., :1])
    assert float(Dice(ignore_class=255)(np.full((1, 4, 4, 1), 255), prediction)) == 0


@pytest.mark.parametrize(
    ("channels", "multilabel", "activation"), [(1, False, "sigmoid"), (3, False, "softmax"), (3, True, "sigmoid")]
)
def test_undeclared_logits_are_refused_eagerly_and_named(channels, multilabel, activation):
    truth, logits = np.zeros((1, 4, 4, channels)), np.full((1, 4, 4, channels), -3.0)
    with pytest.raises(ValueError, match=f"pass from_logits=True, or end the model in a {activation}:"):
        Dice(multilabel=multilabel)(truth, logits)


# --- Means ---


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(["score", "skip"]), st.sampled_from(ALL))
def test_a_loss_per_image_does_not_depend_on_the_batch(seed, empty, kind):
    truth, prediction = random_case((3, 5, 5, 2), seed)
    truth[0] = 0
    loss = kind(empty=empty, reduction=None)
    alone = [float(loss(truth[i : i + 1], prediction[i : i + 1])[0]) for i in range(3)]
    np.testing.assert_allclose(loss(truth, prediction), alone, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("channels", [1, 3])
def test_reduce_batch_scores_the_batch_as_one_image(channels):
    truth, prediction = random_case((3, 4, 5, channels))
    one = dice(truth.reshape(1, 12, 5, channels), prediction.reshape(1, 12, 5, channels))
    np.testing.assert_allclose(dice(truth, prediction, reduce="batch"), np.repeat(one, 3), rtol=1e-6)
    np.testing.assert_allclose(Dice(reduce="batch")(truth, prediction), one[0], rtol=1e-6)


def test_class_weights_background_and_ignored_class_make_the_mean():
    truth, prediction = random_case((2, 5, 5, 3))
    each = np.stack([dice(truth[..., c : c + 1], prediction[..., c : c + 1]) for c in range(3)], axis=1)
    np.testing.assert_allclose(dice(truth, prediction), each.mean(1), rtol=1e-6)
    found = dice(truth, prediction, class_weights=[2, 4, 2])
    np.testing.assert_allclose(found, each @ [0.25, 0.5, 0.25], rtol=1e-6)
    found = dice(truth, prediction, include_background=False)
    np.testing.assert_allclose(found, each[:, 1:].mean(1), rtol=1e-6)
    found = dice(truth, prediction, include_background=False, multilabel=True)
    np.testing.assert_allclose(found, each.mean(1), rtol=1e-6)


@pytest.mark.parametrize("kind", LOSSES)
def test_skipped_images_have_no_weight_in_the_mean(kind):
    truth, prediction = random_case((4, 5, 5, 1))
    truth[[1, 2]] = 0
    expected = kind()(truth[[0, 3]], prediction[[0, 3]])
    np.testing.assert_allclose(kind(empty="skip")(truth, prediction), expected, rtol=1e-6)
    value, slope = gradient(kind(empty="skip"), 0 * truth, prediction)
    assert value == 0
    assert not slope.any()
    assert float(kind(empty="score")(0 * truth, prediction)) > 0.3


def test_skipped_classes_have_no_weight_in_an_images_mean():
    truth, prediction = random_case((2, 5, 5, 3))
    truth[0, ..., 1] = 0
    found = dice(truth, prediction, empty="skip")
    np.testing.assert_allclose(found[0], dice(truth[..., ::2], prediction[..., ::2])[0], rtol=1e-6)
    np.testing.assert_allclose(found[1], dice(truth, prediction)[1], rtol=1e-6)


# --- Weights ---


@pytest.mark.parametrize("kind", LOSSES)
@pytest.mark.parametrize("reduce", ["image", "batch"])
@pytest.mark.parametrize("shape", [(2, 4, 6), (2, 4, 6, 1), (2, 4, 6, 2)])
def test_a_pixel_of_weight_zero_does_not_count(kind, reduce, shape):
    truth, prediction = random_case((2, 4, 6, 2))
    weight = np.ones(shape)
    weight[:, :, 3:] = 0
    loss = kind(reduce=reduce)
    expected = loss(truth[:, :, :3], prediction[:, :, :3])
    np.testing.assert_allclose(loss(truth, prediction, weight), expected, rtol=1e-6)


def test_an_images_weight_multiplies_its_loss_and_in_a_batch_its_counts():
    truth, prediction = random_case((2, 4, 6, 1))
    each = dice(truth, prediction)
    for weight in (np.array([0.0, 3.0]), np.array([[0.0], [3.0]])):
        np.testing.assert_allclose(Dice()(truth, prediction, weight), 3 * each[1] / 2, rtol=1e-6)
    batch = Dice(reduce="batch")
    np.testing.assert_allclose(batch(truth, prediction, np.array([0, 1])), each[1], rtol=1e-6)


@pytest.mark.parametrize("kind", LOSSES)
def test_ignored_pixels_count_as_little_as_pixels_of_weight_zero(kind):
    labels = np.random.default_rng(0).integers(0, 3, (2, 4, 6))
    prediction = keras.ops.softmax(np.random.default_rng(1).normal(size=(2, 4, 6, 3)))
    weight = np.random.default_rng(2).random((2, 4, 6)) > 0.5
    expected = kind()(labels, prediction, weight)
    for void in (255, -1):
        found = kind(ignore_class=void)(np.where(weight, labels, void), prediction)
        np.testing.assert_allclose(found, expected, rtol=1e-6)
    mask = (labels == 1)[..., None]
    found = kind(ignore_class=255)(np.where(weight[..., None], mask, 255), prediction[..., 1:2])
    np.testing.assert_allclose(found, kind()(mask, prediction[..., 1:2], weight), rtol=1e-6)


def test_ignoring_a_class_of_the_prediction_leaves_out_its_pixels_and_its_score():
    labels = np.random.default_rng(0).integers(0, 3, (2, 4, 6))
    prediction = keras.ops.softmax(np.random.default_rng(1).normal(size=(2, 4, 6, 3)))
    expected = Dice(class_weights=[1, 0, 1])(labels, prediction, labels != 1)
    for truth in (labels, np.eye(3)[labels]):
        np.testing.assert_allclose(Dice(ignore_class=1)(truth, prediction), expected, rtol=1e-6)


# --- Precision ---


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
def test_predictions_that_are_not_finite_are_refused(value):
    logits = np.zeros((1, 4, 4, 1))
    logits[0, 1, 2] = value
    with pytest.raises(ValueError, match="y_pred to hold finite numbers"):
        Dice(from_logits=True)(np.ones((1, 4, 4, 1)), logits)


@pytest.mark.parametrize("kind", SMOOTHED)
def test_certain_logits_of_the_truth_are_perfect(kind):
    labels = np.random.default_rng(0).integers(0, 3, (1, 128, 128))
    logits = 200 * np.eye(3)[labels] - 100
    assert float(kind(from_logits=True)(labels, logits)) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("kind", [Dice, Lovasz, CrossEntropy])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_a_megapixel_of_half_precision_is_counted_in_float32(kind, dtype):
    """1024² pixels, whose count float16 cannot hold."""
    rows, columns = np.mgrid[:1024, :1024]
    truth = (rows + 30 * np.sin(columns / 40) < 600).astype("float32")[None, ..., None]
    texture = 0.01 * np.random.default_rng(0).random(truth.shape)
    half = keras.ops.convert_to_tensor(np.where(truth == 1, 0.75, 0.25) + texture, dtype)
    loss = kind(dtype=keras.DTypePolicy(f"mixed_{dtype}"))
    assert loss.dtype == kind(dtype=dtype).dtype == "float32"
    expected = float(loss(truth, keras.ops.cast(half, "float32")))
    # Scaled as mixed precision scales it, or the quotient by the pixels is below float16's smallest.
    value, slope = value_and_gradient(lambda x: 2.0**15 * loss(truth, x), half, dtype)
    assert value == np.float32(2.0**15 * expected)
    assert np.isfinite(slope).all()
    assert slope.any()


# TensorFlow's variables answer NumPy 2's copy keyword with a warning whenever Keras saves a model.
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_a_compiled_model_trains_with_pixel_weights_and_reloads_with_the_same_loss(tmp_path):
    x = np.random.default_rng(0).random((4, 8, 8, 2), dtype="float32")
    labels = np.random.default_rng(1).integers(0, 3, (4, 8, 8, 1), dtype="uint8")
    weight = np.random.default_rng(2).random((4, 8, 8), dtype="float32")
    model = keras.Sequential([keras.layers.Input((None, None, 2)), keras.layers.Conv2D(3, 3, padding="same")])
    loss = Tversky(from_logits=True, empty="skip", class_weights=[1, 2, 3])
    model.compile("sgd", loss, jit_compile=keras.backend.backend() != "torch")
    before = model.get_weights()[0]
    model.fit(x, labels, sample_weight=weight, verbose=0)
    assert np.abs(model.get_weights()[0] - before).max() > 0
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    found = again.evaluate(x, labels, sample_weight=weight, verbose=0)
    assert found == pytest.approx(model.evaluate(x, labels, sample_weight=weight, verbose=0), rel=1e-6)


# --- Edges ---


@pytest.mark.parametrize("loss", [*EACH, *OF_BORDERS], ids=repr)
def test_a_perfect_prediction_is_zero_on_empty_and_full_masks_too(loss):
    mask = np.zeros((4, 16, 16, 1))
    for image, foreground in zip(mask, (0, 1, 17, 256), strict=True):
        image.reshape(-1)[:foreground] = 1
    classes = np.concatenate([1 - mask, mask, 0 * mask], axis=-1)  # one class is absent
    each = dataclasses.replace(loss, reduction=None)
    for truth in (mask, classes):
        np.testing.assert_allclose(each(truth, truth), np.zeros(4), atol=1e-6)


@pytest.mark.parametrize("loss", [*EACH, *OF_BORDERS, Boundary()], ids=repr)
@pytest.mark.parametrize("channels", [1, 3])
def test_gradients_are_finite(loss, channels):
    mask = np.zeros((1, 8, 8, channels), "float32")
    mask[:, :4, :, 0] = mask[:, 4:, :, -1] = 1
    truths = [0 * mask, mask, 0 * mask + 1]
    predictions = [mask, 1 - mask, *(np.full_like(mask, value) for value in (0, 1, 1e-30, 0.5))]
    pairs = itertools.product(truths, predictions)
    truth, prediction = (np.concatenate(side) for side in zip(*pairs, strict=True))
    # One image per pair: the gradient of their sum holds each image's own.
    value, slope = gradient(dataclasses.replace(loss, reduction="sum"), truth, prediction)
    assert np.isfinite(value)
    assert np.isfinite(slope).all()


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("label", [0, 1, 255])
def test_gradients_are_finite_for_huge_logits_and_ignored_masks(kind, channels, label):
    labels = np.full((3, 8, 8, 1), label)
    logits = np.random.default_rng(0).choice([-100.0, 100.0], (3, 8, 8, channels))
    logits[1:] = np.array([-100.0, 100.0]).reshape(2, 1, 1, 1)
    smooth = {"smooth": 1e-6 if kind is MatthewsCorrelation else 0.0} if kind in SMOOTHED else {}
    for options in ({"empty": "score"}, {"empty": "skip", **smooth}, {"include_background": False, **smooth}):
        value, slope = gradient(kind(from_logits=True, ignore_class=255, **options), labels, logits)
        assert np.isfinite(slope).all()
        if label == 255:
            assert value == 0
            assert not slope.any()


PREDICTIONS = probabilities((1, 6, 6, 2))
BOUNDED_BY_ONE = [Tversky, FocalTversky, Dice, Jaccard, LogCoshDice, GeneralizedDice, Lovasz]


@settings(max_examples=60, deadline=None)
@given(masks((1, 6, 6, 2)), PREDICTIONS, PREDICTIONS, st.sampled_from(EACH), st.sampled_from(["score", "skip"]))
def test_a_worse_prediction_is_never_a_lower_loss(truth, prediction, other, loss, empty):
    false_positives = np.where(truth, prediction, np.maximum(prediction, other))
    false_negatives = np.where(truth, np.minimum(prediction, other), prediction)
    loss = dataclasses.replace(loss, multilabel=True, empty=empty, reduction=None)
    images = np.concatenate([prediction, false_positives, false_negatives])
    value, *worse = np.array(loss(np.repeat(truth, 3, axis=0), images))
    assert value >= -1e-6
    assert type(loss) not in BOUNDED_BY_ONE or value <= 1 + 1e-6
    assert min(worse) >= value - 1e-6
