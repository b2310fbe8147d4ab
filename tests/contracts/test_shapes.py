"""Output shape and dtype: odd, prime and unknown sides, images and volumes, channels, dtype policies."""

import keras
import numpy as np
import pytest

from tests.contracts.descriptors import (
    BLOCKS,
    BUILDERS,
    CASES,
    IMAGE,
    LIGHT,
    STRIDED_BLOCKS,
    VOLUME,
    images,
    label,
)

COMPUTE = {"mixed_float16": "float16", "mixed_bfloat16": "bfloat16"}


@pytest.fixture
def policy(request):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(request.param)
    yield request.param
    keras.config.set_dtype_policy(before)


def array(outputs):
    return np.asarray(keras.ops.convert_to_numpy(keras.ops.cast(outputs, "float32")))


@pytest.mark.parametrize(("descriptor", "rank"), CASES, ids=label)
def test_unknown_sides_give_the_shape_and_the_values_of_known_ones(descriptor, rank):
    shape = descriptor.shape(rank)
    fixed, free = descriptor.build(shape), descriptor.build(descriptor.shape(rank, known=False))
    free.set_weights(fixed.get_weights())
    assert fixed.output_shape == (None, *descriptor.output(shape))

    inputs = images(shape)
    outputs = array(fixed(inputs, training=False))
    assert outputs.shape == (2, *descriptor.output(shape))
    assert np.isfinite(outputs).all()
    np.testing.assert_allclose(array(free(inputs, training=False)), outputs, rtol=1e-4, atol=1e-5)

    other = (*(side + 4 for side in shape[:-1]), shape[-1])
    assert free(images(other), training=False).shape == (2, *descriptor.output(other))


def policy_cases():
    for descriptor, rank in CASES:
        builder = descriptor in BUILDERS
        for name in COMPUTE:
            # Builders take longer: float16 on images, bfloat16 on volumes, and what float16 volumes lack.
            wanted = IMAGE if name == "mixed_float16" else descriptor.ranks[-1]
            if builder and rank != wanted and not descriptor.no_float16_volumes:
                continue
            lacks = descriptor.no_float16_volumes if name == "mixed_float16" and rank == VOLUME else ""
            on_cpu = keras.backend.backend() == "tensorflow"
            marks = [pytest.mark.xfail(on_cpu, reason=lacks, raises=Exception)] if lacks else []
            yield pytest.param(descriptor, rank, name, marks=marks)


@pytest.mark.parametrize(("descriptor", "rank", "policy"), list(policy_cases()), ids=label, indirect=["policy"])
def test_mixed_precision_runs_and_gives_the_promised_dtype(descriptor, rank, policy):
    shape = descriptor.shape(rank)
    outputs = descriptor.build(shape)(images(shape), training=False)
    expected = "float32" if descriptor.always_float32 else COMPUTE[policy]
    assert keras.backend.standardize_dtype(outputs.dtype) == expected
    assert outputs.shape == (2, *descriptor.output(shape))
    assert np.isfinite(array(outputs)).all()


# The first instance of each public name.
FIRST = list({descriptor.of: descriptor for descriptor in reversed(LIGHT)}.values())


@pytest.mark.parametrize("descriptor", FIRST, ids=label)
@pytest.mark.parametrize("channels", [1, 2, 4, 5])
def test_any_number_of_channels(descriptor, channels):
    rank = descriptor.ranks[0]
    shape = descriptor.shape(rank, channels)
    assert descriptor.build(shape).output_shape == (None, *descriptor.output(shape))


@pytest.mark.parametrize("block", STRIDED_BLOCKS, ids=lambda block: block.__name__)
@pytest.mark.parametrize("sides", [(1, 2), (5, 8), (7, 3, 2), (None, 4, None)], ids=str)
def test_a_block_gives_its_filters_and_halves_sides_by_ceil(block, sides):
    inputs = keras.Input((*sides, 3))
    halved = tuple(None if side is None else -(-side // 2) for side in sides)
    for filters in (1, 5):
        assert block(inputs, filters).shape == (None, *sides, filters)
        assert block(inputs, filters, strides=2).shape == (None, *halved, filters)


def test_every_block_with_strides_is_among_those():
    assert {descriptor.of for descriptor in BLOCKS} == {block.__name__ for block in STRIDED_BLOCKS}
