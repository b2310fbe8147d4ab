"""COCO's compressed run lengths: integers encoded as characters.

A number is written from its low bits up, five per character, until only its sign is left. From the fourth count on, the
difference from the count two before is written: neighbouring columns have similar runs.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

_Integers = NDArray[np.signedinteger[Any]]

_BITS = 5  # of the number in each character
_MORE = 1 << _BITS  # set when another character of the same number follows
_SIGN = 1 << (_BITS - 1)  # set in the last character of a negative number
_FIRST = 48  # the character that stands for 0, "0"
_LONGEST = 7  # characters per number: 35 bits hold the difference of any two counts of pycocotools' 32
_CHUNK = 1 << 15  # numbers or characters at once, so that intermediate arrays stay in the processor's cache


def compress(counts: _Integers) -> bytes:
    """Return the characters of run lengths.

    Args:
        counts: Non-negative; their dtype holds the difference of any two.
    """
    numbers = counts.copy()
    numbers[3:] -= counts[1:-2]
    return b"".join(_characters(numbers[i : i + _CHUNK]).tobytes() for i in range(0, numbers.size, _CHUNK))


def _characters(numbers: _Integers) -> NDArray[np.uint8]:
    magnitude = numbers ^ (numbers >> (8 * numbers.itemsize - 1))  # ~number where negative
    lengths = np.ones(numbers.size, np.uint8)
    limit, largest = _SIGN, int(magnitude.max())
    while limit <= largest:  # each round finds what needs another character, from 16 on, from 512 on, ...
        lengths += magnitude >= limit
        limit <<= _BITS
    if limit == _SIGN:
        return _digits(numbers & (_MORE - 1), np.False_)
    ends = np.cumsum(lengths, dtype=np.intp)
    starts = ends - lengths
    text = np.empty(ends[-1], np.uint8)
    text[starts] = _digits(numbers & (_MORE - 1), lengths > 1)
    for digit in range(1, int(lengths.max())):  # at most 7: no loop over runs
        long = np.flatnonzero(lengths > digit)
        bits = (numbers[long] >> (_BITS * digit)) & (_MORE - 1)
        text[starts[long] + digit] = _digits(bits, lengths[long] > digit + 1)
    return text


def _digits(bits: _Integers, more: NDArray[np.bool_] | np.bool_) -> NDArray[np.uint8]:
    return bits.astype(np.uint8) + more * np.uint8(_MORE) + np.uint8(_FIRST)


def decompress(text: bytes) -> NDArray[np.int64]:
    """Return the run lengths encoded by characters, without checking that they are valid lengths.

    Args:
        text: The characters.

    Raises:
        ValueError: If a character is not of this format, a number has too many characters, or the last number is cut
            off.
    """
    codes = np.frombuffer(text, np.uint8) - np.uint8(_FIRST)  # codes below "0" wrap round to numbers above all others
    if codes.size == 0:
        return np.empty(0, np.int64)
    more = (codes & np.uint8(_MORE)) != 0
    _check_characters(text, codes)
    _check_lengths(more)
    dtype = np.int64 if _in_a_row(more, _LONGEST - 1).any() else np.int32  # six characters hold 30 bits
    counts = np.empty(more.size - np.count_nonzero(more), np.int64)
    filled = 0
    for part in _parts(more):
        numbers = _numbers(codes[part], more[part], dtype)
        stop = filled + numbers.size
        for first in range(min(numbers.size, 2)):
            sums = np.cumsum(numbers[first::2], dtype=np.int64)
            sums += counts[filled + first - 2] if filled else 0
            counts[filled + first : stop : 2] = sums
        if filled == 0:
            counts[2:stop:2] -= counts[0]  # the third count is written as it is
        filled = stop
    return counts


def _parts(more: NDArray[np.bool_]) -> Iterator[slice]:
    """Yield slices that end between two numbers."""
    start = 0
    while start < more.size:
        stop = start + _CHUNK
        stop += int(np.argmin(more[stop - 1 : stop + _LONGEST])) if stop < more.size else 0
        yield slice(start, stop)
        start = stop


def _numbers(codes: NDArray[np.uint8], more: NDArray[np.bool_], dtype: type[np.signedinteger[Any]]) -> _Integers:
    # The sign of a number is that of its last character; all others are digits from 0 to 31.
    bits = codes & np.uint8(_MORE - 1)
    # _MORE is twice _SIGN. By np.where this would take ten times as long.
    negative = bits & np.uint8(_SIGN) & ~(codes >> np.uint8(1))
    values = (bits - 2 * negative).view(np.int8).astype(dtype)
    unfinished, digit = np.flatnonzero(more), 1
    while unfinished.size:  # at most 6 rounds; in each the value that follows comes from one character further
        values[unfinished] = bits[unfinished] + (values[unfinished + 1] << _BITS)
        unfinished = unfinished[more[unfinished + digit]]
        digit += 1
    return values[np.flatnonzero(np.append(True, ~more[:-1]))]  # faster than by the booleans themselves


def _in_a_row(more: NDArray[np.bool_], times: int) -> NDArray[np.bool_]:
    """Return where `times` characters in a row are all followed by another one of the same number."""
    starts = max(more.size - times + 1, 0)
    row = more[:starts].copy()
    for offset in range(1, times):
        row &= more[offset : offset + starts]
    return row


def _check_characters(text: bytes, codes: NDArray[np.uint8]) -> None:
    if codes.max() >= 2 * _MORE:
        position = int(np.argmax(codes >= 2 * _MORE))
        raise ValueError(
            f"Expected compressed counts of the characters '0' to 'o'. Received {text[position : position + 1]!r} "
            f"at position {position}. Pass plain counts as a list of integers, and Kaggle's text to `from_rle`."
        )
    if codes[-1] & _MORE:
        raise ValueError(
            f"Expected compressed counts that end with a number. Received {text[-10:]!r} at the end. "
            "The text was cut off: encode again."
        )


def _check_lengths(more: NDArray[np.bool_]) -> None:
    too_long = _in_a_row(more, _LONGEST)
    if too_long.any():
        characters = int(np.argmin(more[np.argmax(too_long) :])) + 1
        raise ValueError(
            f"Expected numbers of at most {_LONGEST} characters. Received one of {characters}. "
            "The counts are damaged: encode again."
        )
