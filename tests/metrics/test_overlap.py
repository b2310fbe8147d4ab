import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score, jaccard_score, precision_score, recall_score

from resunet_kit.metrics import DiceScore, IoU, Precision, Sensitivity, Specificity, overlap_scores
from tests.strategies import mask_pairs, masks

STREAMING = [DiceScore, IoU, Sensitivity, Specificity, Precision]
# One shape, since some backends compile for each.
PAIRS = st.tuples(*[masks((2, 3)) | st.sampled_from([np.zeros((2, 3), bool), np.ones((2, 3), bool)])] * 2)


@settings(max_examples=30)  # of six pixels each
@given(PAIRS, st.sampled_from([1.0, 0.0, 0.25]))
def test_scores_are_those_of_the_streaming_metrics(pair, empty):
    expected = []
    for kind in STREAMING:
        metric = kind(empty=empty)
        metric.update_state(*(mask[None, ..., None].astype("float32") for mask in pair))
        expected.append(float(metric.result()))
    found = overlap_scores(*pair, empty=empty)
    assert found == pytest.approx(expected, rel=1e-6)
    assert all(type(score) is float for score in found)


@given(mask_pairs(max_side=6))
def test_scores_are_those_of_scikit_learn(pair):
    truth, prediction = (mask.ravel() for mask in pair)
    if not (truth.any() or prediction.any()):
        assert overlap_scores(*pair) == (1, 1, 1, 1, 1)
        return
    functions = [f1_score, jaccard_score, recall_score, precision_score]
    dice, iou, sensitivity, precision = (score(truth, prediction, zero_division=0) for score in functions)
    specificity = recall_score(~truth, ~prediction, zero_division=1)
    assert overlap_scores(*pair) == pytest.approx((dice, iou, sensitivity, specificity, precision))


def test_bad_input():
    with pytest.raises(ValueError, match="one shape"):
        overlap_scores([[1, 0]], [[1]])
    with pytest.raises(ValueError, match=r"Expected empty to be .* finite\. Received empty=nan"):
        overlap_scores([[1]], [[1]], empty=math.nan)
    with pytest.raises(TypeError, match="Expected empty to be a number"):
        overlap_scores([[1]], [[1]], empty="skip")
