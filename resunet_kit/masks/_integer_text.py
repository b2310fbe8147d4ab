"""Many whole numbers as text in one go."""

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray

_GROUP = 10_000  # four digits are written at once, as one 32-bit word of a table
_AT_ONCE = 1 << 15  # numbers: what is computed of so many stays in the processor's cache


def join_numbers(numbers: NDArray[np.signedinteger[Any]]) -> str:
    """Return the numbers with a space between each two.

    Args:
        numbers: Positive integers.
    """
    if numbers.size == 0:
        return ""
    largest, groups = int(numbers.max()), 1
    while largest >= _GROUP**groups:
        groups += 1
    words = _words()
    parts = (_spell(numbers[i : i + _AT_ONCE], groups, words) for i in range(0, numbers.size, _AT_ONCE))
    return b"".join(parts)[:-1].decode("ascii")


@functools.cache
def _words() -> NDArray[np.uint32]:
    """Return 0 to 9999 as four characters, without leading zeros (NUL instead), then the same with them."""
    values = np.arange(_GROUP)[:, None]
    digits = values // [1000, 100, 10, 1] % 10
    full = (digits + ord("0")).astype(np.uint8)
    short = np.where(values >= [1000, 100, 10, 1], full, 0).astype(np.uint8)
    return np.concatenate([short, full]).view(np.uint32).ravel()


def _spell(numbers: NDArray[np.signedinteger[Any]], groups: int, words: NDArray[np.uint32]) -> bytes:
    text = np.empty((numbers.size, groups + 1), np.uint32)
    text[:, groups] = np.frombuffer(b" \0\0\0", np.uint32)
    for group in reversed(range(groups)):
        above = numbers // _GROUP
        text[:, group] = words[numbers - above * _GROUP + _GROUP * (above > 0)]
        numbers = above
    return text.tobytes().translate(None, b"\0")
