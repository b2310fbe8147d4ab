import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resunet_kit.inference._moments import spread_of
from resunet_kit.inference.uncertainty import Uncertainty, uncertainty_of


def result_of(predictions, weights=None, batch_size=2):
    """Return the uncertainty of predictions `(members, n, ..., classes)`."""
    predictions = np.asarray(predictions, "float32")
    weights = [1.0] * len(predictions) if weights is None else weights
    indices = np.arange(predictions.shape[1])
    return uncertainty_of(
        spread_of(
            indices,
            lambda batch: [(p[batch], w) for p, w in zip(predictions, weights, strict=True)],
            batch_size=batch_size,
            verbose=0,
        )
    )


def entropy(p):
    return -np.sum(p * np.log(np.maximum(p, 1e-300)), axis=-1)


@settings(max_examples=30)
@given(st.integers(0, 2**16), st.integers(1, 5), st.integers(1, 4), st.booleans())
def test_every_number_is_that_of_all_predictions_at_once(seed, members, images, is_binary):
    rng = np.random.default_rng(seed)
    p = rng.random((members, images, 3, 4, 1)) if is_binary else rng.dirichlet([0.4] * 3, (members, images, 3, 4))
    weights = rng.random(members) + 0.1
    found = result_of(p, weights)
    mean = np.average(p, axis=0, weights=weights)
    variance = np.average((p - mean) ** 2, axis=0, weights=weights)
    np.testing.assert_allclose(found.mean, mean, atol=1e-5)
    np.testing.assert_allclose(found.std, np.sqrt(variance), atol=1e-4)
    both = (lambda x: np.concatenate([x, 1 - x], axis=-1)) if is_binary else (lambda x: x)
    expected = np.average(entropy(both(p)), axis=0, weights=weights)
    np.testing.assert_allclose(found.entropy, entropy(both(mean)), atol=1e-5)
    np.testing.assert_allclose(found.mutual_information, entropy(both(mean)) - expected, atol=1e-5)
    assert found.mutual_information.min() >= 0
    np.testing.assert_allclose(found.image_uncertainty, found.std.mean(axis=(1, 2, 3)), rtol=1e-5)
    np.testing.assert_allclose(found.image_entropy, found.entropy.mean(axis=(1, 2)), rtol=1e-5)
    np.testing.assert_allclose(
        found.image_mutual_information, found.mutual_information.mean(axis=(1, 2)), rtol=1e-5, atol=1e-7
    )


def test_equal_predictions_have_no_spread_but_an_entropy():
    found = result_of([[[0.7]]] * 5)
    assert found.std.item() == 0
    assert found.mutual_information.item() == pytest.approx(0, abs=1e-6)
    assert found.entropy.item() == pytest.approx(0.6109, abs=1e-4)


def test_certain_predictions_that_disagree_have_mutual_information():
    found = result_of([[[0.0]], [[1.0]]])
    assert (found.mean.item(), found.std.item()) == (0.5, 0.5)
    assert found.mutual_information.item() == pytest.approx(np.log(2))


def test_classes_that_may_overlap_have_an_entropy_each():
    found = result_of([[[0.5, 0.5, 0.5]]])
    assert found.entropy.item() == pytest.approx(3 * np.log(2), abs=1e-6)


def test_logits_have_a_spread_and_no_entropy():
    found = result_of([[[-3.0]], [[5.0]]])
    assert (found.mean.item(), found.std.item()) == (1.0, 4.0)
    assert found.entropy is found.mutual_information is found.image_entropy is found.image_mutual_information is None
    assert found.image_uncertainty.tolist() == [4.0]


def test_it_unpacks_to_mean_and_std():
    found = result_of([[[0.2]], [[0.4]]])
    mean, std = found
    assert isinstance(found, Uncertainty)
    assert mean is found.mean
    assert std is found.std


def test_far_numbers_keep_their_spread():
    found = result_of(1e4 + np.array([[[0.0]], [[1.0]], [[2.0]]]))
    assert found.std.item() == pytest.approx(np.sqrt(2 / 3), rel=1e-5)


def test_predictions_of_several_shapes_are_refused():
    with pytest.raises(ValueError, match="predictions of one shape"):
        spread_of(np.zeros(2), lambda _: [(np.zeros((2, 3)), 1), (np.zeros((2, 4)), 1)], batch_size=2, verbose=0)
