import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resunet_kit.masks import _coco_text
from resunet_kit.masks._coco_text import compress, decompress

COUNTS = st.lists(st.one_of(st.integers(0, 40), st.integers(0, 2**29), st.sampled_from([15, 16, 511, 512])), min_size=1)


def spell(number):
    """One number as the format's C source writes it, character by character."""
    text, more = b"", True
    while more:
        bits, number = number & 0x1F, number >> 5
        more = number != (-1 if bits & 0x10 else 0)
        text += bytes([48 + bits + 0x20 * more])
    return text


def by_loop(counts):
    return b"".join(spell(count - counts[i - 2] if i > 2 else count) for i, count in enumerate(counts))


@given(COUNTS, st.sampled_from([np.int32, np.int64]))
def test_each_number_is_spelled_and_read_back(counts, dtype):
    text = compress(np.array(counts, dtype))
    assert text == by_loop(counts)
    assert decompress(text).tolist() == counts


@pytest.mark.parametrize("chunk", [15, 16, 17, 64])
def test_parts_are_cut_between_numbers(chunk, monkeypatch):
    monkeypatch.setattr(_coco_text, "_CHUNK", chunk)
    generator = np.random.default_rng(chunk)
    counts = (2 ** generator.uniform(0, 29, 300)).astype(np.int64).tolist()
    text = compress(np.array(counts))
    assert text == by_loop(counts)
    assert decompress(text).tolist() == counts


def test_numbers_beyond_32_bits_are_exact():
    counts = [2**33, 5, 2**33 + 7, 2**31, 3, 2**32 - 1, 1]
    text = compress(np.array(counts))
    assert text == by_loop(counts)
    assert decompress(text).tolist() == counts


def test_numbers_written_longer_than_needed_are_read():
    assert decompress(b"PPPPPP01").tolist() == [0, 1]  # 0 in seven characters
    assert decompress(b"oooooo?1").tolist() == [2**34 - 1, 1]
