import numpy as np
import pytest

from resunet_kit.losses import dice, generalized_dice


def by_definition(truth, prediction, class_weights):
    """Sudre's formula for one image, without smoothing; all classes present."""
    above = below = 0
    for index, class_weight in enumerate(class_weights):
        t, p = truth[..., index], prediction[..., index]
        weight = class_weight / t.sum() ** 2
        above += weight * (t * p).sum()
        below += weight * (t + p).sum()
    return 1 - 2 * above / below


@pytest.mark.parametrize("shape", [(2, 9, 7), (2, 4, 5, 6)])
@pytest.mark.parametrize(
    ("options", "class_weights"),
    [
        ({}, [1, 1, 1]),
        ({"class_weights": [3, 0, 7]}, [3, 0, 7]),
        ({"include_background": False}, [0, 1, 1]),
        ({"class_weights": [1, 2, 3], "include_background": False}, [0, 2, 3]),
    ],
)
def test_the_papers_formula_and_where_class_weights_enter(shape, options, class_weights):
    rng = np.random.default_rng(0)
    truth = np.eye(3)[np.minimum(rng.integers(0, 6, shape), 2)]
    prediction = rng.dirichlet([1, 1, 1], shape)
    expected = [by_definition(t, p, class_weights) for t, p in zip(truth, prediction, strict=True)]
    np.testing.assert_allclose(generalized_dice(truth, prediction, smooth=0.0, **options), expected, rtol=3e-6)


def test_published_values_of_monai():
    # tests/losses/test_generalized_dice_loss.py of MONAI 1.6; its smoothing of 1e-6 and 1e-4 is in no digit shown.
    logits = np.array([[1.0, -1.0], [-1.0, 1.0]])[None, ..., None]
    truth = np.array([[1.0, 0.0], [1.0, 1.0]])[None, ..., None]
    assert float(generalized_dice(truth, logits, from_logits=True, smooth=1e-6)[0]) == pytest.approx(0.307576, abs=2e-6)
    labels = np.array([[[1, 0, 0]], [[1, 1, 0]]])
    logits = np.zeros((2, 1, 3, 2))
    logits[0, 0] = [[-1, 1], [0, 0], [1, -1]]
    found = generalized_dice(labels, logits, from_logits=True, smooth=0.0)
    np.testing.assert_allclose(found, [0.273476, 0.555539], atol=5e-5)


def test_one_channel_is_dice():
    rng = np.random.default_rng(1)
    truth, prediction = rng.random((3, 6, 6, 1)) > 0.8, rng.random((3, 6, 6, 1))
    truth[0] = 0
    for smooth in (0.0, 1.0):
        expected = dice(truth, prediction, smooth=smooth)
        np.testing.assert_allclose(generalized_dice(truth, prediction, smooth=smooth), expected, rtol=1e-6)


@pytest.mark.parametrize("empty", ["score", "skip"])
def test_an_absent_class_weighs_as_the_smallest_present_one_or_nothing(empty):
    rng = np.random.default_rng(2)
    truth = np.eye(4)[(rng.random((1, 20, 20)) > 0.9).astype(int)]  # classes 2 and 3 are absent
    prediction = rng.dirichlet([4, 2, 1, 1], (1, 20, 20))
    sizes, absent = truth[0].sum((0, 1)), 1.0 if empty == "score" else 0.0
    weights = np.array([(sizes[1] / sizes[0]) ** 2, 1, absent, absent])
    above = weights @ (truth * prediction).sum((0, 1, 2))
    expected = 1 - 2 * above / (weights @ (truth + prediction).sum((0, 1, 2)))
    assert float(generalized_dice(truth, prediction, smooth=0.0, empty=empty)[0]) == pytest.approx(expected, rel=3e-6)


def test_the_background_left_out_does_not_set_the_weight_of_absent_classes():
    truth = np.zeros((1, 10, 10, 3))
    truth[..., 1] = 1
    truth[0, 0, 0] = [1, 0, 0]  # the background is the smallest class
    prediction = np.full((1, 10, 10, 3), 1 / 3)
    # Both scored classes weigh the same: 99 pixels of class 1, none of class 2.
    expected = 1 - 2 * 33 / (99 + 100 / 3 + 100 / 3)
    found = generalized_dice(truth, prediction, smooth=0.0, include_background=False)
    assert float(found[0]) == pytest.approx(expected, rel=3e-6)
