import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resunet_kit.inference import _stage
from resunet_kit.inference._stage import Stage
from resunet_kit.inference._two_stages import finding_probability, two_stages
from tests.inference.stages import SIDE, Lookup, copying_segmenter, mean_classifier, positions


def run(probabilities, threshold, batch_size):
    count = len(probabilities)
    models = Lookup(np.reshape(probabilities, (-1, 1))), Lookup(np.arange(count).reshape(-1, 1, 1, 1) / count)
    stages = [Stage(name, model, batch_size) for name, model in zip(("classifier", "segmenter"), models, strict=True)]
    images = positions(count, 1, 1)
    found = list(two_stages(images, *stages, threshold, lambda *result: result))
    return found, models


@settings(max_examples=40)
@given(st.lists(st.sampled_from([0.0, 0.4, 0.5, 1.0]), min_size=1, max_size=60), st.sampled_from([1, 3, 4]))
def test_the_segmenter_gets_whole_batches_of_what_passes(probabilities, batch_size):
    found, (classifier, segmenter) = run(probabilities, 0.5, batch_size)
    for index, ((position, probability, size, output), expected) in enumerate(zip(found, probabilities, strict=True)):
        assert (position, probability, size) == (index, pytest.approx(expected), (1, 1))
        assert (output is None) == (expected < 0.5)
        assert output is None or output == np.float32(index / len(probabilities))
    assert len(classifier.batches) == -(-len(probabilities) // batch_size)
    positives = sum(probability >= 0.5 for probability in probabilities)
    # Never more batches than whole ones and one, but where positives are so rare that results wait for one.
    assert len(segmenter.batches) <= positives // batch_size + 1 + len(probabilities) // (4 * batch_size)


def test_a_third_positive_fills_the_segmenters_batches():
    _, (classifier, segmenter) = run([1.0, 0.0, 0.0] * 40, 0.5, 8)
    assert (classifier.batches, segmenter.batches) == ([8] * 15, [8] * 5)


@pytest.mark.parametrize(("side", "resized"), [(SIDE, 4 + 0 + 4), (SIDE + 2, 4 + 4 + 4)])
def test_an_image_is_resized_once_for_models_of_one_size(side, resized, monkeypatch):
    """For the classifier, for the segmenter, and from its map to the image's size."""
    calls = []
    original = _stage.resize

    def spy(batch, size):
        calls.append(batch.shape[1:3] != tuple(size))
        return original(batch, size)

    monkeypatch.setattr(_stage, "resize", spy)
    stages = Stage("classifier", mean_classifier(), 4), Stage("segmenter", copying_segmenter(side=side), 4)
    images = [np.full((30, 30 + index % 2, 1), 0.5) for index in range(4)]
    found = list(two_stages(images, *stages, 0.0, lambda *result: result[-1].shape[:2]))
    assert found == [image.shape[:2] for image in images]
    assert sum(calls) == resized


def test_probabilities_stay_within_zero_and_one():
    assert finding_probability(np.float32([[1.0000002, 0], [0.3, 0.7]])).tolist() == [0, pytest.approx(0.7)]
    assert finding_probability(np.float32([[1.0000001], [-1e-6]])).tolist() == [1, 0]
