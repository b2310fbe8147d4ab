import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resunet_kit.data.files.label_meaning import check_meaning, foreground_labels
from resunet_kit.data.files.label_table import label_table


@given(st.sampled_from(["uint8", "uint16", "uint32", "int16", "int32", "int64", "float32", "float64"]), st.data())
def test_everything_above_0_is_foreground(dtype, data):
    values = data.draw(st.lists(st.sampled_from([0, 1, 2, 100, 127]), min_size=1, max_size=20))
    labels = foreground_labels(np.array(values, dtype)[None, :, None], None)
    assert (labels.dtype, labels.shape) == (np.uint8, (1, len(values), 1))
    assert labels.ravel().tolist() == [int(value > 0) for value in values]


def test_instances_of_many_bits_and_colours():
    assert foreground_labels(np.uint16([[[0], [256], [65535]]]), None).ravel().tolist() == [0, 1, 1]
    assert foreground_labels(np.int32([[[0], [70000]]]), None).ravel().tolist() == [0, 1]
    assert foreground_labels(np.uint8([[[0, 0, 0], [0, 0, 9]]]), None).ravel().tolist() == [0, 1]
    assert foreground_labels(np.array([[[False], [True]]]), None).ravel().tolist() == [0, 1]


def test_the_ignored_label_stays():
    assert foreground_labels(np.uint16([[[0], [7], [255]]]), 255).ravel().tolist() == [0, 1, 255]
    assert foreground_labels(np.uint16([[[0], [7]]]), 0).ravel().tolist() == [0, 1]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (np.int16([[[-1], [2]]]), r"-1 in 1 pixels.*classes=\{-1: 0, 0: 0, None: 1\}"),
        (np.float32([[[np.nan]]]), "nan=0"),
    ],
)
def test_what_is_not_above_0_nor_0_is_refused(raw, expected):
    with pytest.raises(ValueError, match=expected):
        foreground_labels(raw, None)


@pytest.mark.parametrize(
    ("num_classes", "ignore_class", "classes", "channel", "foreground", "expected"),
    [
        (None, None, {4: 3}, None, True, "classes or foreground"),
        (3, None, None, None, True, "num_classes of 1 or 2"),
        (None, 255, None, None, False, "num_classes with ignore_class"),
        (3, None, {4: 3}, None, False, "below num_classes=3. Received 3"),
        (2, None, {1: 1, 2: 0, 3: 255}, None, False, "255.*ignore_class"),
        (None, None, {(1, 2, 3): 3}, 0, False, "channel=0. Received colours"),
    ],
)
def test_options_that_exclude_each_other(num_classes, ignore_class, classes, channel, foreground, expected):
    table = None if classes is None else label_table(classes)
    with pytest.raises(ValueError, match=expected):
        check_meaning(num_classes, ignore_class, table, channel, foreground=foreground)


@pytest.mark.parametrize(
    ("num_classes", "ignore_class", "classes", "foreground"),
    [(2, 255, {1: 1, 2: 0, 3: 255}, False), (1, None, {4: 1}, False), (None, 255, None, True), (2, None, None, True)],
)
def test_options_that_fit(num_classes, ignore_class, classes, foreground):
    check_meaning(num_classes, ignore_class, classes and label_table(classes), None, foreground=foreground)
