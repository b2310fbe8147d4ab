"""Random and damaged run lengths: decoded as by a slow, strict decoder, or refused with an error."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from resunet_kit.masks import from_coco_rle, from_rle, to_coco_rle, to_rle
from tests.strategies import masks

pytestmark = pytest.mark.slow
MASKS = masks(max_side=9)
HUGE = [2**31 - 1, 2**31, 2**32, 2**40, 2**63 - 1, 2**63, 2**64, 10**25]


def kaggle_by_loop(text, shape):
    """Return the mask, or None for text that is not a list of runs apart from each other in the image."""
    tokens = text.replace("\t", " ").replace("\r", " ").replace("\n", " ").split(" ")
    tokens = [token for token in tokens if token]
    if any(set(token) - set("0123456789") for token in tokens) or len(tokens) % 2:
        return None
    size = shape[0] * shape[1]
    pixels = [0] * size
    for start, length in zip(map(int, tokens[::2]), map(int, tokens[1::2]), strict=True):
        if start < 1 or length < 1 or start + length - 1 > size or any(pixels[start - 1 : start - 1 + length]):
            return None
        pixels[start - 1 : start - 1 + length] = [1] * length
    return np.reshape(pixels, shape[::-1]).T


def counts_by_loop(text):
    """Return the numbers of COCO's compressed text, or None."""
    counts, digits = [], []
    for code in (byte - 48 for byte in text):
        if not 0 <= code < 64:
            return None
        digits.append(code & 31)
        if code & 32:
            continue
        number = sum(digit << (5 * index) for index, digit in enumerate(digits))
        number -= (1 << (5 * len(digits))) if code & 16 else 0
        counts.append(number + (counts[-2] if len(counts) > 2 else 0))
        if len(digits) > 7:
            return None
        digits = []
    return None if digits else counts


def coco_by_loop(size, counts):
    """Return the mask, or None."""
    if isinstance(counts, str):
        counts = counts.encode("utf-8", "replace")
    if isinstance(counts, bytes):
        counts = counts_by_loop(counts)
    valid = all(type(length) is int and length > 0 for length in size) and len(size) == 2
    if counts is None or not valid or any(type(count) is not int or count < 0 for count in counts):
        return None
    if sum(counts) != size[0] * size[1]:
        return None
    pixels = [index % 2 for index, count in enumerate(counts) for _ in range(count)]
    return np.reshape(pixels, size[::-1]).T


def agree(decode, expected):
    """Call `decode`; it must return what is expected, or refuse where nothing is."""
    if expected is None:
        with pytest.raises((ValueError, TypeError), match=r"Expected (.|\n)*Received"):
            decode()
        return
    mask = decode()
    assert mask.dtype == np.uint8
    np.testing.assert_array_equal(mask, expected)


@st.composite
def damaged(draw, text, pieces):
    """Text in which up to three pieces are inserted, replaced, removed, doubled or cut off."""
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(text)))
        length = draw(st.integers(0, 3))
        piece = draw(pieces) if draw(st.booleans()) else text[start : start + 2 * length]
        rest = text[start + length :] if draw(st.integers(0, 4)) else text[:0]
        text = text[:start] + piece + rest
    return text


KAGGLE_PIECES = st.one_of(
    st.sampled_from([" ", "\n", "-", "+", ".5", "e3", ",", "_", "\x00", "٣", "²", "Ⅷ", "\u2003", "\xa0", "0", " 0 "]),
    st.integers(-2, 90).map(lambda number: f" {number} "),
    st.sampled_from(HUGE).map(lambda number: f" {number} "),
    st.text(max_size=3),
)


@settings(max_examples=300)
@given(st.data(), MASKS)
def test_damaged_kaggle_text(data, mask):
    text = data.draw(damaged(to_rle(mask), KAGGLE_PIECES))
    shape = data.draw(st.sampled_from([mask.shape, mask.shape[::-1], (3, 4)]))
    agree(lambda: from_rle(text, shape), kaggle_by_loop(text, shape))


@given(st.lists(st.one_of(st.integers(-1, 14), st.sampled_from(HUGE)).map(str), max_size=8).map(" ".join))
def test_numbers_that_might_be_kaggle_runs(text):
    agree(lambda: from_rle(text, (3, 4)), kaggle_by_loop(text, (3, 4)))


@settings(max_examples=300)
@given(st.data(), MASKS, st.booleans())
def test_damaged_coco_characters(data, mask, as_text):
    pieces = st.one_of(st.binary(max_size=9), st.text("0123<OPo_", max_size=9).map(str.encode))
    counts = data.draw(damaged(to_coco_rle(mask)["counts"], pieces))
    counts = counts.decode("latin-1") if as_text else counts
    agree(lambda: from_coco_rle({"size": mask.shape, "counts": counts}), coco_by_loop(mask.shape, counts))


@given(st.binary(max_size=10) | st.text("0123<OPo", max_size=10).map(str.encode))
def test_any_characters_with_the_size_that_fits(text):
    counts = counts_by_loop(text)
    total = sum(counts) if counts and min(counts) >= 0 else 0
    size = [total, 1] if 0 < total < 10_000 else [7, 5]  # masks to paint, not to fill the memory with
    agree(lambda: from_coco_rle({"size": size, "counts": text}), coco_by_loop(size, text))


@given(
    MASKS,
    st.lists(st.tuples(st.integers(0, 9), st.one_of(st.integers(-3, 9), st.sampled_from([*HUGE, 0.5, None, "1"])))),
    st.booleans(),
)
def test_damaged_coco_lists(mask, changes, whole):
    edges = np.flatnonzero(np.diff(mask.T.ravel(), prepend=False)).tolist()
    counts = np.diff([0, *edges, mask.size]).tolist()
    for index, value in changes[: 0 if whole else 2]:
        counts.insert(index, value)
    agree(lambda: from_coco_rle({"size": mask.shape, "counts": counts}), coco_by_loop(mask.shape, counts))


SIZES = st.one_of(st.integers(-2, 6), st.sampled_from([*HUGE, -(2**63), 2.0, "2", None, float("nan"), True]))


@given(
    st.lists(SIZES, min_size=1, max_size=3),
    st.sampled_from([b"4", b"121", [12], [2**62], [2**63], b"", "o", "PPPPPP1"]),
)
@example([2**31, 2**31], [2**62])
def test_sizes_that_no_mask_has_are_refused_before_memory_is_taken(size, counts):
    small = len(size) == 2 and all(type(length) is int and 0 < length < 7 for length in size)
    expected = coco_by_loop(size, counts) if small else None  # the loop itself would paint 2**62 pixels
    agree(lambda: from_coco_rle({"size": size, "counts": counts}), expected)
    if not small:
        agree(lambda: from_rle("1 0", tuple(size)), None)


def test_the_slow_decoders_themselves():
    np.testing.assert_array_equal(kaggle_by_loop("2 2\t6 1", (2, 3)), [[0, 1, 0], [1, 0, 1]])
    assert kaggle_by_loop("2 2 3 1", (2, 3)) is None
    np.testing.assert_array_equal(coco_by_loop([2, 3], "1210"), [[0, 1, 1], [1, 0, 1]])
    assert counts_by_loop(b"W>;k04") == [455, 11, 27, 15]


@pytest.mark.parametrize("shape", [(2**31, 2**31), (2**40, 2), (2**63, 1), (1, 10**30)])
def test_runs_that_fill_more_than_any_memory_are_refused(shape):
    size = shape[0] * shape[1]
    for decode in (
        lambda: from_coco_rle({"size": list(shape), "counts": [size] if size < 2**63 else b"1"}),
        lambda: from_rle("", shape),
        lambda: from_rle("1 1", shape),
    ):
        with pytest.raises(ValueError, match=r"at most 2\*\*40 pixels\. Received"):
            decode()
