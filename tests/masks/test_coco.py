import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycocotools import mask as pycocotools

from resunet_kit.masks import from_coco_rle, to_coco_rle
from tests.strategies import masks

MASKS = masks(max_side=12)


def disc():
    rows, columns = np.mgrid[:40, :50]
    return (rows - 20) ** 2 + (columns - 25) ** 2 < 15**2


def speck_and_corner():
    mask = np.zeros((1000, 1200), bool)
    mask[3, 5] = True
    mask[900:, 1197:] = True
    return mask


# The bytes that pycocotools.mask.encode (2.0) wrote for these masks.
GOLDEN = {
    "empty": (np.zeros((3, 4), bool), b"<"),
    "full": (np.ones((3, 4), bool), b"0<"),
    "diagonal": (np.eye(5, dtype=bool), b"0150000000"),
    "checkers": (np.mgrid[:3, :4].sum(axis=0) % 2 == 1, b"111000000000"),
    "row": (np.arange(7)[None] % 3 == 0, b"012000"),
    "column": (np.arange(7)[:, None] % 3 == 0, b"012000"),
    "disc": (disc(), b"W>;k04M2M4M2O0O2N2O0O2O00000000000000000001N101N2N101N3L3N3LS<"),
    "speck and corner": (speck_and_corner(), b"[l41Pn\\T1S3TnckN000"),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_writes_and_reads_the_bytes_of_pycocotools(name):
    mask, counts = GOLDEN[name]
    assert to_coco_rle(mask) == {"size": list(mask.shape), "counts": counts}
    np.testing.assert_array_equal(from_coco_rle({"size": list(mask.shape), "counts": counts}), mask)


@given(MASKS)
def test_round_trip_also_through_json(mask):
    rle = to_coco_rle(mask)
    decoded = from_coco_rle(rle)
    assert decoded.dtype == np.uint8
    np.testing.assert_array_equal(decoded, mask)
    line = json.dumps({"size": rle["size"], "counts": rle["counts"].decode("ascii")})
    np.testing.assert_array_equal(from_coco_rle(json.loads(line)), mask)


@given(MASKS)
def test_json_takes_counts_as_text_and_as_a_list(mask):
    for counts in ("str", "list"):
        rle = to_coco_rle(mask, counts=counts)
        assert json.loads(json.dumps(rle)) == rle
        np.testing.assert_array_equal(from_coco_rle(rle), mask)
    assert to_coco_rle(mask, counts="str")["counts"].encode() == to_coco_rle(mask)["counts"]
    np.testing.assert_array_equal(pycocotools.decode(to_coco_rle(mask, counts="str")), mask)
    plain = to_coco_rle(mask, counts="list")
    assert pycocotools.frPyObjects(plain, *plain["size"]) == to_coco_rle(mask)


def test_counts_of_another_kind():
    with pytest.raises(ValueError, match="Did you mean 'str'"):
        to_coco_rle([[1]], counts="string")
    with pytest.raises(TypeError, match="counts"):
        to_coco_rle([[1]], counts=str)


def check_against_pycocotools(mask):
    written = pycocotools.encode(np.asfortranarray(mask, dtype=np.uint8))
    assert to_coco_rle(mask) == written
    np.testing.assert_array_equal(from_coco_rle(written), pycocotools.decode(to_coco_rle(mask)))


@given(MASKS)
def test_agrees_with_pycocotools_in_both_directions(mask):
    check_against_pycocotools(mask)


@given(st.lists(st.integers(1, 40_000), min_size=1, max_size=30), st.booleans())
def test_long_runs_take_several_characters(counts, starts_inside):
    pixels = np.repeat(np.arange(len(counts)) % 2 == starts_inside, counts)
    check_against_pycocotools(pixels[:, None])
    check_against_pycocotools(pixels[None])


@pytest.mark.parametrize("density", [0, 0.0001, 0.003, 0.1, 0.5, 0.97, 1])
@pytest.mark.parametrize("shape", [(403, 777), (1, 70_000), (70_000, 1)])
def test_agrees_with_pycocotools_on_large_masks(shape, density):
    check_against_pycocotools(np.random.default_rng(0).random(shape) < density)


@given(st.lists(st.integers(0, 600), min_size=1, max_size=40))
def test_reads_counts_of_zero_like_pycocotools(counts):
    counts = [*counts, 1]
    rle = pycocotools.frPyObjects({"size": [sum(counts), 1], "counts": counts}, sum(counts), 1)
    expected = pycocotools.decode(rle)
    np.testing.assert_array_equal(from_coco_rle(rle), expected)
    np.testing.assert_array_equal(from_coco_rle({"size": rle["size"], "counts": counts}), expected)


def test_plain_counts_of_any_sequence():
    expected = [[0, 1], [1, 0]]
    for counts in ([1, 2, 1], (1, 2, 1), np.array([1, 2, 1], np.uint32), [1, 1, 0, 1, 1]):
        np.testing.assert_array_equal(from_coco_rle({"size": (2, 2), "counts": counts}), expected)


@pytest.mark.parametrize(
    ("rle", "message"),
    [
        ({"size": [2, 2]}, r"Received the keys \['size'\]\. Add \['counts'\]"),
        ({"counts": b"4"}, r"Add \['size'\]"),
        ({"size": [2, 2], "counts": b"14 "}, r"characters '0' to 'o'\. Received b' ' at position 2"),
        ({"size": [2, 2], "counts": "1é"}, "characters '0' to 'o'"),
        ({"size": [2, 2], "counts": "\ud800"}, "characters '0' to 'o'"),
        ({"size": [2, 2], "counts": b"4P"}, "end with a number.*cut off"),
        ({"size": [2, 2], "counts": b"PPPPPPP0"}, r"at most 7 characters\. Received one of 8"),
        ({"size": [2, 2], "counts": b"O"}, r"counts of at least 0\. Received -1"),
        ({"size": [2, 2], "counts": b"12"}, r"add up to 4 pixels of size \[2, 2\]\. Received 3"),
        ({"size": [2, 2], "counts": b"<"}, "add up to 4 pixels"),
        ({"size": [2, 2], "counts": b""}, "add up to 4 pixels of size .* Received 0"),
        ({"size": [2, 2], "counts": []}, "Received 0"),
        ({"size": [2, 2], "counts": [-1, 5]}, r"counts of at least 0\. Received -1"),
        ({"size": [2, 2], "counts": [2**63 - 1, 2**63 - 1, 6]}, "add up to 4 pixels"),
        ({"size": [2, 2, 1], "counts": [4]}, r"shape \(height, width\)"),
    ],
)
def test_damaged_run_lengths(rle, message):
    with pytest.raises(ValueError, match=message):
        from_coco_rle(rle)


@pytest.mark.parametrize(
    ("rle", "message"),
    [
        ("14", "Received str"),
        ([[0.0, 0.0, 1.0, 1.0]], "from_coco_segmentation"),
        ({"size": [2, 2], "counts": 4}, "Received int"),
        ({"size": [2, 2], "counts": [1.0, 3.0]}, "flat list of integers"),
        ({"size": [2, 2], "counts": [[1, 3]]}, "from_coco_segmentation"),
        ({"size": [2, 2], "counts": [[1], [1, 3]]}, "from_coco_segmentation"),
        ({"size": [2, 2], "counts": [10**30]}, "flat list of integers"),
        ({"size": [2.0, 2], "counts": [4]}, "height"),
    ],
)
def test_run_lengths_of_another_type(rle, message):
    with pytest.raises(TypeError, match=message):
        from_coco_rle(rle)
