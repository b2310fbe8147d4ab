import keras
import numpy as np
import pytest

from resunet_kit.losses import CrossEntropy, Focal, cross_entropy, focal
from tests.gradients import value_and_gradient


def case(shape, channels, seed=0):
    rng = np.random.default_rng(seed)
    logits = (3 * rng.normal(size=(*shape, channels))).astype("float32")
    if channels == 1:
        return (rng.random((*shape, 1)) > 0.6).astype("float32"), logits, 1 / (1 + np.exp(-logits))
    soft = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    return np.eye(channels, dtype="float32")[rng.integers(0, channels, shape)], logits, soft


@pytest.mark.parametrize("shape", [(2, 7, 5), (2, 3, 4, 5)])
@pytest.mark.parametrize("from_logits", [False, True])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_values_are_those_of_keras(shape, from_logits, smoothing):
    options = {"from_logits": from_logits, "label_smoothing": smoothing}
    for channels, keras_loss, keras_focal in (
        (1, keras.losses.BinaryCrossentropy, keras.losses.BinaryFocalCrossentropy),
        (3, keras.losses.CategoricalCrossentropy, keras.losses.CategoricalFocalCrossentropy),
    ):
        truth, logits, soft = case(shape, channels)
        prediction = logits if from_logits else soft
        expected = float(keras_loss(**options)(truth, prediction))
        assert float(CrossEntropy(**options)(truth, prediction)) == pytest.approx(expected, rel=3e-6)
        for gamma in (0.5, 2.0):
            unweighted = {"alpha": 1.0} if channels == 3 else {}
            expected = float(keras_focal(gamma=gamma, **unweighted, **options)(truth, prediction))
            assert float(Focal(gamma=gamma, **options)(truth, prediction)) == pytest.approx(expected, rel=3e-6)
    # Independent channels are binary, each with its mean.
    expected = float(keras.losses.BinaryCrossentropy(**options)(truth, prediction))
    assert float(CrossEntropy(multilabel=True, **options)(truth, prediction)) == pytest.approx(expected, rel=3e-6)
    balanced = {"apply_class_balancing": True, "alpha": 0.3}
    expected = float(keras.losses.BinaryFocalCrossentropy(**balanced, **options)(truth, prediction))
    assert float(Focal(alpha=0.3, multilabel=True, **options)(truth, prediction)) == pytest.approx(expected, rel=3e-6)


def focal_by_loop(truth, prediction, weight, class_weight, gamma):
    """Focal cross-entropy of one image of exclusive classes, weighted by pixel and class, in plain Python."""
    above = below = 0.0
    for index in np.ndindex(weight.shape):
        label = int(truth[index])
        p = float(prediction[index][label])
        w = weight[index] * class_weight[label]
        above += w * (1 - p) ** gamma * -np.log(p)
        below += w
    return above / below if below else 0.0


@pytest.mark.parametrize(
    ("options", "class_weight"),
    [({}, [1, 1, 1]), ({"class_weights": [1, 5, 0]}, [1, 5, 0]), ({"include_background": False}, [0, 1, 1])],
)
def test_the_mean_is_over_pixels_of_nonzero_weight(options, class_weight):
    one_hot, logits, soft = case((3, 6, 5), 3)
    labels, weight = one_hot.argmax(-1), np.random.default_rng(1).random((3, 6, 5))
    weight[:, 0] = 0
    labels[2] = 0  # an image of background alone
    for gamma, function in ((0.0, cross_entropy), (1.5, focal)):
        focused = {"gamma": gamma} if gamma else {}
        expected = [focal_by_loop(*image, class_weight, gamma) for image in zip(labels, soft, weight, strict=True)]
        for prediction, from_logits in ((soft, False), (logits, True)):
            given = {"sample_weight": weight, "from_logits": from_logits, **options, **focused}
            np.testing.assert_allclose(function(labels, prediction, **given), expected, rtol=5e-6)


def test_reduce_batch_is_the_mean_over_the_pixels_of_all_images():
    truth, _, soft = case((2, 4, 4), 1)
    weight = np.ones((2, 4, 4))
    weight[0, 1:] = 0  # four pixels of the first image, sixteen of the second
    each = cross_entropy(truth, soft, sample_weight=weight)
    found = cross_entropy(truth, soft, sample_weight=weight, reduce="batch")
    np.testing.assert_allclose(found, [(4 * each[0] + 16 * each[1]) / 20] * 2, rtol=2e-6)


@pytest.mark.parametrize("kind", [CrossEntropy, Focal])
@pytest.mark.parametrize("channels", [1, 2])
def test_a_wrong_certainty_keeps_its_value_and_gradient_from_logits(kind, channels):
    sign = np.full((1, 4, 4, channels), 100.0, "float32")
    sign[..., 1:] = 0  # of two classes the difference counts
    labels = np.full((1, 4, 4), channels - 1)  # the second class, or the background of one
    value, slope = value_and_gradient(lambda logits: kind(from_logits=True)(labels, logits), sign)
    assert value == pytest.approx(100, rel=1e-6)
    np.testing.assert_allclose(slope[..., 0], np.full((1, 4, 4), 1 / 16), rtol=1e-5)


def test_probabilities_need_not_sum_to_one_exactly_nor_at_all():
    labels = np.zeros((1, 4, 4), "int32")
    half = np.full((1, 4, 4, 2), 0.25)
    assert float(cross_entropy(labels, half)[0]) == pytest.approx(np.log(2), rel=1e-6)
    assert float(cross_entropy(labels, 0 * half)[0]) == pytest.approx(-np.log(1e-7), rel=1e-5)


def test_alpha_is_refused_for_exclusive_classes():
    truth, _, soft = case((1, 4, 4), 3)
    with pytest.raises(ValueError, match=r"alpha=None for 3 exclusive classes.*Pass class_weights"):
        Focal(alpha=0.25)(truth, soft)
