import random
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resunet_kit.data.pairing.contradictions import contradictions, warn_of_contradictions

IMAGES = [f"d/case_{index}.png" for index in range(1, 13)]
MASKS = [f"d/case_{index}_mask.png" for index in range(1, 13)]


def test_two_sorted_lists_contradict_each_other():
    """Of 12 images, 4 get another's mask: "_" comes after all digits."""
    with pytest.warns(UserWarning, match=r"^4 of 12 .*case_1\.png' with 'd/case_10_mask.*pair_by_name"):
        warn_of_contradictions(sorted(IMAGES), sorted(MASKS))


SCHEMES = [
    ("case_{}", "case_{}_mask"),
    ("img{}", "label{}"),
    ("{}_0000", "{}"),
    ("p{}/slice", "p{}/slice"),
    ("scan-{}-x", "Scan_{}"),
    ("case_{}/imaging", "case_{}/segmentation"),
]


@given(st.sampled_from(SCHEMES), st.lists(st.integers(0, 500), min_size=4, max_size=20, unique=True), st.randoms())
def test_consistent_lists_in_any_order_are_silent_and_others_are_not(scheme, numbers, generator):
    images, masks = ([f"{kind.format(number)}.png" for number in numbers] for kind in scheme)
    assert contradictions(images, masks) == []
    assert contradictions(images * 2, masks * 2) == []  # augmentation by repetition
    moved = masks[1:] + masks[:1]
    assert len(contradictions(images, moved)) == len(numbers)
    generator.shuffle(order := list(zip(images, masks, strict=True)))
    assert contradictions(*zip(*order, strict=True)) == []


@given(st.integers(2, 30), st.randoms(use_true_random=True))
def test_names_without_relation_are_silent(count, generator):
    images = [f"{generator.getrandbits(48):012x}.png" for _ in range(count)]
    assert contradictions(images, [f"{index:04}.png" for index in range(count)]) == []


@pytest.mark.parametrize(
    ("images", "masks"),
    [
        ([f"p{a}_{b}.png" for a in range(5) for b in range(3)], [f"p{a}.png" for a in range(5) for _ in range(3)]),
        ([f"s_{index}.png" for index in range(10)], [f"p_{index // 2}.png" for index in range(10)]),
        (IMAGES, [MASKS[0]] * 12),
        (["a.png", "a.png", "b.png", "b.png"], ["a_1.png", "a_2.png", "b_1.png", "b_2.png"]),
        (["only.png"], ["other.png"]),
        (IMAGES, IMAGES),
    ],
    ids=["mask of a patient", "numbered patients", "one mask", "two raters", "one pair", "same files"],
)  # fmt: skip
def test_other_lists_are_silent(images, masks):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_contradictions(images, masks)


def test_a_few_files_without_partner_hide_nothing():
    images = [f"img_{index:02}.png" for index in range(30) if index != 5]
    masks = [f"img_{index:02}_m.png" for index in range(30) if index != 20]
    # From 6 to 19, except for the image that got the mask of the one that is absent.
    assert [image for image, *_ in contradictions(images, masks)] == images[6:19]


def test_folders_of_one_name_contradict_too():
    patients = [f"p{a}/s{b}" for a in range(4) for b in range(4)]
    images, masks = [f"i/{name}.png" for name in patients], [f"m/{name}.png" for name in patients]
    assert contradictions(images, masks) == []
    random.Random(0).shuffle(masks)
    assert len(contradictions(images, masks)) > 10
