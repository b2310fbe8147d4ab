"""Hypothesis strategies of masks, images, probabilities, labels and scores."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

UNIT = st.floats(0, 1)
SPACINGS = st.tuples(*[st.floats(0.25, 4)] * 3)  # of three axes; cut to a mask's axes
CONNECTIVITIES = st.sampled_from([None, 1, 2])


def shapes(ndims=(2, 2), *, max_side=7):
    """Return shapes of `ndims[0]` to `ndims[1]` axes, each of 1 to `max_side` pixels."""
    return hnp.array_shapes(min_dims=ndims[0], max_dims=ndims[1], max_side=max_side)


def masks(shape=None, *, ndims=(2, 2), max_side=7):
    """Return boolean masks of a given or of any shape."""
    return hnp.arrays(bool, shape or shapes(ndims, max_side=max_side))


def mask_pairs(*, ndims=(2, 3), max_side=7):
    """Return truth and prediction: two boolean masks of one shape."""
    return shapes(ndims, max_side=max_side).flatmap(lambda shape: st.tuples(masks(shape), masks(shape)))


def label_maps(shape=None, *, classes=5, dtype=np.int64, ndims=(2, 2), max_side=7):
    """Return class labels from 0 to `classes - 1`."""
    return hnp.arrays(dtype, shape or shapes(ndims, max_side=max_side), elements=st.integers(0, classes - 1))


def probabilities(shape=None, *, ndims=(2, 2), max_side=7, width=32):
    """Return float32 probabilities in [0, 1]; with a `width` of 16 they tie more often."""
    elements = st.floats(0, 1, width=width)
    return hnp.arrays("float32", shape or shapes(ndims, max_side=max_side), elements=elements)


def images(shape=None, *, max_side=6, channels=3):
    """Return uint8 images `(height, width, channels)`."""
    sizes = st.just(shape) if shape else shapes(max_side=max_side)
    return sizes.flatmap(lambda size: hnp.arrays(np.uint8, (*size, channels)))


def labelled_probabilities(*, max_size=40):
    """Return labels and probabilities of 1 to `max_size` cases, as two tuples."""
    cases = st.lists(st.tuples(st.booleans(), UNIT), min_size=1, max_size=max_size)
    return cases.map(lambda rows: tuple(zip(*rows, strict=True)))


@st.composite
def labelled_scores(draw, *, max_size=40):
    """Return labels of both classes, and scores of one decimal, which tie."""
    size = draw(st.integers(2, max_size))
    truth = np.array([True, False, *draw(st.lists(st.booleans(), min_size=size - 2, max_size=size - 2))])
    values = st.floats(-5, 5).map(lambda value: round(value, 1))
    return truth, np.array(draw(st.lists(values, min_size=size, max_size=size)))
