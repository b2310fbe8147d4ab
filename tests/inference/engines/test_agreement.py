import numpy as np
import pytest

from resunet_kit.inference._engines.agreement import disagreement, largest_difference

PRECISIONS = ("float32", "bfloat16", "int8")


def probabilities(seed=0):
    return np.random.default_rng(seed).random((2, 50, 50, 1), "float32")


@pytest.mark.parametrize("precision", PRECISIONS)
def test_equal_outputs_agree(precision):
    assert disagreement([probabilities()], [probabilities()], precision) == ""


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("faulty", [np.zeros_like(probabilities()), 1 - probabilities(), probabilities(1)])
def test_other_outputs_disagree(precision, faulty):
    assert "differ" in disagreement([probabilities()], [faulty], precision)


@pytest.mark.parametrize(("precision", "error"), [("float32", 5e-4), ("bfloat16", 5e-3), ("int8", 0.03)])
def test_each_precision_has_its_tolerance(precision, error):
    expected = probabilities()
    assert disagreement([expected], [expected + error], precision) == ""
    assert disagreement([expected], [expected + 5 * error], precision) != ""


def test_one_wrong_pixel_matters_in_float32_only():
    expected = probabilities()
    received = expected.copy()
    received[0, 3, 3, 0] += 0.1
    assert "up to 0.1" in disagreement([expected], [received], "float32")
    assert disagreement([expected], [received], "bfloat16") == ""


def test_flipped_masks_matter_though_probabilities_hardly_move():
    expected = np.full((1, 10, 10, 1), 0.512)
    assert "masks differ in 1 of" in disagreement([expected], [expected - 0.02], "int8")


def test_classes_of_a_softmax():
    expected = np.tile([0.45, 0.4, 0.15], (1, 20, 20, 1))
    received = expected.copy()
    received[0, 0, :, :] = [0.4, 0.45, 0.15]  # 5 % of the pixels
    assert "masks" in disagreement([expected], [received], "bfloat16")


def test_logits_are_compared_with_their_size():
    expected = 100 * np.random.default_rng(0).normal(size=(1, 30, 30, 2))
    assert disagreement([expected], [expected + 0.05], "float32") == ""
    assert disagreement([expected], [expected * 1.2], "bfloat16") != ""
    assert disagreement([expected * 1e-6], [expected * 0], "float32") != ""


def test_shapes_nan_and_classes():
    a = probabilities()
    assert "shapes" in disagreement([a], [a[:1]], "float32")
    assert "NaN" in disagreement([a], [np.full_like(a, np.nan)], "bfloat16")
    assert "classes" in disagreement([np.zeros((4, 4), int)], [np.ones((4, 4), int)], "float32")
    assert largest_difference([a, a], [a, a + 0.25]) == pytest.approx(0.25)
