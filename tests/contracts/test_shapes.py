"""Output shape and dtype: odd, prime and variable sizes, images and volumes, channels, dtype policies."""

import keras
import numpy as np
import pytest

from tests.contracts.descriptors import (
    BLOCKS,
    BUILDERS,
    DESCRIPTORS,
    LIGHT,
    STRIDED_BLOCKS,
    VOLUME,
    first_of_each_name,
    images,
    label,
    rank_cases,
    rank_marks,
    ranks_to_run,
)
from tests.contracts.running import as_float32, run

COMPUTE = {"mixed_float16": "float16", "mixed_bfloat16": "bfloat16"}


@pytest.fixture
def policy(request):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(request.param)
    yield request.param
    keras.config.set_dtype_policy(before)


def symbolic(model):
    return [output.shape[1:] for output in model.outputs]


@pytest.mark.parametrize(("descriptor", "rank"), rank_cases(LIGHT, 1), ids=label)
def test_a_variable_shape_gives_the_outputs_of_a_static_one(descriptor, rank):
    shape = descriptor.shape(rank)
    static, variable = descriptor.build(shape), descriptor.build(descriptor.shape(rank, static=False))
    variable.set_weights(static.get_weights())
    shapes = descriptor.outputs(shape)
    assert symbolic(static) == shapes

    inputs = images(shape)
    for found, other, expected in zip(run(static, inputs), run(variable, inputs), shapes, strict=True):
        assert found.shape == (2, *expected)
        assert np.isfinite(as_float32(found)).all()
        np.testing.assert_allclose(as_float32(other), as_float32(found), rtol=1e-4, atol=1e-5)

    larger = (*(side + 4 for side in shape[:-1]), shape[-1])
    assert [output.shape for output in run(variable, images(larger))] == [(2, *s) for s in descriptor.outputs(larger)]


def policy_ranks(descriptor, name, turn):
    """Return the ranks for a policy; builders take longer: float16 on images, bfloat16 on volumes if both can run."""
    ranks = ranks_to_run(descriptor, turn)
    if descriptor not in BUILDERS or descriptor.no_float16_volumes or len(ranks) == 1:
        return ranks
    return ranks[:1] if name == "mixed_float16" else ranks[-1:]


def policy_cases():
    for descriptor in LIGHT:
        for turn, name in enumerate(COMPUTE):
            for rank in policy_ranks(descriptor, name, turn):
                lacks = descriptor.no_float16_volumes if name == "mixed_float16" and rank == VOLUME else {}
                reason = lacks.get(keras.backend.backend())
                marks = rank_marks(descriptor, rank, turn) if len(policy_ranks(descriptor, name, turn)) > 1 else []
                if (DESCRIPTORS.index(descriptor) // 2 + turn) % 2:  # the other policy is that of `make test`
                    marks = [pytest.mark.slow]
                if reason:
                    marks = [*marks, pytest.mark.xfail(reason=reason, raises=Exception)]
                yield pytest.param(descriptor, rank, name, marks=marks)


@pytest.mark.parametrize(("descriptor", "rank", "policy"), list(policy_cases()), ids=label, indirect=["policy"])
def test_mixed_precision_runs_and_gives_the_promised_dtype(descriptor, rank, policy):
    shape = descriptor.shape(rank)
    expected = "float32" if descriptor.always_float32 else COMPUTE[policy]
    outputs = run(descriptor.build(shape), images(shape))
    assert [output.shape for output in outputs] == [(2, *found) for found in descriptor.outputs(shape)]
    for output in outputs:
        assert keras.backend.standardize_dtype(output.dtype) == expected
        assert np.isfinite(as_float32(output)).all()


# The first instance of each public name.
FIRST = first_of_each_name(LIGHT)


@pytest.mark.skipif(keras.backend.backend() == "jax", reason="JAX has no float64 unless it is asked for at its start")
@pytest.mark.parametrize("descriptor", FIRST, ids=label)
@pytest.mark.parametrize("policy", ["float64"], indirect=True)
def test_double_precision_runs(descriptor, policy):
    # Max-pooling of volumes lacks float64 where it lacks float16.
    shape = descriptor.shape(descriptor.ranks[0 if descriptor.no_float16_volumes else -1])
    for output in run(descriptor.build(shape), images(shape).astype("float64")):
        expected = "float32" if descriptor.always_float32 else "float64"
        assert keras.backend.standardize_dtype(output.dtype) == expected


@pytest.mark.parametrize("descriptor", FIRST, ids=label)
@pytest.mark.parametrize("channels", [1, 4, *(pytest.param(count, marks=pytest.mark.slow) for count in (2, 5))])
def test_any_number_of_channels(descriptor, channels):
    rank = descriptor.ranks[0]
    shape = descriptor.shape(rank, channels)
    assert symbolic(descriptor.build(shape)) == descriptor.outputs(shape)


@pytest.mark.parametrize("block", STRIDED_BLOCKS, ids=lambda block: block.__name__)
@pytest.mark.parametrize("size", [(1, 2), (5, 8), (7, 3, 2), (None, 4, None)], ids=str)
def test_a_block_has_its_filters_and_halves_the_size_by_ceil(block, size):
    inputs = keras.Input((*size, 3))
    halved = tuple(None if side is None else -(-side // 2) for side in size)
    for filters in (1, 5):
        assert block(inputs, filters).shape == (None, *size, filters)
        assert block(inputs, filters, strides=2).shape == (None, *halved, filters)


def test_every_block_with_strides_is_among_those():
    assert {descriptor.of for descriptor in BLOCKS} == {block.__name__ for block in STRIDED_BLOCKS}
