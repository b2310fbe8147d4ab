import itertools

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from resunet_kit.losses import Lovasz, lovasz
from tests.gradients import value_and_gradient


def jaccard_of(wrong, truth, weight):
    """The set function: the Jaccard loss if exactly the pixels `wrong` are wrong."""
    intersection = weight[truth & ~wrong].sum()
    union = weight[truth | wrong].sum()
    return 0.0 if union == 0 else 1 - intersection / union


def by_definition(errors, truth, weight=None):
    """The set function's Lovász extension as its integral over thresholds: no sorting of pixels, no gradient."""
    errors, truth = np.float64(errors).ravel(), np.ravel(truth) > 0.5
    weight = np.ones(truth.size) if weight is None else np.float64(weight).ravel()
    levels = np.unique(np.append(errors, 0.0))
    return sum((high - low) * jaccard_of(errors > low, truth, weight) for low, high in itertools.pairwise(levels))


@pytest.mark.parametrize("shape", [(2, 6, 5), (2, 3, 4, 3)])
def test_each_form_equals_the_extension_of_the_set_function(shape):
    rng = np.random.default_rng(0)
    labels, logits = rng.integers(0, 3, shape), 2 * rng.normal(size=(*shape, 3)).astype("float32")
    weight = rng.random(shape) * (rng.random(shape) > 0.3)
    truth = np.eye(3)[labels]
    soft = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    hinge = np.maximum(0, 1 - logits * (2 * truth - 1))
    for errors, prediction, options in (
        (np.abs(truth - soft), soft, {}),
        (np.abs(truth - soft), logits, {"from_logits": True}),
        (hinge, logits, {"from_logits": True, "multilabel": True}),
    ):
        for given_weight in (None, weight):
            expected = [
                np.mean([by_definition(errors[i, ..., c], truth[i, ..., c], w) for c in range(3)])
                for i, w in enumerate([None, None] if given_weight is None else weight)
            ]
            found = lovasz(truth, prediction, sample_weight=given_weight, **options)
            np.testing.assert_allclose(found, expected, rtol=3e-6)
    one = np.s_[..., 1:2]
    expected = [by_definition(hinge[i, ..., 1], truth[i, ..., 1]) for i in range(2)]
    np.testing.assert_allclose(lovasz(truth[one], logits[one], from_logits=True), expected, rtol=3e-6)


def test_reduce_batch_sorts_the_pixels_of_all_images():
    rng = np.random.default_rng(1)
    truth, prediction = rng.random((3, 4, 5, 1)) > 0.6, rng.random((3, 4, 5, 1)).astype("float32")
    expected = by_definition(np.abs(truth - prediction), truth)
    np.testing.assert_allclose(lovasz(truth, prediction, reduce="batch"), [expected] * 3, rtol=3e-6)


def test_hard_masks_score_as_scikit_learn():
    jaccard_score = pytest.importorskip("sklearn.metrics").jaccard_score
    rng = np.random.default_rng(2)
    truth, prediction = rng.random((2, 9, 7, 1)) > 0.6, rng.random((2, 9, 7, 1)) > 0.5
    expected = [1 - jaccard_score(t.ravel(), p.ravel()) for t, p in zip(truth, prediction, strict=True)]
    np.testing.assert_allclose(lovasz(truth, prediction), expected, rtol=2e-6)


def test_an_image_without_truth_scores_its_largest_error():
    empty, prediction = np.zeros((1, 4, 4, 1)), np.linspace(0, 0.75, 16).reshape(1, 4, 4, 1)
    assert float(lovasz(empty, prediction)[0]) == pytest.approx(0.75)
    # The largest error is ignored, and so the next one counts.
    weight = prediction < 0.75
    assert float(lovasz(empty, prediction, sample_weight=weight)[0]) == pytest.approx(0.7)


def test_ignored_pixels_have_no_gradient():
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 2, (2, 6, 6, 1))
    labels[:, :2] = 255
    loss = Lovasz(from_logits=True, ignore_class=255)
    _, slope = value_and_gradient(lambda logits: loss(labels, logits), rng.normal(size=(2, 6, 6, 1)))
    assert not slope[:, :2].any()
    assert slope[:, 2:].any()


@settings(max_examples=20, deadline=None)
@given(
    hnp.arrays("bool", (1, 5, 5, 1)),
    hnp.arrays("float32", (1, 5, 5, 1), elements=st.floats(-4, 4, width=32)),
    hnp.arrays("float32", (1, 5, 5, 1), elements=st.floats(0, 4, width=32)),
)
def test_a_worse_logit_is_never_a_lower_hinge(truth, logits, worse):
    wrong_way = logits - worse * (2.0 * truth - 1)
    images = np.concatenate([logits, np.where(truth, wrong_way, logits), np.where(truth, logits, wrong_way)])
    value, false_negatives, false_positives = np.array(lovasz(np.repeat(truth, 3, axis=0), images, from_logits=True))
    assert min(false_negatives, false_positives) >= value - 1e-5


def test_steps_keep_their_digits_on_a_large_image():
    # n pixels of truth, all wrong by the same error: every step is 1 / n.
    truth = np.ones((1, 512, 512, 1), "float32")
    value, slope = value_and_gradient(lambda prediction: Lovasz()(truth, prediction), 0.25 * truth)
    np.testing.assert_allclose(512**2 * slope, -1, rtol=1e-5)
    assert value == pytest.approx(0.75, rel=1e-5)


@pytest.mark.slow
@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="calls TensorFlow itself")
def test_a_compiled_graph_of_unknown_size_gives_the_same():
    import tensorflow as tf

    rng = np.random.default_rng(4)
    truth, prediction = rng.random((2, 6, 5, 1)) > 0.6, keras.ops.convert_to_tensor(rng.random((2, 6, 5, 1)), "float32")
    signature = [tf.TensorSpec((None, None, None, 1)), tf.TensorSpec((None, None, None, 1))]
    for jit_compile in (False, True):
        compiled = tf.function(Lovasz(), input_signature=signature, jit_compile=jit_compile)
        found = compiled(tf.cast(truth, "float32"), prediction)
        assert float(found) == pytest.approx(float(Lovasz()(truth, prediction)), rel=1e-6)
