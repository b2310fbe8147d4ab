import threading

import pytest

from resunet_kit.data.batches.read_ahead import ReadAhead


class Source:
    def __init__(self, count):
        self.calls, self.parallel, self.lock = [], [], threading.Lock()
        self.batches = ReadAhead(self.read, count)

    def read(self, index, each=map):
        with self.lock:
            self.calls.append(index)
            self.parallel.append(each is not map)
        return list(each(lambda part: 10 * index + part, range(3)))


def values(index):
    return [10 * index, 10 * index + 1, 10 * index + 2]


def test_in_order_each_batch_is_read_once():
    source = Source(20)
    assert [source.batches[index] for index in range(20)] == [values(index) for index in range(20)]
    source.batches.close()
    assert sorted(source.calls) == list(range(20))
    assert source.parallel.count(True) == 1  # the first, for which nothing could be read ahead


@pytest.mark.parametrize("order", [[7, 2, 3, 0, 1, 6, 5, 4], [0, 0, 1, 0, 7, 7], [5]])
def test_any_order_gives_the_batch_of_the_index(order):
    source = Source(8)
    assert [source.batches[index] for index in order] == [values(index) for index in order]
    source.batches.close()


def test_out_of_order_files_are_read_in_parallel():
    source = Source(8)
    source.batches[5], source.batches[2]
    assert source.parallel == [True, True]


def test_nothing_is_read_ahead_once_closed():
    source = Source(20)
    source.batches[0]
    assert source.batches.close()
    assert not source.batches.close()
    before = len(source.calls)
    assert source.batches[4] == values(4)
    assert len(source.calls) == before + 1


def test_errors_arrive_with_their_batch():
    def read(index, each=map):
        if index == 2:
            raise ValueError("third")
        return index

    batches = ReadAhead(read, 4)
    assert [batches[0], batches[1]] == [0, 1]
    with pytest.raises(ValueError, match="third"):
        batches[2]
    assert batches[3] == 3
    batches.close()
