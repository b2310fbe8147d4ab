"""Groups of images from names, folders and what the user says."""

import pytest

from resunet_kit.training._name_groups import groups_of


def paths(pattern: str, groups: str, images: int = 3) -> list[str]:
    return [pattern.format(group, number) for group in groups for number in range(images)]


@pytest.mark.parametrize(
    ("names", "count"),
    [
        (paths("data/p{}/slice_{}.png", "1234"), 4),
        (paths("TCGA_CS_49{}1_19960909_{}.tif", "1234"), 4),
        (paths("x/patient_{}_slice{}.png", "ABC"), 3),
        (paths("x/patient_{}_slice{}.png", "AB"), 2),  # too few to split, and no reason to split by image
        (paths("sub-0{}_ses-1_{}.png", "12345"), 5),
        (paths("scan{}_t{}.png", "123"), 3),
        (paths("{}{}/1.png", ["site"], 12), 12),  # each of its own
        (paths("{}{}.png", ["ISIC_00"], 6), 6),
        (paths("benign/{}{}.png", "a") + paths("malignant/{}{}.png", "b") + paths("normal/{}{}.png", "c"), 9),
        (paths("{}_{}.png", ["benign", "malignant", "normal"]), 9),  # classes, not patients
        (paths("{}/{}.png", "abcdefghijkl"), 12),
        (paths("patch{}2_{}.png", "1", 5), 5),
    ],
)
def test_patients_are_found_and_classes_are_not(names, count):
    groups, sentence = groups_of(names, "auto")
    assert len(set(groups)) == count, sentence
    assert len(groups) == len(names)


def test_the_sentence_says_what_was_assumed():
    assert "one for each folder" in groups_of(paths("data/p{}/{}.png", "123"), "auto")[1]
    assert "pass groups" in groups_of(["1.png", "2.png", "3.png"], "auto")[1]


def test_the_user_may_say_it():
    names = paths("p{}/{}.png", "123", 2)
    expected = ["p1", "p1", "p2", "p2", "p3", "p3"]
    assert groups_of(names, "folder")[0] == expected
    assert groups_of(names, r"(p\d)/")[0] == expected
    assert groups_of(names, lambda path: path.split("/")[0])[0] == expected
    assert groups_of(names, [1, 1, 2, 2, 3, 3])[0] == ["1", "1", "2", "2", "3", "3"]
    assert len(set(groups_of(names, None)[0])) == 6


@pytest.mark.parametrize(
    ("groups", "error", "message"),
    [
        ("folder", ValueError, "several folders"),
        (r"\d", ValueError, "hold a group"),
        ("(", ValueError, "regular expression"),
        (r"(z)", ValueError, "a group for each image"),
        ({}.get, ValueError, "a group for each image"),
        (["a"], ValueError, "one value for each"),
        (3, TypeError, "which images belong together"),
    ],
)
def test_what_gives_no_group_is_refused(groups, error, message):
    with pytest.raises(error, match=message):
        groups_of(["x/1.png", "x/2.png", "x/3.png"], groups)
