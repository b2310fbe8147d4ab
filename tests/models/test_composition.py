from functools import partial
from typing import get_args

import keras
import numpy as np
import pytest

from resunet_kit import blocks
from resunet_kit.models._composition import BLOCKS, BlockName, call_block, first_block, max_pool, resolve_block

OPTIONS = {"norm": "batch", "activation": "relu", "dropout": 0.5, "name": "unit"}


def recorder(calls):
    def record(x, filters, options):
        calls.append((tuple(x.shape), filters, options))
        return x

    return record


def test_a_block_gets_only_the_options_of_its_signature():
    calls = []
    record = recorder(calls)

    def block(x, filters, *, strides, name=None):
        return record(x, filters, {"strides": strides, "name": name})

    call_block(block, keras.Input((8, 8, 3)), 4, strides=2, **OPTIONS)
    assert calls == [((None, 8, 8, 3), 4, {"strides": 2, "name": "unit"})]


def test_a_block_with_keyword_arguments_of_any_name_gets_all():
    calls = []
    record = recorder(calls)
    call_block(lambda x, filters, **options: record(x, filters, options), keras.Input((8, 8, 3)), 4, **OPTIONS)
    assert calls == [((None, 8, 8, 3), 4, {**OPTIONS, "strides": 1})]


@pytest.mark.parametrize(("strides", "side"), [(1, 7), (2, 4)])
def test_a_block_without_strides_gets_pooled_features(strides, side):
    calls = []
    record = recorder(calls)
    call_block(lambda x, filters: record(x, filters, {}), keras.Input((7, 7, 3)), 4, strides=strides, **OPTIONS)
    assert calls == [((None, side, side, 3), 4, {})]


def test_names_of_blocks_are_resolved_and_callables_returned():
    assert resolve_block("residual") is blocks.residual_block
    assert resolve_block(print) is print
    assert set(BLOCKS) == set(get_args(BlockName))
    with pytest.raises(ValueError, match=r"Received stem='preactivatoin'. Did you mean 'preactivation'"):
        resolve_block("preactivatoin", option="stem")


def test_the_first_block_sees_the_image_before_any_normalisation():
    for name in BLOCKS:
        inputs = keras.Input((8, 8, 3))
        model = keras.Model(inputs, first_block(name)(inputs, 4))
        fed = [layer for layer in model.layers[1:] if layer.input is inputs]
        assert fed, name
        assert all(isinstance(layer, keras.layers.Conv2D) for layer in fed), name
    own = partial(blocks.preactivation_block, dilation_rate=2)
    assert first_block(own) is own


@pytest.mark.parametrize("size", [(5, 4), (3, 4, 5)])
def test_max_pool_keeps_the_largest_of_every_window_and_rounds_up(size):
    x = np.random.default_rng(0).normal(size=(2, *size, 3)).astype("float32")
    padded = np.pad(x, [(0, 0), *((0, side % 2) for side in size), (0, 0)], constant_values=-np.inf)
    expected = padded
    for axis in range(1, len(size) + 1):
        even, odd = (np.take(expected, range(i, expected.shape[axis], 2), axis) for i in (0, 1))
        expected = np.maximum(even, odd)
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(max_pool(x, 2)), expected)
