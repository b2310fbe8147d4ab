import itertools
import subprocess
import sys

import keras
import numpy as np
import pytest

from resunet_kit.data import Augment, PairBatches, pairs_dataset, read_image, read_mask

COUNT = 7


@pytest.mark.parametrize("options", [{}, {"image_size": 4}, {"normalize": (0.5, 0.1)}, {"cache": True}])
def test_gives_what_the_dataset_gives(files, options):
    batches = PairBatches(*files, batch_size=3, **options)
    expected = list(pairs_dataset(*files, batch_size=3, **options).as_numpy_iterator())
    assert len(batches) == len(expected)
    for _ in range(2):
        for ours, theirs in zip(batches, expected, strict=True):
            assert [part.dtype for part in ours] == [np.float32, np.uint8]
            np.testing.assert_array_equal(ours[0], theirs[0])
            np.testing.assert_array_equal(ours[1], theirs[1])


def test_batches_that_are_kept_do_not_change(files, order):
    kept = list(PairBatches(*files, batch_size=1, cache=True).repeat(3))
    assert order(kept) == list(range(COUNT)) * 3


def test_images_alone(files):
    assert [len(images) for (images,) in PairBatches(files[0], None, batch_size=4)] == [4, 3]


def test_order_is_reshuffled_each_epoch_and_reproducible(files, order):
    first, second = (PairBatches(*files, batch_size=2, shuffle=True, seed=3) for _ in range(2))
    epochs = [order(first) for _ in range(3)]
    assert [order(second) for _ in range(3)] == epochs
    assert all(sorted(epoch) == list(range(COUNT)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 3
    assert order(PairBatches(*files, shuffle=True, seed=4)) != epochs[0]


def test_without_a_seed_the_global_one_rules(files, order):
    orders = []
    for _ in range(2):
        keras.utils.set_random_seed(5)
        orders.append(order(PairBatches(*files, shuffle=True)))
    assert orders[0] == orders[1]
    assert order(PairBatches(*files, shuffle=True)) != orders[0]


def test_an_epoch_left_early_does_not_change_the_next(files, order):
    whole, broken = (PairBatches(*files, batch_size=2, shuffle=True, seed=0) for _ in range(2))
    order(whole)
    next(iter(broken))
    assert order(whole) == order(broken)


def test_augmented_with_a_new_seed_each_batch(files):
    def roll(images, masks, *, seed=None):
        return np.roll(images, seed % 5, axis=2), np.roll(masks, seed % 5, axis=2)

    first, second = (PairBatches(*files, batch_size=2, augment=roll, seed=1) for _ in range(2))
    epochs = [np.concatenate([masks for _, masks in first]) for _ in range(2)]
    np.testing.assert_array_equal(epochs[0], np.concatenate([masks for _, masks in second]))
    assert not np.array_equal(*epochs)
    assert all(epoch.sum(axis=(1, 2, 3)).tolist() == [1, 0, 1, 0, 1, 0, 1] for epoch in epochs)


def test_augment_serves(files):
    batches = PairBatches(*files, batch_size=4, augment=Augment(flip=1.0, rotation=20), seed=2)
    images, masks = next(iter(batches))
    assert images.shape == (4, 6, 8, 3)
    assert masks.dtype == np.uint8


def test_repeats_endlessly_or_as_often_as_asked(files):
    batches = PairBatches(*files, batch_size=4)
    assert len(list(batches.repeat(3))) == 6
    assert len(list(itertools.islice(batches.repeat(), 11))) == 11


def test_a_damaged_file_names_itself_or_is_skipped_and_listed(files, tmp_path, order):
    broken = tmp_path / "broken.png"
    broken.write_bytes(files[0][4].read_bytes()[:45])
    images = [*files[0][:4], broken, *files[0][5:]]
    with pytest.raises(ValueError, match=r"broken\.png"):
        list(PairBatches(images, files[1], batch_size=2))
    for batch_size in (1, 2):
        with pytest.warns(UserWarning, match=r"1 of 7 pairs were skipped:\n.*broken\.png") as record:
            assert order(PairBatches(images, files[1], batch_size=batch_size, skip_unreadable=True)) == [
                0,
                1,
                2,
                3,
                5,
                6,
            ]
        assert len(record) == 1


@pytest.mark.parametrize(
    ("options", "error", "expected"),
    [
        ({"batch_size": 0}, ValueError, "batch_size"),
        ({"batch_size": True}, TypeError, "batch_size"),
        ({"seed": -1}, ValueError, "seed"),
        ({"num_classes": 2.5}, TypeError, "num_classes"),
        ({"image_size": 8.0}, ValueError, "image_size"),
        ({"cache": None}, TypeError, "cache"),
        ({"mask_paths": None, "augment": Augment()}, ValueError, "mask_paths"),
        ({"augment": 3}, TypeError, "augment"),
        ({"image_sise": 3}, TypeError, "image_sise"),
        ({"normalize": "volume"}, ValueError, "the volume of each image.*None"),
        ({"normalize": "volume", "volumes": [0] * 5 + [None, None]}, ValueError, "None or NaN"),
        ({"volumes": [0] * COUNT}, ValueError, "normalize='volume' with volumes"),
    ],
)
def test_bad_options_are_refused_at_once(files, options, error, expected):
    options = {"image_paths": files[0], "mask_paths": files[1], **options}
    with pytest.raises(error, match=expected):
        PairBatches(options.pop("image_paths"), options.pop("mask_paths"), **options)


def test_needs_no_framework(files):
    code = (
        "import sys; from resunet_kit.data import PairBatches, read_image, z_score, image_statistics;"
        f"next(iter(PairBatches([{str(files[0][0])!r}], [{str(files[1][0])!r}])));"
        "assert not {'tensorflow', 'keras', 'nibabel'} & set(sys.modules), 'loaded'"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_volumes_make_batches_of_volumes(tmp_path):
    paths = [tmp_path / f"{number}.npy" for number in range(3)]
    for number, path in enumerate(paths):
        np.save(path, np.full((4, 6, 8, 1), 255 * (number % 2), np.uint8))
    for images, masks in PairBatches(paths, paths, batch_size=3, image_size=(2, 3, 4)):
        assert images.shape == masks.shape == (3, 2, 3, 4, 1)
        np.testing.assert_array_equal(images, [read_image(path, image_size=(2, 3, 4)) for path in paths])
        np.testing.assert_array_equal(masks, [read_mask(path, image_size=(2, 3, 4)) for path in paths])


@pytest.mark.parametrize("spoil", [lambda masks: masks * 0.5, lambda masks: masks.astype(int) - 1])
def test_augmented_masks_hold_ids(files, spoil):
    batches = PairBatches(*files, augment=lambda images, masks, **_: (images, spoil(masks)))
    with pytest.raises(ValueError, match=r"class ids from 0 to 255, it returned the value (0\.5|-1)\."):
        list(batches)
