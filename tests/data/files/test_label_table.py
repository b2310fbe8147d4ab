import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resunet_kit.data.files.label_table import colour_counts, label_table, labelled

SMALL = set(range(128))
NUMBERS = st.integers(-(2**31), 2**31 - 1)


def applied(raw, classes, stays=SMALL):
    table = label_table(classes)
    return labelled(np.asarray(raw), table, stays - table.labels)


@pytest.mark.parametrize(
    ("stored", "classes", "expected"),
    [
        ([0, 1, 2, 4], {4: 3}, [0, 1, 2, 3]),  # BraTS
        ([1, 2, 3], {1: 1, 2: 0, 3: 255}, [1, 0, 255]),  # Pets
        ([0, 7, 8, 33], {7: 0, 8: 1, None: 255}, [255, 0, 1, 255]),  # Cityscapes
        ([-1, 7], {-1: 255, 7: 0}, [255, 0]),
        ([0, 1, 2], {1: 2, 2: 1}, [0, 2, 1]),  # at once
        ([0, 26001, 65535], {26001: 1, 65535: 2}, [0, 1, 2]),
        ([0, 3000000000], {3000000000: 1}, [0, 1]),
        ([0.0, 4.0], {np.int64(4): np.uint8(3)}, [0, 3]),
        ([0, 1, 2], {0: 0, 2: 0}, [0, 1, 0]),
        ([False, True], {1: 7}, [0, 7]),
    ],
)
def test_numbers(stored, classes, expected):
    labels = applied([[[value] for value in stored]], classes)
    assert (labels.dtype, labels.shape) == (np.uint8, (1, len(stored), 1))
    assert labels.ravel().tolist() == expected


@given(st.dictionaries(NUMBERS, st.integers(0, 255), min_size=1, max_size=20), st.integers(0, 255), st.data())
def test_any_table_equals_a_dictionary(classes, default, data):
    stored = data.draw(st.lists(st.sampled_from([*classes]) | NUMBERS, min_size=1, max_size=40))
    found = applied(np.array(stored)[:, None], {**classes, None: default})
    assert found.ravel().tolist() == [classes.get(value, default) for value in stored]


COLOUR = st.tuples(*[st.sampled_from([0, 1, 128, 255])] * 3)


@given(st.dictionaries(COLOUR, st.integers(0, 255), min_size=1, max_size=20), st.data())
def test_any_colours_equal_a_dictionary(classes, data):
    stored = data.draw(st.lists(st.sampled_from([*classes]), min_size=1, max_size=40))
    assert applied(np.uint8([stored]), classes).ravel().tolist() == [classes[colour] for colour in stored]


@pytest.mark.parametrize(
    ("stored", "classes", "expected"),
    [
        ([[0, 0, 0], [128, 0, 0], [0, 128, 0]], {(128, 0, 0): 1, None: 0}, [0, 1, 0]),
        ([[0], [128]], {(0, 0, 0): 0, (128, 128, 128): 1}, [0, 1]),  # grey
        ([[0, 0, 0, 255], [9, 0, 0, 255]], {(0, 0, 0): 0, (9, 0, 0): 1}, [0, 1]),  # opaque
        ([[0, 0, 0, 0], [0, 0, 0, 255]], {(0, 0, 0, 0): 0, (0, 0, 0, 255): 1}, [0, 1]),
        ([[0, 0, 0], [9, 0, 0]], {(0, 0, 0, 255): 0, (9, 0, 0, 255): 1}, [0, 1]),
        ([[0, 255], [7, 255]], {(0, 0, 0): 0, (7, 7, 7): 1}, [0, 1]),  # grey, opaque
    ],
)
def test_colours(stored, classes, expected):
    assert applied(np.uint8([stored]), classes).ravel().tolist() == expected


def test_colours_of_16_bits():
    stored = np.uint16([[[0, 0, 65535, 65535], [65535, 0, 0, 65535]]])
    classes = {(0, 0, 65535, 65535): 3, (65535, 0, 0, 65535): 4}
    assert applied(stored, classes).ravel().tolist() == [3, 4]


@pytest.mark.parametrize(
    ("stored", "classes", "expected"),
    [
        ([[0], [3], [4], [3]], {4: 3}, "3 in 2 pixels, although another number becomes 3. Add 3: 3"),
        ([[0], [7]], {7: 0, 8: 1}, "0 in 1 pixels, although another number becomes 0"),
        ([[7], [200]], {7: 0}, "200 in 1 pixels. Add 200 with its label, or None"),
        ([[7.0], [0.5]], {7: 0, None: 1}, "0.5 in 1 pixels, which are not integers"),
        ([[7.0], [np.nan]], {7: 0, None: 1}, "nan in 1 pixels"),
        ([[v] for v in range(130, 160)], {7: 0}, r"137 in 1 pixels, \.\.\."),
    ],
)
def test_numbers_that_are_not_in_the_table_are_named(stored, classes, expected):
    with pytest.raises(ValueError, match=expected):
        applied([stored], classes)


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        (np.uint8([[[0, 0, 0], [128, 0, 0], [0, 0, 0]]]), r"\(0, 0, 0\) in 2 pixels\. Add \(0, 0, 0\) with its label"),
        (np.uint8([[[128, 0, 0, 0], [128, 0, 0, 255]]]), "opacity that differs"),
        (np.float32([[[128, 0, 0]]]), "float32"),
        (np.uint8([[[128, 0, 0, 0, 1]]]), "5 channels"),
    ],
)
def test_colours_that_are_not_in_the_table_are_named(stored, expected):
    with pytest.raises(ValueError, match=expected):
        applied(stored, {(128, 0, 0): 1})


@pytest.mark.parametrize(
    ("classes", "error", "expected"),
    [
        ([1], TypeError, "dictionary"),
        ({}, ValueError, "at least one"),
        ({None: 1}, ValueError, "at least one"),
        ({"4": 3}, TypeError, "'4'"),
        ({4.0: 3}, TypeError, "4.0"),
        ({True: 1}, TypeError, "True"),
        ({4: 256}, ValueError, r"classes\[4\]=256"),
        ({4: -1}, ValueError, r"classes\[4\]=-1"),
        ({4: 1.0}, TypeError, r"classes\[4\]"),
        ({4: True}, TypeError, r"classes\[4\]"),
        ({(1, 2): 1}, ValueError, "red, green, blue"),
        ({(1, 2, 3.5): 1}, TypeError, "3.5"),
        ({(1, 2, -1): 1}, ValueError, "-1"),
        ({(1, 2, 3): 1, 4: 2}, ValueError, "of one length"),
        ({(1, 2, 3): 1, (1, 2, 3, 4): 2}, ValueError, "of one length"),
    ],
)
def test_bad_tables_are_refused(classes, error, expected):
    with pytest.raises(error, match=expected):
        label_table(classes)


def test_the_order_of_entries_does_not_change_the_name_of_a_cache():
    tables = [label_table(classes) for classes in ({4: 3, 2: 1, None: 0}, {None: 0, 2: 1, 4: 3})]
    assert repr(tables[0]) == repr(tables[1])
    assert tables[0] == tables[1] != label_table({4: 3, 2: 1})
    assert (tables[0].labels, tables[0].of_colours) == ({0, 1, 3}, False)


def test_colours_are_counted():
    assert (
        colour_counts(np.uint8([[[1, 2, 3], [0, 0, 9], [1, 2, 3]]])) == "(0, 0, 9) in 1 pixels, (1, 2, 3) in 2 pixels"
    )
