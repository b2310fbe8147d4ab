import math

import numpy as np
import pytest

from resunet_kit.metrics._checks import number_within


@pytest.mark.parametrize("value", [0, 1, 0.25, np.float32(0.5), np.int64(1)])
def test_numbers_of_python_and_numpy_pass_as_floats(value):
    found = number_within("share", value, most=1)
    assert type(found) is float
    assert found == value


@pytest.mark.parametrize("value", [-0.1, 1.5, math.nan, math.inf])
def test_numbers_out_of_range_are_named(value):
    with pytest.raises(ValueError, match=rf"`share` from 0 to 1, received {value}\. Pass"):
        number_within("share", value, most=1)


def test_without_a_limit_a_number_is_finite_still():
    assert number_within("tolerance", 1e9, most=math.inf) == 1e9
    with pytest.raises(ValueError, match=r"`tolerance` of at least 0, and finite, received inf"):
        number_within("tolerance", math.inf, most=math.inf)


@pytest.mark.parametrize("value", [True, "1", None, [1.0, 2.0], np.array([0.5])])
def test_anything_else_is_no_number(value):
    with pytest.raises(TypeError, match=r"`share` to be a single number, received .*once for each"):
        number_within("share", value, most=1)
