"""Vectorised conversion of many integers to text."""

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray

_GROUP = 10_000  # four digits are written at once, as one 32-bit word of a table
_CHUNK = 1 << 15  # integers at once, so that intermediate arrays stay in the processor's cache


def join_integers(integers: NDArray[np.signedinteger[Any]]) -> str:
    """Return positive integers as text, separated by spaces.

    Args:
        integers: `(n,)`.
    """
    if integers.size == 0:
        return ""
    largest, groups = int(integers.max()), 1
    while largest >= _GROUP**groups:
        groups += 1
    words = _words()
    parts = (_spell(integers[i : i + _CHUNK], groups, words) for i in range(0, integers.size, _CHUNK))
    return b"".join(parts)[:-1].decode("ascii")


@functools.cache
def _words() -> NDArray[np.uint32]:
    """Return 0 to 9999 as four characters, without leading zeros (NUL instead), then the same with them."""
    values = np.arange(_GROUP)[:, None]
    digits = values // [1000, 100, 10, 1] % 10
    full = (digits + ord("0")).astype(np.uint8)
    short = np.where(values >= [1000, 100, 10, 1], full, 0).astype(np.uint8)
    return np.concatenate([short, full]).view(np.uint32).ravel()


def _spell(integers: NDArray[np.signedinteger[Any]], groups: int, words: NDArray[np.uint32]) -> bytes:
    text = np.empty((integers.size, groups + 1), np.uint32)
    text[:, groups] = np.frombuffer(b" \0\0\0", np.uint32)
    for group in reversed(range(groups)):
        above = integers // _GROUP
        text[:, group] = words[integers - above * _GROUP + _GROUP * (above > 0)]
        integers = above
    return text.tobytes().translate(None, b"\0")
