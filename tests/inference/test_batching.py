import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resunet_kit.inference._batching import WAITING, SizeQueues, in_order, with_progress


def recording(batch_size):
    batches = []

    def predict(batch):
        batches.append((len(batch.items), *batch.items[0].shape))
        return [int(image[0, 0, 0]) for image in batch.items]

    return SizeQueues(batch_size, predict, lambda image: image.shape), batches


def images(sizes):
    return [np.full((size, 2, 1), index) for index, size in enumerate(sizes)]


@settings(max_examples=40)
@given(st.lists(st.integers(1, 4), max_size=60), st.integers(1, 5))
def test_each_image_gets_its_result_in_order(sizes, batch_size):
    queues, batches = recording(batch_size)
    assert list(in_order(images(sizes), queues)) == list(range(len(sizes)))
    assert sum(shape[0] for shape in batches) == len(sizes)
    assert max((shape[0] for shape in batches), default=1) <= batch_size


def test_batches_are_whole_where_sizes_alternate():
    queues, batches = recording(4)
    list(in_order(images([1, 2] * 8), queues))
    assert batches == [(4, 1, 2, 1), (4, 2, 2, 1)] * 2


def test_an_image_of_a_rare_size_does_not_hold_back_all_others():
    queues, batches = recording(4)
    peak = 0
    for index, image in enumerate(images([9, *[1] * 200])):
        queues.add(index, image)
        list(queues.ready())
        peak = max(peak, len(queues.results))
    assert peak <= (WAITING + 1) * 4
    assert (1, 9, 2, 1) in batches


def test_an_image_that_waits_does_not_hold_back_results_without_prediction():
    queues, batches = recording(4)
    queues.add(0, np.full((1, 1, 1), 0))
    for index in range(1, 100):
        queues.put(index, index)
    assert batches == [(1, 1, 1, 1)]
    assert list(queues.ready()) == [*range(100)]


def test_results_without_prediction_keep_their_order():
    queues, _ = recording(2)
    queues.add(0, np.full((1, 1, 1), 0))
    queues.put(1, "none")
    assert list(queues.ready()) == []
    assert list(queues.rest()) == [0, "none"]


@pytest.mark.parametrize("count", [3, None])
def test_progress_passes_results_on(count):
    assert list(with_progress(iter("abc"), count, 0)) == ["a", "b", "c"]
    assert list(with_progress([], count and 0, 1)) == []
