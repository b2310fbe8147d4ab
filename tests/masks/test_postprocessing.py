import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resunet_kit.masks import PostProcess, fill_holes, largest_component, remove_small, to_labels
from tests.strategies import UNIT, probabilities

IMAGES = probabilities(ndims=(2, 3), width=16)


@settings(max_examples=50)
@given(IMAGES, UNIT, st.sampled_from([0, 3, None]), st.integers(0, 6), st.sampled_from([None, 1, 2]))
def test_steps_are_those_of_the_functions_in_order(image, threshold, max_hole, min_size, keep_largest):
    before = image.copy()
    options = {"max_hole": max_hole, "min_size": min_size, "keep_largest": keep_largest}
    found = PostProcess(threshold=threshold, **options)(image)
    expected = fill_holes(to_labels(image[..., None], threshold), max_size=max_hole)
    expected = remove_small(expected, min_size)
    if keep_largest:
        expected = largest_component(expected, count=keep_largest)
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(image, before)


def test_low_threshold_is_hysteresis():
    image = np.array([[0.4, 0.8, 0.1, 0.4]])
    assert PostProcess(threshold=0.7, low_threshold=0.3)(image).tolist() == [[1, 1, 0, 0]]
    assert PostProcess(threshold=0.3)(image).tolist() == [[1, 1, 0, 1]]
    diagonal = np.array([[0.9, 0.0], [0.0, 0.4]])
    assert PostProcess(low_threshold=0.3)(diagonal).tolist() == [[1, 0], [0, 1]]
    assert PostProcess(low_threshold=0.3, connectivity=1)(diagonal).tolist() == [[1, 0], [0, 0]]


def test_json_keeps_every_option(tmp_path):
    options = {"threshold": np.float32(0.25), "low_threshold": 0.125, "max_hole": None, "min_size": np.int64(7)}
    clean = PostProcess(**options, keep_largest=2, connectivity=1)
    assert all(
        value != field.default for value, field in zip(vars(clean).values(), dataclasses.fields(clean), strict=True)
    )
    assert PostProcess.from_json(clean.to_json()) == clean
    clean.to_json(tmp_path / "clean.json")
    assert PostProcess.from_json(tmp_path / "clean.json") == clean
    assert PostProcess.from_json(str(tmp_path / "clean.json")) == clean
    assert [path.name for path in tmp_path.iterdir()] == ["clean.json"]


def test_tuning_finds_the_best_of_all_combinations():
    generator = np.random.default_rng(0)
    truths = [np.kron(generator.random((4, 4)) > 0.5, np.ones((4, 4))).astype(int) for _ in range(3)]
    truths[1][:] = 0
    images = [np.clip(0.35 + 0.3 * truth + generator.normal(0, 0.12, truth.shape), 0, 1) for truth in truths]
    lists = {"threshold": [0.3, 0.5, 0.7], "low_threshold": [None, 0.4], "min_size": [0, 5], "max_hole": [0, None]}
    found = PostProcess.tune(images, truths, **lists)
    combinations = [dict(zip(lists, values, strict=True)) for values in itertools.product(*lists.values())]
    valid = [PostProcess(**one) for one in combinations if (one["low_threshold"] or 0) <= one["threshold"]]
    assert [options for options, _ in found.curve] == valid

    def mean_dice(options):
        pairs = [(truth, options(image)) for image, truth in zip(images, truths, strict=True)]
        return np.mean([2 * (t * p).sum() / (t.sum() + p.sum()) if (t + p).any() else 1 for t, p in pairs])

    assert [value for _, value in found.curve] == pytest.approx([mean_dice(options) for options in valid])
    assert found.score == max(value for _, value in found.curve) == pytest.approx(mean_dice(found.best))
    assert len({value for _, value in found.curve}) > 5


def test_tuning_takes_any_score_and_by_default_all_thresholds():
    image, truth = np.linspace(0, 1, 16).reshape(4, 4), np.zeros((4, 4), int)
    found = PostProcess.tune([image], [truth], score=lambda _, mask: -abs(int(mask.sum()) - 4), min_size=2)
    assert len(found.curve) == 19
    assert found.best(image).sum() == 4
    assert found.best.min_size == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"threshold": 1.5}, r"Expected threshold to be a number in \[0, 1\]"),
        ({"low_threshold": -0.1}, r"Expected low_threshold to be a number in \[0, 1\]"),
        ({"low_threshold": 0.6}, "Expected low_threshold to be at most threshold"),
        ({"max_hole": -1}, "Expected max_hole to be an integer of at least 0"),
        ({"min_size": -1}, "Expected min_size to be an integer of at least 0"),
        ({"keep_largest": 0}, "Expected keep_largest to be an integer of at least 1"),
        ({"connectivity": 0}, "Expected connectivity to be an integer of at least 1"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        PostProcess(**options)
    with pytest.raises(TypeError, match=message.removesuffix("at most threshold")):
        PostProcess(**dict.fromkeys(options, "1"))


@pytest.mark.parametrize("name", ["threshold", "min_size"])
def test_options_that_cannot_be_none(name):
    with pytest.raises(TypeError, match=f"Expected {name}"):
        PostProcess(**{name: None})


def test_bad_input_is_refused(tmp_path):
    for bad, message in [
        (np.zeros((2, 2, 2, 1)), "channel axis"),
        (np.full((2, 2), 2.0), "sigmoid"),
        ([0.5], "one image"),
    ]:
        with pytest.raises(ValueError, match=message):
            PostProcess()(bad)
    for text, message in [
        ("{", "Received no JSON"),
        ('{"treshold": 1}', "Expected JSON with the options"),
        ("{}x", "Received no JSON"),
    ]:
        with pytest.raises(ValueError, match=message):
            PostProcess.from_json(text)
    (tmp_path / "a.json").write_text("[]")
    with pytest.raises(ValueError, match=r"a\.json"):
        PostProcess.from_json(tmp_path / "a.json")
    image, truth = np.zeros((2, 2)), np.zeros((2, 2), int)
    for images, truths, options, message in [
        ([], [], {}, "Received 0 images and 0 truths"),
        ([image], [], {}, "Received 1 images and 0 truths"),
        ([image], [truth[:1]], {}, "at index 0"),
        ([image], [truth], {"threshold": [0.2], "low_threshold": [0.3]}, "Expected a combination"),
        ([image], [truth], {"score": lambda *_: np.nan}, "Expected score to return finite numbers"),
    ]:
        with pytest.raises(ValueError, match=message):
            PostProcess.tune(images, truths, **options)
    with pytest.raises(TypeError, match="treshold"):
        PostProcess.tune([image], [truth], treshold=[0.5])
