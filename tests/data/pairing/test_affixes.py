import pytest

from resunet_kit.data.pairing.affixes import Affixes, candidates, compatible


@pytest.mark.parametrize(
    ("affixes", "stem", "core"),
    [
        (Affixes(), "case_1", "case_1"),
        (Affixes("", "_mask"), "case_1_mask", "case_1"),
        (Affixes("img", ""), "img3", "3"),
        (Affixes("", "_mask"), "case_1", None),
        (Affixes("case_1", ""), "case_12", None),  # cuts 12 in two
        (Affixes("", "2"), "case_12", None),
        (Affixes("case_1", "_mask"), "case_1_mask", None),  # nothing between
        (Affixes("imaging", ""), "imaging", ""),  # the folder tells
        (Affixes("", "imaging"), "imaging", ""),
        (Affixes("ab", "bc"), "abc", None),  # overlap
        (Affixes("a", "c"), "a_c", None),
    ],
)
def test_cores(affixes, stem, core):
    assert affixes.core(stem) == core


def test_candidates_are_what_several_stems_have():
    found = candidates([f"case_{index}_mask" for index in range(20)])
    assert found[0] == Affixes()
    assert {Affixes("case_", "_mask"), Affixes("", "_mask"), Affixes("case", "")} <= set(found)


def test_stems_that_repeat_are_affixes_as_a_whole():
    assert Affixes("imaging", "") in candidates(["imaging"] * 2)
    assert Affixes("imaging", "") not in candidates(["imaging"])


def test_a_single_stem_is_cut_between_words_alone():
    assert Affixes("img", "") not in candidates(["img3_a"])
    assert Affixes("img3_", "") in candidates(["img3_a"])


def test_numbers_of_two_cases_are_not_affixes_of_one_pair():
    assert not compatible(Affixes("p1_", ""), Affixes("p2_", "_mask"))
    assert compatible(Affixes("", "_0000"), Affixes())
