"""What `pairs_dataset` and `PairBatches` have in common."""

import dataclasses
import inspect
import re

import keras
import nibabel
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from resunet_kit.data import PairBatches, pair_by_name, pairs_dataset, read_image, read_mask
from resunet_kit.data.files.labels import LabelOptions
from resunet_kit.data.files.reading import ImageOptions

COUNT = 7
FOREGROUND = [1, 0, 1, 0, 1, 0, 1]
WHILE_READING = (ValueError, tf.errors.InvalidArgumentError)


class Dataset:
    """`pairs_dataset` as an iterable of tuples of NumPy arrays."""

    def __init__(self, *paths, **options):
        self.dataset = pairs_dataset(*paths, **options)

    def __len__(self):
        return len(self.dataset)

    def __iter__(self):
        for batch in self.dataset.as_numpy_iterator():
            yield batch if isinstance(batch, tuple) else (batch,)


@pytest.fixture(params=[Dataset, PairBatches])
def pipeline(request):
    return request.param


def order(batches):
    """Return the indices of the images."""
    return [round(float(image[0, 0, 0]) * 25.5) for images, *_ in batches for image in images]


def joined(batches):
    return [np.concatenate(parts) for parts in zip(*batches, strict=True)]


def shifted(images, masks, *, seed=None):
    return np.roll(images, seed % 5, axis=2), np.roll(masks, seed % 5, axis=2)


def cropped(images, masks, *, seed=None):
    return images[:, 1:], masks


@pytest.mark.parametrize("image_size", [None, (4, 5)])
@pytest.mark.parametrize("cache", [False, True, "folder"])
def test_batches_equal_the_readers_in_each_epoch(pipeline, files, tmp_path, image_size, cache):
    cache = tmp_path / "cache" if cache == "folder" else cache
    batches = pipeline(*files, image_size=image_size, batch_size=3, cache=cache)
    assert len(batches) == 3
    for _ in range(2):
        images, masks = joined(batches)
        assert (images.dtype, masks.dtype) == (np.float32, np.uint8)
        np.testing.assert_array_equal(images, [read_image(path, image_size=image_size) for path in files[0]])
        np.testing.assert_array_equal(masks, [read_mask(path, image_size=image_size) for path in files[1]])


@pytest.mark.parametrize(
    "options",
    [{"normalize": "image"}, {"normalize": "volume", "volumes": [0, 0, 0, 0, 1, 1, 1]}, {"normalize": (0.2, 0.5)}],
)
def test_both_normalise_equally(files, options):
    found = [joined(pipeline(*files, batch_size=3, **options)) for pipeline in (Dataset, PairBatches)]
    np.testing.assert_array_equal(found[0][0], found[1][0])


def test_images_alone(pipeline, files):
    assert [images.shape for (images,) in pipeline(files[0], None, batch_size=4)] == [(4, 6, 8, 3), (3, 6, 8, 3)]


@pytest.mark.parametrize("batch_size", [1, 3])
def test_volumes(pipeline, tmp_path, batch_size):
    paths = [tmp_path / f"{index}.nii.gz" for index in range(3)]
    for index, path in enumerate(paths):
        values = np.zeros((4, 5, 6), np.int16)
        values[index] = 900
        nibabel.save(nibabel.Nifti1Image(values, np.eye(4)), path)
        nibabel.save(nibabel.Nifti1Image((values > 0).astype(np.uint8), np.eye(4)), f"{path}_mask.nii")
    masks = [f"{path}_mask.nii" for path in paths]
    images, truths = joined(pipeline(paths, masks, batch_size=batch_size, normalize="image"))
    assert images.shape == truths.shape == (3, 4, 5, 6, 1)
    np.testing.assert_array_equal(images > 0, truths == 1)
    assert [truth[index].all() for index, truth in enumerate(truths)] == [True] * 3
    assert truths.sum() == 3 * 30
    resized = joined(pipeline(paths, masks, image_size=(2, 3, 4), normalize="image"))
    assert [part.shape for part in resized] == [(3, 2, 3, 4, 1)] * 2


def test_order_is_reshuffled_each_epoch_and_reproducible(pipeline, files):
    first, second = (pipeline(*files, batch_size=2, shuffle=True, seed=3) for _ in range(2))
    epochs = [order(first) for _ in range(3)]
    assert [order(second) for _ in range(3)] == epochs
    assert all(sorted(epoch) == list(range(COUNT)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 3
    assert order(pipeline(*files, batch_size=2, shuffle=True, seed=4)) != epochs[0]
    assert order(pipeline(*files, batch_size=2)) == list(range(COUNT))


def test_without_a_seed_the_global_one_is_used(pipeline, files):
    orders = []
    for _ in range(2):
        keras.utils.set_random_seed(5)
        orders.append(order(pipeline(*files, shuffle=True)))
    assert orders[0] == orders[1]
    assert order(pipeline(*files, shuffle=True)) != orders[0]


def test_augment_moves_both_with_a_new_seed_for_each_batch_and_after_the_cache(pipeline, files):
    seeds, runs = [], []

    def recording(images, masks, *, seed=None):
        seeds.append(seed)
        return shifted(images, masks, seed=seed)

    for _ in range(2):
        batches = pipeline(*files, batch_size=3, augment=recording, cache=True, seed=1)
        runs.append([joined(batches)[1] for _ in range(2)])
    # Threads call it in any order within an epoch.
    epochs = [sorted(seeds[start : start + 3]) for start in (0, 3, 6, 9)]
    assert epochs[:2] == epochs[2:]
    assert len(set(epochs[0] + epochs[1])) == 6
    np.testing.assert_array_equal(*runs)
    assert not np.array_equal(*runs[0])
    assert all(epoch.sum(axis=(1, 2, 3)).tolist() == FOREGROUND for epoch in runs[0])  # moved, not lost


@pytest.mark.parametrize(
    ("augment", "expected"),
    [
        (cropped, r"images of shape \(7, 6, 8, 3\)\. Received shape \(7, 5, 8, 3\)"),
        (lambda images, masks, **_: (images, masks * 0.5), r"class labels from 0 to 255\. Received the value 0\.5\."),
        (lambda images, masks, **_: (images, masks.astype(int) - 1), "Received the value -1"),
    ],
)
def test_augment_keeps_shapes_and_labels(pipeline, files, augment, expected):
    with pytest.raises(WHILE_READING, match=expected):
        list(pipeline(*files, augment=augment))


@pytest.fixture
def damaged(files, tmp_path):
    """The pairs with two damaged images and a mask of intermediate values, at 0, 5 and 6."""
    broken, grey = tmp_path / "broken.png", tmp_path / "grey_mask.png"
    broken.write_bytes(files[0][4].read_bytes()[:45])
    Image.fromarray(np.full((6, 8), 130, np.uint8)).save(grey)
    return [broken, *files[0][1:5], broken, files[0][6]], [*files[1][:6], grey]


def test_a_damaged_file_in_the_middle_of_an_epoch_is_named(pipeline, damaged):
    images, masks = damaged
    batches = iter(pipeline(images[1:], masks[1:], batch_size=2))
    next(batches)
    with pytest.raises(WHILE_READING, match=r"broken\.png"):
        list(batches)


@pytest.mark.parametrize("batch_size", [1, 2])
def test_unreadable_pairs_are_skipped_if_asked_and_listed_at_the_end(pipeline, damaged, batch_size):
    batches = pipeline(*damaged, batch_size=batch_size, skip_unreadable=True)
    for _ in range(2):
        with pytest.warns(UserWarning, match=r"3 of 7 .*\n.*broken.*\n.*broken.*\n.*grey_mask") as record:
            found = list(batches)
        assert order(found) == [1, 2, 3, 4]
        assert len(record) == 1
        assert all(len(images) for images, _ in found)  # no batch is empty


def test_nothing_is_warned_of_where_everything_is_readable(pipeline, files):
    assert order(pipeline(*files, batch_size=2, skip_unreadable=True)) == list(range(COUNT))


def test_nothing_readable_is_an_error(pipeline, damaged):
    with pytest.raises(ValueError, match=r"at least one readable pair of 2.*broken\.png"):
        pipeline([damaged[0][0]] * 2, None, skip_unreadable=True)


@pytest.mark.parametrize("cache", [False, True])
def test_batches_that_are_held_do_not_change(pipeline, files, cache):
    """Their memory is reused only after they are gone."""
    batches = pipeline(*files, batch_size=1, cache=cache)
    held = [batch for _ in range(4) for batch in batches]
    assert order(held) == list(range(COUNT)) * 4


def test_sizes_may_differ_in_batches_of_one_only(pipeline, files, tmp_path):
    Image.new("RGB", (5, 5)).save(tmp_path / "small.png")
    Image.new("L", (5, 5)).save(tmp_path / "small_mask.png")
    images, masks = [*files[0][:2], tmp_path / "small.png"], [*files[1][:2], tmp_path / "small_mask.png"]
    assert [x.shape[1:3] for x, _ in pipeline(images, masks, batch_size=1)] == [(6, 8), (6, 8), (5, 5)]
    assert [x.shape[1:3] for x, _ in pipeline(images, masks, image_size=4)] == [(4, 4)]
    with pytest.raises(WHILE_READING, match=r"small\.png.*5x5.*6x8.*image_size"):
        list(pipeline(images, masks, batch_size=2))


@pytest.mark.parametrize(
    ("change", "error", "expected"),
    [
        ({"mask_paths": []}, ValueError, "7 images and 0 masks"),
        ({"image_paths": ["gone.png"] * COUNT}, ValueError, "gone"),
        ({"mask_paths": None, "augment": shifted}, ValueError, "mask_paths"),
        ({"augment": 3}, TypeError, "augment"),
        ({"batch_size": 0}, ValueError, "batch_size"),
        ({"seed": -1}, ValueError, "seed"),
        ({"image_size": 8.0}, TypeError, "image_size"),
        ({"cache": None}, TypeError, "cache"),
        ({"num_classes": 2.5}, TypeError, "num_classes"),
        ({"ignore_class": 255}, ValueError, "num_classes"),
        ({"normalize": "batch"}, ValueError, "normalize"),
        ({"normalize": ([0, 0], 1)}, ValueError, "each of 3 channels"),
        ({"normalize": "volume"}, ValueError, "the volume of each image.*None"),
        ({"normalize": "volume", "volumes": [1, 2]}, ValueError, r"volumes .*\(7,\).*\(2,\)"),
        ({"volumes": [0] * COUNT}, ValueError, "normalize='volume' with volumes"),
        ({"image_sise": 3}, TypeError, "image_sise"),
    ],
)
def test_bad_options_are_refused_at_once(pipeline, files, change, error, expected):
    options = {"image_paths": files[0], "mask_paths": files[1], **change}
    with pytest.raises(error, match=expected):
        pipeline(options.pop("image_paths"), options.pop("mask_paths"), **options)


def test_both_take_and_explain_every_option_of_the_readers():
    internal = {"any_range", "keeps_white"}
    fields = {field.name for kind in (ImageOptions, LabelOptions) for field in dataclasses.fields(kind)} - internal
    readers = {*inspect.signature(read_image).parameters, *inspect.signature(read_mask).parameters} - {"path", "like"}
    assert fields == readers - {"image_size", "normalize"}
    for taker in (pairs_dataset, PairBatches):
        options = inspect.signature(taker).parameters
        assert fields | {"image_size", "normalize"} <= set(options)
        explained = set(
            re.findall(r"^ {8}(\w+): ", inspect.cleandoc(taker.__doc__).replace("\n    ", "\n        "), re.MULTILINE)
        )
        assert set(options) - explained == set()
    assert inspect.signature(pairs_dataset).parameters.keys() == inspect.signature(PairBatches).parameters.keys()


COLOURS = np.uint8([[[0, 0, 0], [9, 0, 0], [0, 9, 0]]])


@pytest.mark.parametrize(
    ("mask", "options", "expected"),
    [
        (np.uint8([[0, 1, 4]]), {"classes": {4: 2}, "num_classes": 3}, [0, 1, 2]),
        (np.uint8([[1, 2, 3]]), {"classes": {1: 1, 2: 0, 3: 255}, "num_classes": 2, "ignore_class": 255}, [1, 0, 255]),
        (COLOURS, {"classes": {(0, 0, 0): 0, (9, 0, 0): 2, (0, 9, 0): 1}, "num_classes": 3}, [0, 2, 1]),
        (np.uint16([[0, 300, 7]]), {"foreground": True}, [0, 1, 1]),
        (np.uint8([[[0, 9, 1], [1, 9, 0], [1, 9, 1]]]), {"channel": 2}, [1, 0, 1]),
        (np.float32([[np.nan, 0, 1]]), {"nan": 0}, [0, 0, 1]),
    ],
)
def test_options_of_masks_are_those_of_read_mask(pipeline, tmp_path, mask, options, expected):
    np.save(tmp_path / "a.npy", np.zeros((1, 3), np.uint8))
    path = tmp_path / (
        "a_mask.png" if mask.dtype == np.uint8 and mask.shape[2:] == (3,) and "channel" not in options else "a_mask.npy"
    )
    np.save(path, mask) if path.suffix == ".npy" else Image.fromarray(mask).save(path)
    [(_, masks)] = pipeline([tmp_path / "a.npy"], [path], **options)
    assert masks.ravel().tolist() == expected


@pytest.mark.parametrize("options", [{"full_scale": 4095}, {"channels": 3, "full_scale": 4095}, {"full_scale": 8190}])
def test_options_of_images_are_those_of_read_image(pipeline, tmp_path, options):
    Image.fromarray(np.uint16([[0, 4095]])).save(tmp_path / "a.png")
    [(images,)] = pipeline([tmp_path / "a.png"], None, **options)
    np.testing.assert_array_equal(images[0], read_image(tmp_path / "a.png", **options))
    assert images.max() == 4095 / options["full_scale"]


def test_a_rotation_tag_turns_both_files(pipeline, tmp_path):
    tag = Image.Exif()
    tag[0x0112] = 6
    for name in ("a.png", "a_mask.png"):
        Image.fromarray(np.uint8([[0, 255, 255]])).save(tmp_path / name, exif=tag)
    [(images, masks)] = pipeline([tmp_path / "a.png"], [tmp_path / "a_mask.png"], exif_rotation=True)
    assert images.shape == masks.shape == (1, 3, 1, 1)


def test_lists_that_contradict_each_other_are_told(pipeline, tmp_path):
    for index in range(1, 13):
        for end in ("", "_mask"):
            np.save(tmp_path / f"case_{index}{end}.npy", np.full((1, 1), index == 3, np.uint8))
    images = sorted(path for path in tmp_path.iterdir() if "mask" not in path.name)
    masks = sorted(tmp_path.glob("*_mask.npy"))
    with pytest.warns(UserWarning, match="4 of 12 images are paired with a mask .*pair_by_name") as caught:
        pipeline(images, masks)
    assert caught[0].filename == __file__
    paired = joined(pipeline(*pair_by_name(images, masks)))  # without a warning
    np.testing.assert_array_equal(paired[0] * 255, paired[1])


def test_labels_above_1_are_told_without_num_classes(pipeline, tmp_path):
    for index, labels in enumerate(([0, 1], [0, 2])):
        np.save(tmp_path / f"{index}.npy", np.uint8([labels]))
    paths = [tmp_path / f"{index}.npy" for index in range(2)]
    with pytest.warns(UserWarning, match=r"1\.npy' holds the labels 0, 2.*num_classes=3"):
        assert joined(pipeline(paths, paths))[1].ravel().tolist() == [0, 1, 0, 2]
    assert joined(pipeline(paths, paths, num_classes=3))[1].ravel().tolist() == [0, 1, 0, 2]


def test_a_changed_table_is_another_entry_of_a_disk_cache(pipeline, tmp_path):
    np.save(tmp_path / "a.npy", np.uint8([[0, 4]]))
    paths, found = [tmp_path / "a.npy"], []
    for options in ({"classes": {4: 3}}, {"classes": {4: 1}}, {"foreground": True}, {"classes": {4: 3}}):
        num_classes = None if "foreground" in options else 4
        [(_, masks)] = pipeline(paths, paths, cache=tmp_path / "cache", num_classes=num_classes, **options)
        found.append(masks.max())
    assert found == [3, 1, 1, 3]
    assert len(list((tmp_path / "cache").iterdir())) == 3
