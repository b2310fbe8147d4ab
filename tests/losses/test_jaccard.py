import numpy as np
import pytest

from resunet_kit.losses import jaccard


@pytest.mark.parametrize("shape", [(3, 9, 7), (2, 4, 5, 6)])
def test_hard_masks_score_as_scikit_learn(shape):
    jaccard_score = pytest.importorskip("sklearn.metrics").jaccard_score
    rng = np.random.default_rng(0)
    truth, prediction = rng.integers(0, 3, shape), rng.integers(0, 3, shape)
    found = jaccard(truth, np.eye(3)[prediction], smooth=0.0)
    expected = [
        1 - jaccard_score(t.ravel(), p.ravel(), average="macro") for t, p in zip(truth, prediction, strict=True)
    ]
    np.testing.assert_allclose(found, expected, rtol=2e-6)


def test_the_soft_formula_in_float64():
    rng = np.random.default_rng(1)
    truth, prediction = rng.random((2, 9, 7, 2)) > 0.6, rng.random((2, 9, 7, 2))
    union = (truth + prediction - truth * prediction).sum((1, 2))
    expected = 1 - ((truth * prediction).sum((1, 2)) + 2.5) / (union + 2.5)
    np.testing.assert_allclose(jaccard(truth, prediction, smooth=2.5), expected.mean(-1), rtol=2e-6)
