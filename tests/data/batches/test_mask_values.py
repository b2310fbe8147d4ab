import warnings

import numpy as np
import pytest
from PIL import Image

from resunet_kit.data import PairBatches
from resunet_kit.data.batches.mask_values import MaskValues

WHITE, BINARY, LABELS = np.uint8([[0, 255]]), np.uint8([[0, 1]]), np.uint8([[0, 2]])


def test_white_becomes_1_and_labels_stay():
    values = MaskValues(None, white=True)
    assert values.checked("a.png", WHITE).tolist() == [[0, 1]]
    assert values.checked("b.png", BINARY) is BINARY


def test_labels_above_1_are_named_once():
    values = MaskValues(None, white=True)
    with pytest.warns(UserWarning, match=r"'a\.png' holds the labels 0, 2, .*num_classes=3.*foreground=True") as caught:
        found = [values.checked("a.png", LABELS) for _ in range(3)]
    assert all(labels is LABELS for labels in found)
    assert len(caught) == 1


def test_white_is_a_label_where_a_table_gives_it():
    values = MaskValues(None, white=False)
    with pytest.warns(UserWarning, match=r"0, 255, .*num_classes=2 and ignore_class=255"):
        assert values.checked("a.png", WHITE) is WHITE
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        MaskValues(255, white=False).checked("a.png", WHITE)


@pytest.mark.parametrize("first", [WHITE, LABELS])
def test_both_in_one_dataset_are_refused(first):
    values = MaskValues(None, white=True)
    second = LABELS if first is WHITE else WHITE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        values.checked("first.png", first)
        with pytest.raises(ValueError, match=r"of 0 and 255.*of labels 0, 2.*num_classes.*ignore_class=255"):
            values.checked("second.png", second)


def dataset(tmp_path, masks, **options):
    paths = []
    for index, mask in enumerate(masks):
        paths.append(tmp_path / f"{index}.png")
        Image.fromarray(np.repeat(mask, 2, axis=0)).save(paths[-1])
    return PairBatches(paths, paths, batch_size=1, **options)


@pytest.mark.parametrize("cache", [False, True, "folder"])
@pytest.mark.parametrize("skip_unreadable", [False, True])
def test_a_cache_hides_nothing(tmp_path, cache, skip_unreadable):
    options = {"cache": tmp_path / "cache" if cache == "folder" else cache, "skip_unreadable": skip_unreadable}
    for _ in range(2):
        batches = dataset(tmp_path, [WHITE, BINARY, LABELS], **options)
        with (
            pytest.warns(UserWarning, match="num_classes=3"),
            pytest.raises(ValueError, match="one meaning of numbers"),
        ):
            list(batches)


@pytest.mark.parametrize(
    ("masks", "options"),
    [
        ([WHITE, BINARY], {}),
        ([LABELS, BINARY], {"num_classes": 3}),
        ([WHITE, LABELS], {"num_classes": 3, "ignore_class": 255}),
        ([WHITE, LABELS], {"classes": {255: 1, 2: 0, 0: 0}}),
        ([WHITE, LABELS], {"foreground": True}),
    ],
)
def test_what_is_declared_is_silent(tmp_path, masks, options):
    found = [labels for _, labels in dataset(tmp_path, masks, **options)]
    assert len(found) == 2


def test_the_first_file_is_checked_at_once(tmp_path):
    with pytest.warns(UserWarning, match=r"0\.png' holds the labels 0, 2"):
        dataset(tmp_path, [LABELS])
