import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resunet_kit.masks import _integer_text
from resunet_kit.masks._integer_text import join_integers

NUMBERS = st.one_of(st.integers(1, 12_000), st.integers(0, 12).map(lambda n: 10**n), st.integers(1, 2**40))


@given(st.lists(NUMBERS))
def test_numbers_are_spelled_like_by_python(numbers):
    assert join_integers(np.array(numbers, np.int64)) == " ".join(map(str, numbers))


@pytest.mark.parametrize("dtype", [np.int32, np.int64])
def test_numbers_of_every_length_over_several_parts(dtype, monkeypatch):
    monkeypatch.setattr(_integer_text, "_CHUNK", 5)
    numbers = np.array([10**n + d for n in range(1, 9) for d in (-1, 0, 1)], dtype)
    assert join_integers(numbers) == " ".join(map(str, numbers.tolist()))
