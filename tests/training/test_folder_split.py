"""Splits without leaks, with every class in each part where that is possible."""

import numpy as np
import pytest

from resunet_kit.training._folder_scan import ScannedPair
from resunet_kit.training._folder_split import joined_by_copies, missing_labels, split_groups


def pair(*labels: int, digest: bytes = b"") -> ScannedPair:
    return ScannedPair((4, 4), 1, True, False, digest, np.bincount(labels, minlength=256))


def split(groups: list[str], pairs: list[ScannedPair], seed: int = 0) -> dict[str, list[int]]:
    return split_groups(groups, pairs, validation_fraction=0.2, test_fraction=0.2, ignore_class=None, seed=seed)


def test_no_group_is_in_two_parts_and_every_image_in_one():
    groups = [name for name in "abcdefghij" for _ in range(4)]
    parts = split(groups, [pair(0, index % 2) for index in range(40)])
    held = [{groups[index] for index in indices} for indices in parts.values()]
    assert sum(map(len, held)) == 10
    assert sorted(index for indices in parts.values() for index in indices) == list(range(40))
    assert list(parts) == ["train", "validation", "test"]


@pytest.mark.parametrize("seed", range(8))
def test_each_part_has_each_class_where_the_groups_allow_it(seed):
    # Of ten groups only three have the rare class: one for each part.
    pairs = [pair(0, 1, 2) if group < 3 else pair(0, 1) for group in range(10)]
    parts = split([str(group) for group in range(10)], pairs, seed)
    present = [frozenset(np.flatnonzero(one.counts).tolist()) for one in pairs]
    assert missing_labels(list(parts.values()), present) == [set(), set(), set()]


@pytest.mark.parametrize("seed", range(8))
def test_a_class_of_one_group_is_trained_on(seed):
    pairs = [pair(0, 2) if group == 4 else pair(0, 1) for group in range(9)]
    assert 4 in split([str(group) for group in range(9)], pairs, seed)["train"]


def test_copies_join_groups():
    pairs = [pair(0, digest=digest) for digest in (b"x", b"y", b"x", b"z", b"y", b"", b"")]
    groups, joined = joined_by_copies(["a", "b", "b", "c", "d", "e", "f"], pairs)
    assert joined == 2
    assert groups[0] == groups[1] == groups[2] == groups[4]
    assert len({groups[0], *groups[3:4], *groups[5:]}) == 4  # constant images are not copies of each other


def test_too_few_groups_are_refused_with_a_cure_that_fits():
    with pytest.raises(ValueError, match=r"at least 3 groups.*Received 2, of 6 images.*groups=None"):
        split(["a", "a", "a", "b", "b", "b"], [pair(0, 1)] * 6)
    with pytest.raises(ValueError, match=r"Received 2, of 2 images. Add images of other groups.$"):
        split(["a", "b"], [pair(0, 1)] * 2)
