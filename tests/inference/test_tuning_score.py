import numpy as np
import pytest
from hypothesis import given

from resunet_kit.inference._pair_source import Truth
from resunet_kit.inference._tuning_score import tuning_score
from resunet_kit.metrics import overlap_scores
from tests.strategies import label_maps, mask_pairs


@given(mask_pairs(ndims=(2, 2)))
def test_one_foreground_scores_as_overlap_scores(pair):
    truth, mask = (one.astype("uint8") for one in pair)
    for name in ("dice", "iou"):
        score = tuning_score(name, 1)
        [found] = score.scores(score.row(Truth(truth, None), mask)[None], np.ones(1))
        assert found == pytest.approx(getattr(overlap_scores(truth, mask), name))


@given(label_maps((4, 5), classes=4), label_maps((4, 5), classes=4))
def test_several_classes_score_their_mean(truth, mask):
    score = tuning_score("dice", 4)
    [found] = score.scores(score.row(Truth(truth, None), mask)[None], np.ones(1))
    assert found == pytest.approx(np.mean([overlap_scores(truth == k, mask == k).dice for k in (1, 2, 3)]))


def test_ignored_pixels_do_not_count():
    valid = np.array([[True, False, True]])
    truth, mask = Truth(np.uint8([[1, 0, 0]]), valid), np.uint8([[1, 1, 1]])
    assert tuning_score("dice", 1).row(truth, mask).tolist() == [1, 1, 0]
    seen = []
    score = tuning_score(lambda *masks: seen.append(masks) or 0.5, 1)
    assert score.row(truth, mask).tolist() == [0.5]
    assert seen[0][1].tolist() == [[1, 0, 1]]


def test_a_function_is_averaged_over_the_images():
    score = tuning_score(lambda _, mask: float(mask.sum()), 1)
    assert score.scores(np.array([[3.0], [4.0]]), np.array([2, 1])).tolist() == [1.5, 4.0]
    with pytest.raises(ValueError, match=r"finite numbers\. Received nan\. "):
        tuning_score(lambda *_: np.nan, 1).row(Truth(np.zeros((2, 2), "uint8"), None), np.zeros((2, 2), "uint8"))


@pytest.mark.parametrize(("score", "kind"), [("dices", ValueError), (None, TypeError), (1, TypeError)])
def test_other_scores_are_refused(score, kind):
    with pytest.raises(kind, match="Expected score to be one of 'dice', 'iou', or a function"):
        tuning_score(score, 1)


@pytest.mark.parametrize("returned", [None, "high", [0.5, 0.5]])
def test_a_function_that_returns_no_number_is_named(returned):
    empty = np.zeros((2, 2), "uint8")
    with pytest.raises(TypeError, match=rf"score to return a number\. Received {type(returned).__name__}\. Return"):
        tuning_score(lambda *_: returned, 1).row(Truth(empty, None), empty)
