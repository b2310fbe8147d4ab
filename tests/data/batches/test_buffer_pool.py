import threading

import numpy as np

from resunet_kit.data.batches.buffer_pool import BufferPool


def test_arrays_are_aligned_and_as_asked():
    array = BufferPool().empty((3, 5, 2), np.float32)
    assert (array.shape, array.dtype, array.ctypes.data % 64) == ((3, 5, 2), np.float32, 0)
    assert array.flags.c_contiguous
    assert array.flags.writeable


def test_memory_is_reused_only_when_no_view_is_left():
    pool = BufferPool()
    array = pool.empty((4, 4), np.float32)
    view, address = array[1:, ::2].T, array.ctypes.data
    del array
    other = pool.empty((4, 4), np.float32)
    assert not np.shares_memory(view, other)
    del view
    assert pool.empty((2, 4), np.float32).ctypes.data == address


def test_larger_arrays_get_new_memory_and_the_pool_is_limited():
    pool = BufferPool()
    held = [pool.empty((number,), np.uint8) for number in range(1, 40)]
    for number, array in enumerate(held):
        array[:] = number
    assert all((array == number).all() for number, array in enumerate(held))
    held.clear()
    del array
    assert len(pool._free) == 8
    assert pool.empty((1000,), np.uint8).size == 1000


def test_threads_never_share_memory():
    pool, wrong = BufferPool(), []

    def work(number):
        for _ in range(300):
            array = pool.empty((256,), np.uint8)
            array[:] = number
            if (array != number).any():
                wrong.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_small_array_does_not_hold_a_large_block():
    pool = BufferPool()
    large = pool.empty((100_000,), np.uint8)
    del large
    small = pool.empty((10,), np.uint8)
    assert small.base.base._memory.nbytes < 200
