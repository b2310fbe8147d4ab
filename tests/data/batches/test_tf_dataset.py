import subprocess
import sys

import nibabel
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from resunet_kit.data import pairs_dataset, presence_labels, read_image, read_mask, z_score

COUNT = 7


def _cropped(images, masks, *, seed=None):
    return images[:, 1:], masks


@pytest.mark.parametrize("image_size", [None, (4, 5)])
@pytest.mark.parametrize("kind", ["none", "memory", "disk"])
def test_batches_equal_the_readers_in_each_epoch(files, tmp_path, image_size, kind):
    cache = {"none": False, "memory": True, "disk": tmp_path / "kept"}[kind]
    dataset = pairs_dataset(*files, image_size=image_size, batch_size=3, cache=cache)
    for _ in range(2):
        images, masks = (np.concatenate(parts) for parts in zip(*dataset.as_numpy_iterator(), strict=True))
        np.testing.assert_array_equal(images, [read_image(path, image_size=image_size) for path in files[0]])
        np.testing.assert_array_equal(masks, [read_mask(path, image_size=image_size) for path in files[1]])


@pytest.mark.parametrize(
    ("batch_size", "image_size", "sides"), [(3, None, (6, 8)), (1, 4, (4, 4)), (1, None, (None, None))]
)
def test_shapes_types_and_number_of_batches_are_known(files, batch_size, image_size, sides):
    dataset = pairs_dataset(*files, batch_size=batch_size, image_size=image_size)
    assert dataset.element_spec == (
        tf.TensorSpec((None, *sides, 3), tf.float32),
        tf.TensorSpec((None, *sides, 1), tf.uint8),
    )
    assert len(dataset) == -(-COUNT // batch_size)
    assert sum(len(images) for images, _ in dataset) == COUNT


def test_images_alone(files):
    dataset = pairs_dataset(files[0], None, batch_size=4)
    assert dataset.element_spec == tf.TensorSpec((None, 6, 8, 3), tf.float32)
    assert [images.shape[0] for images in dataset] == [4, 3]


def test_order_is_reshuffled_each_epoch_and_reproducible(files, order):
    first, second = (pairs_dataset(*files, batch_size=2, shuffle=True, seed=3) for _ in range(2))
    epochs = [order(first) for _ in range(3)]
    assert [order(second) for _ in range(3)] == epochs
    assert all(sorted(epoch) == list(range(COUNT)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 3
    assert order(pairs_dataset(*files, batch_size=2, shuffle=True, seed=4)) != epochs[0]
    assert order(pairs_dataset(*files, batch_size=2)) == list(range(COUNT))


def test_without_a_seed_the_global_one_rules(files, order):
    orders = []
    for _ in range(2):
        tf.random.set_seed(5)
        orders.append(order(pairs_dataset(*files, shuffle=True)))
    assert orders[0] == orders[1]


@pytest.mark.parametrize("library", ["numpy", "tensorflow"])
def test_augment_moves_both_with_a_new_seed_each_batch_and_after_the_cache(files, library):
    def numpy_roll(images, masks, *, seed=None):
        seeds.append(seed)
        return np.roll(images, seed % 5, axis=2), np.roll(masks, seed % 5, axis=2)

    def tensorflow_roll(images, masks, *, seed=None):
        seeds.append(seed)
        return tf.roll(images, seed % 5, axis=2), tf.roll(masks, seed % 5, axis=2)

    augment = {"numpy": numpy_roll, "tensorflow": tensorflow_roll}[library]
    runs = []
    for _ in range(2):
        seeds = []
        dataset = pairs_dataset(*files, batch_size=3, augment=augment, cache=True, seed=1)
        moved = [np.concatenate([masks.numpy() for _, masks in dataset]) for _ in range(2)]
        # Batches run in parallel, so `seeds` is sorted within an epoch.
        runs.append((sorted(seeds[:3]), sorted(seeds[3:]), moved))
    assert runs[0][:2] == runs[1][:2]
    assert len({*runs[0][0], *runs[0][1]}) == 6
    np.testing.assert_array_equal(runs[0][2], runs[1][2])
    assert not np.array_equal(*runs[0][2])
    for epoch in runs[0][2]:  # moved, not lost
        assert epoch.sum(axis=(1, 2, 3)).tolist() == [1, 0, 1, 0, 1, 0, 1]


def test_augment_may_not_change_shapes(files):
    dataset = pairs_dataset(*files, augment=_cropped)
    with pytest.raises(tf.errors.InvalidArgumentError, match="keep the shape of images"):
        list(dataset)


def test_a_damaged_file_in_the_middle_of_an_epoch_is_named(files, tmp_path):
    broken = tmp_path / "broken.png"
    broken.write_bytes(files[0][4].read_bytes()[:45])
    dataset = iter(pairs_dataset([*files[0][:4], broken], files[1][:5], batch_size=2))
    next(dataset)
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"broken\.png"):
        list(dataset)


@pytest.mark.parametrize("batch_size", [1, 2])
def test_unreadable_pairs_are_skipped_if_asked_and_listed_at_the_end(files, tmp_path, batch_size, order):
    broken, grey = tmp_path / "broken.png", tmp_path / "grey_mask.png"
    broken.write_bytes(files[0][4].read_bytes()[:45])
    Image.fromarray(np.full((6, 8), 130, np.uint8)).save(grey)
    images, masks = [broken, *files[0][1:5], broken, files[0][6]], [*files[1][:6], grey]
    reasons = r"\n.*broken.*\n.*broken.*\n.*grey_mask"
    dataset = pairs_dataset(images, masks, batch_size=batch_size, skip_unreadable=True)
    assert dataset.element_spec[0].shape[-1] == 3
    for _ in range(2):
        with pytest.warns(UserWarning, match=f"3 of 7 pairs were skipped:{reasons}") as record:
            found = list(dataset)
        assert order(found) == [1, 2, 3, 4]
        assert len(record) == 1
        assert all(len(x) for x, _ in found)  # of a batch without a readable pair nothing is given


def test_nothing_readable_is_an_error(tmp_path):
    (tmp_path / "broken.png").write_bytes(b"")
    with pytest.raises(ValueError, match=r"at least one readable pair of 2.*broken\.png"):
        pairs_dataset([tmp_path / "broken.png"] * 2, None, skip_unreadable=True)


def test_nothing_is_warned_of_where_all_is_read(files, order):
    assert order(pairs_dataset(*files, batch_size=2, skip_unreadable=True)) == list(range(COUNT))


def test_normalised_by_image_volume_and_statistics(files):
    volumes = [number // 4 for number in range(COUNT)]
    images = np.stack([read_image(path) for path in files[0]])
    by_volume = np.concatenate([z_score(images[:4]), z_score(images[4:])])
    for options, expected in (
        ({"normalize": "image"}, np.zeros_like(images)),
        ({"normalize": "volume", "volumes": volumes}, by_volume),
        ({"normalize": (0.2, 0.5)}, (images - 0.2) / 0.5),
    ):
        found = np.concatenate([x.numpy() for x, _ in pairs_dataset(*files, batch_size=3, **options)])
        np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("batch_size", [1, 2])
def test_nifti_volumes(tmp_path, batch_size):
    paths = [tmp_path / f"{number}.nii.gz" for number in range(3)]
    for number, path in enumerate(paths):
        values = np.zeros((4, 5, 6), np.int16)
        values[number] = 900
        nibabel.save(nibabel.Nifti1Image(values, np.eye(4)), path)
        nibabel.save(nibabel.Nifti1Image((values > 0).astype(np.uint8), np.eye(4)), f"{path}_mask.nii")
    dataset = pairs_dataset(paths, [f"{path}_mask.nii" for path in paths], batch_size=batch_size, normalize="image")
    sides = (None,) * 3 if batch_size == 1 else (4, 5, 6)
    assert dataset.element_spec[0] == tf.TensorSpec((None, *sides, 1), tf.float32)
    images, masks = (np.concatenate(parts) for parts in zip(*dataset.as_numpy_iterator(), strict=True))
    for number in range(3):
        np.testing.assert_array_equal(images[number] > 0, masks[number] == 1)
        assert masks[number, number].all()
        assert masks.sum() == 3 * 30


@pytest.mark.parametrize("cache", [False, True])
def test_batches_that_are_kept_do_not_change(files, cache, order):
    """Their memory is used again only after they are gone."""
    dataset = pairs_dataset(*files, batch_size=1, cache=cache)
    kept = [batch for _ in range(4) for batch in dataset]
    assert order(kept) == list(range(COUNT)) * 4
    arrays = [batch for _ in range(4) for batch in dataset.as_numpy_iterator()]
    assert [round(float(x[0, 0, 0, 0]) * 25.5) for x, _ in arrays] == list(range(COUNT)) * 4


def test_sizes_may_differ_in_batches_of_one_only(files, tmp_path):
    Image.new("RGB", (5, 5)).save(tmp_path / "small.png")
    Image.new("L", (5, 5)).save(tmp_path / "small_mask.png")
    images, masks = [*files[0][:2], tmp_path / "small.png"], [*files[1][:2], tmp_path / "small_mask.png"]
    assert [x.shape[1:3] for x, _ in pairs_dataset(images, masks, batch_size=1)] == [(6, 8), (6, 8), (5, 5)]
    assert [x.shape[1:3] for x, _ in pairs_dataset(images, masks, image_size=4)] == [(4, 4)]
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"small\.png.*5x5.*6x8.*image_size"):
        list(pairs_dataset(images, masks, batch_size=2))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"mask_paths": []}, "7 images and 0 masks"),
        ({"image_paths": []}, "image_paths"),
        ({"image_paths": ["gone.png"] * COUNT}, "gone"),
        ({"batch_size": 0}, "batch_size"),
        ({"image_size": (0, 3)}, "image_size"),
        ({"ignore_class": 255}, "num_classes"),
        ({"normalize": "batch"}, "normalize"),
        ({"normalize": "volume"}, "volumes"),
        ({"normalize": "volume", "volumes": [1, 2]}, "each of 7 images.*2 volumes"),
        ({"volumes": [0] * COUNT}, "normalize='volume'"),
        ({"normalize": ([0, 0], 1)}, "each of 3 channels"),
        ({"mask_paths": None, "augment": _cropped}, "mask_paths"),
    ],
)
def test_bad_options_are_refused_at_once(files, change, expected):
    options = {"image_paths": files[0], "mask_paths": files[1], **change}
    with pytest.raises(ValueError, match=expected):
        pairs_dataset(options.pop("image_paths"), options.pop("mask_paths"), **options)


def test_presence_labels(files):
    labels = [part for _, part in presence_labels(pairs_dataset(*files, batch_size=4))]
    assert [part.dtype for part in labels] == [tf.int32, tf.int32]
    assert np.concatenate(labels).tolist() == [1, 0, 1, 0, 1, 0, 1]


def test_readers_and_splits_do_not_load_tensorflow():
    code = (
        "import sys; from resunet_kit.data import read_image, read_mask, split_by_group, cross_validation_by_group;"
        "import resunet_kit.data as d; assert 'pairs_dataset' in dir(d);"
        "assert 'tensorflow' not in sys.modules and 'keras' not in sys.modules, 'loaded'"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_unknown_names_are_attribute_errors():
    import resunet_kit.data

    with pytest.raises(AttributeError, match="pair_dataset"):
        resunet_kit.data.pair_dataset  # noqa: B018


def test_presence_labels_of_volumes():
    masks = tf.constant(np.eye(2, dtype=np.uint8)[:, :1].reshape(2, 1, 1, 1, 1) * np.ones((1, 2, 3, 4, 1), np.uint8))
    dataset = tf.data.Dataset.from_tensors((tf.zeros((2, 2, 3, 4, 1)), masks))
    assert [labels.numpy().tolist() for _, labels in presence_labels(dataset)] == [[1, 0]]
