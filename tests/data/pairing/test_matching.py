import pytest
from hypothesis import given
from hypothesis import strategies as st

from resunet_kit.data.pairing.matching import SeveralMatches, detected, drop_other_folders, loosened, match
from resunet_kit.data.pairing.names import names

AFFIX = st.text("abcxyz_-", max_size=6)
CORES = st.lists(st.integers(0, 400), min_size=2, max_size=12, unique=True)


def found(images, masks):
    pairs = detected(names(images), names(masks))
    return {(images[image], masks[mask]) for image, mask in pairs.mask_of.items()}


@given(CORES, AFFIX, AFFIX, AFFIX, AFFIX, st.randoms(use_true_random=False))
def test_numbers_between_constant_affixes_are_found(cores, before, after, other_before, other_after, random):
    images = [f"{before}{core}{after}.png" for core in cores]
    masks = [f"{other_before}{core}{other_after}.tif" for core in cores]
    expected = set(zip(images, masks, strict=True))
    random.shuffle(masks)
    assert found(images, masks) == expected


@given(st.integers(2, 30), st.randoms(use_true_random=True))
def test_hashes_match_numbers_nowhere(count, random):
    images = [f"{random.getrandbits(64):016x}.png" for _ in range(count)]
    assert found(images, [f"mask_{index}.png" for index in range(count)]) == set()


def test_keys_match_and_repeated_ones_are_told():
    pairs = match(["a", "b", None, "b"], ["b", "c", "a"])
    assert pairs.mask_of == {0: 2, 1: 0}
    assert pairs.repeated == [([1, 3], [0])]


def test_loosened_keys_stay_distinct_or_are_none():
    assert loosened([("P", "01"), None]) == [("p", "1"), None]
    assert loosened(["1", "01"]) is None


def test_two_kinds_of_masks_are_two_ways():
    with pytest.raises(SeveralMatches):
        found(["1.png", "2.png"], ["1_a.png", "2_a.png", "1_b.png", "2_b.png"])


def test_names_of_one_patient_do_not_match_those_of_another():
    images, masks = ["i/p1/x1.png", "i/p2/x2.png"], ["m/p1/x2.png", "m/p2/x1.png"]
    assert found(images, masks) == set()
    pairs = match([0, 1], [1, 0])
    drop_other_folders(pairs, names(images), names(masks))
    assert not pairs
