import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resunet_kit.masks import from_rle, to_rle
from tests.strategies import masks

MASKS = masks(max_side=9)


def encode_by_loop(mask):
    pixels = [*mask.T.ravel().tolist(), False]
    runs, start = [], None
    for position, value in enumerate(pixels, start=1):
        if value and start is None:
            start = position
        if not value and start is not None:
            runs += [start, position - start]
            start = None
    return " ".join(map(str, runs))


@given(MASKS)
def test_encodes_like_a_loop_over_the_pixels(mask):
    assert to_rle(mask) == encode_by_loop(mask)


@given(MASKS, st.sampled_from([bool, np.uint8, np.float32]))
def test_round_trip(mask, dtype):
    decoded = from_rle(to_rle(mask.astype(dtype)), mask.shape)
    assert decoded.dtype == np.uint8
    np.testing.assert_array_equal(decoded, mask)


@given(MASKS, st.randoms())
def test_the_order_of_the_runs_does_not_matter(mask, random):
    numbers = to_rle(mask).split()
    pairs = list(zip(numbers[::2], numbers[1::2], strict=True))
    random.shuffle(pairs)
    text = " ".join(" ".join(pair) for pair in pairs)
    np.testing.assert_array_equal(from_rle(text, mask.shape), mask)


def test_empty_full_and_one_pixel_masks():
    assert to_rle(np.zeros((3, 4))) == ""
    assert to_rle(np.full((3, 4), 255, np.uint8)) == "1 12"
    assert to_rle([[1]]) == "1 1"
    assert not from_rle("", (3, 4)).any()
    assert not from_rle("  \n", (3, 4)).any()
    assert from_rle("1 12", (3, 4)).all()


def test_touching_runs_and_any_whitespace():
    np.testing.assert_array_equal(from_rle("\t1 2\n3  1\r\n", (2, 2)), [[1, 1], [1, 0]])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 3 3 2", r"do not overlap\. Received '1 3' and '3 2'"),
        ("5 2 1 5", r"do not overlap\. Received '1 5' and '5 2'"),
        ("4 1 4 1", "do not overlap"),
        ("12 2", r"end at pixel 12 of shape \(3, 4\) or before\. Received '12 2' as run 1.*\(height, width\)"),
        ("13 1", "end at pixel 12"),
        ("1 1 9223372036854775807 9223372036854775807", "Received '9223372036854775807 9223372036854775807' as run 2"),
        ("1 99999999999999999999999", "end at pixel 12"),
        ("3 2 7", r"pairs of start and length\. Received 3 numbers, the last one 7.*cut off"),
        ("0 3", r"starts from 1\. Received '0 3' as run 1\. Add 1"),
        ("1 1 4 0", r"lengths from 1\. Received '4 0' as run 2"),
        ("-4 3", r"integers separated by spaces\. Received '-4'"),
        ("-1", "Received '-1'.*empty mask"),
        ("4 3.5", "Received '3.5'"),
        ("4,3", "Received '4,3'"),
        ("+4 3", "Received"),
        ("4 3 nan", "Received 'nan'"),
        ("1_0 3", "Received '1_0'"),
        ("٣ 1", "Received '٣'"),
        ("1\u00a03", "Received"),
        ("1\x0b3", "Received"),
        ("\ud800", "Received"),
    ],
)
def test_damaged_text(text, message):
    with pytest.raises(ValueError, match=message):
        from_rle(text, (3, 4))


@pytest.mark.parametrize("text", [float("nan"), None, b"1 2", [1, 2]])
def test_text_must_be_a_string(text):
    with pytest.raises(TypeError, match=r"as a string.*fillna"):
        from_rle(text, (3, 4))
