import unicodedata

import pytest

from resunet_kit.data.pairing.names import loose, names, natural, quoted, stem


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("x.nii.gz", "x"),
        ("x.PNG", "x"),
        ("scan.2", "scan.2"),
        ("scan.2.tif", "scan.2"),
        ("a.jpg.png", "a.jpg"),
        ("a.ome.tif", "a.ome"),
        (".png", ".png"),
    ],
)
def test_stems(name, expected):
    assert stem(name) == expected


def test_natural_order():
    assert sorted(["s10", "s2", "S1", "s01", "s1b"], key=natural) == ["S1", "s01", "s1b", "s2", "s10"]
    assert sorted(["ä2", "ä10", "3", "a"], key=natural) == ["3", "a", "ä2", "ä10"]


def test_loose_names_have_neither_case_nor_leading_zeros():
    assert loose("Case_007x000") == loose("case_7X0")
    assert loose("7") != loose("70")


def test_folders_that_all_files_have_are_left_out():
    found = names(["d/p1/images/a.png", "d/p2/images/a.png"])
    assert [name.folders for name in found] == [("p1",), ("p2",)]
    assert [name.folders for name in names(["d/a.png", "d/deep/b.png"])] == [(), ("deep",)]


def test_decomposed_names_are_composed():
    [name] = names([unicodedata.normalize("NFD", "größe_1.png")])
    assert name.stem == "größe_1"


def test_long_lists_are_cut():
    assert quoted([f"{index}.png" for index in range(9)]).count("png") == 5
