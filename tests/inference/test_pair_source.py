"""Images with their truths, from all that holds them; the rest is refused by image."""

import numpy as np
import pytest
import tensorflow as tf

from resunet_kit.data import PairBatches, pairs_dataset
from resunet_kit.inference._pair_source import pair_source

IMAGES = np.random.default_rng(0).random((5, 4, 6, 1), "float32")
MASKS = (IMAGES > 0.7).astype("uint8")


def read(images, truths=None, *, classes=1, ignore_class=None, channels=1):
    return list(pair_source(images, truths, channels, classes, ignore_class)[0])


SEPARATE = {
    "arrays": (IMAGES, MASKS),
    "without the last axis": (IMAGES, MASKS[..., 0]),
    "booleans": (IMAGES, MASKS > 0),
    "0/255": (IMAGES, MASKS * 255),
    "floats": (IMAGES, MASKS.astype("float64")),
    "lists": (list(IMAGES), list(MASKS)),
    "a list beside an array": (IMAGES, [mask[..., 0] for mask in MASKS]),
    "generators": (iter(IMAGES), (mask for mask in MASKS)),
    "generators of plain masks": (iter(IMAGES), (mask[None, ..., 0] for mask in MASKS)),
    "batches": (iter([IMAGES[:3], IMAGES[3:]]), iter([MASKS[:2], MASKS[2:, ..., 0]])),
}


@pytest.mark.parametrize("form", SEPARATE)
def test_truths_beside_the_images(form):
    found = read(*SEPARATE[form])
    np.testing.assert_array_equal([image for image, _ in found], IMAGES)
    np.testing.assert_array_equal([truth.labels for _, truth in found], MASKS[..., 0])
    assert {truth.labels.dtype for _, truth in found} == {np.dtype("uint8")}


def test_datasets_of_pairs():
    datasets = tf.data.Dataset.from_tensor_slices((IMAGES, MASKS))
    batches = [(IMAGES[:4], MASKS[:4]), (IMAGES[4:], MASKS[4:])]
    for form in (datasets, datasets.batch(2), iter(zip(IMAGES, MASKS, strict=True)), batches):
        found = read(form)
        np.testing.assert_array_equal([image for image, _ in found], IMAGES)
        np.testing.assert_array_equal([truth.labels for _, truth in found], MASKS[..., 0])


def test_images_of_several_sizes():
    images = [np.zeros((4, 5, 1)), np.zeros((3, 2, 1))]
    found = read(images, [np.ones((4, 5)), np.zeros((3, 2, 1))])
    assert [(image.shape[:2], truth.labels.sum()) for image, truth in found] == [((4, 5), 20), ((3, 2), 0)]


def test_files_bring_their_ignore_class(tmp_path):
    for index, mask in enumerate(MASKS):
        np.save(tmp_path / f"image{index}.npy", (IMAGES[index] * 255).astype("uint8"))
        np.save(tmp_path / f"mask{index}.npy", np.where(np.arange(6) < 2, 255, mask[..., 0]).astype("uint8"))
    images, masks = (sorted(tmp_path.glob(f"{name}*.npy")) for name in ("image", "mask"))
    options = {"batch_size": 2, "num_classes": 2, "ignore_class": 255}
    for batches in (PairBatches(images, masks, **options), pairs_dataset(images, masks, **options)):
        found = read(batches)
        np.testing.assert_array_equal([truth.labels[:, 2:] for _, truth in found], MASKS[:, :, 2:, 0])
        assert not any(truth.labels[:, :2].any() for _, truth in found)
        assert all((truth.valid == (np.arange(6) >= 2)).all() for _, truth in found)
    with pytest.raises(ValueError, match=r"tuples \(images, masks\)\. Received tuple of 1 for image 0"):
        read(PairBatches(images, None, batch_size=2))


def test_labels_of_several_classes():
    labels = np.arange(24).reshape(1, 4, 6) % 4
    [(_, truth)] = read(IMAGES[:1], labels, classes=4)
    np.testing.assert_array_equal(truth.labels, labels[0])
    [(_, truth)] = read(IMAGES[:1], np.where(labels == 3, 255, labels), classes=3, ignore_class=255)
    np.testing.assert_array_equal(truth.valid, labels[0] != 3)


NAN = MASKS.astype("float32")
NAN[3, 1, 1] = np.nan


@pytest.mark.parametrize(
    ("images", "truths", "error", "message"),
    [
        (IMAGES, MASKS[:4], ValueError, r"Received 5 images and 4 truths"),
        (iter(IMAGES), MASKS[:4], ValueError, r"Received no truth for image 4"),
        (iter(IMAGES), iter(MASKS[:4]), ValueError, r"Received no truth for image 4"),
        (IMAGES[:3], iter(MASKS), ValueError, r"Received more truths than images"),
        (IMAGES, MASKS[:, :3], ValueError, r"truth of image 0 .* \(4, 6\)\. Received shape \(3, 6, 1\)\. Check"),
        (IMAGES, np.repeat(MASKS, 3, -1), ValueError, r"masks\.argmax\(-1\)"),
        (IMAGES[:1], MASKS[0, ..., 0], ValueError, r"truths of shape \(n, height, width\).*truths\[None\]"),
        (IMAGES, NAN, ValueError, r"truths of numbers\. Received NaN for image 3\. "),
        (IMAGES, MASKS * 0.5, ValueError, r"Received 0\.5 for image 0"),
        (IMAGES, MASKS * 2, ValueError, r"Received 2 for image 0"),
        (IMAGES, MASKS.astype("int8") * -1, ValueError, r"Received -1 for image 0"),
        (IMAGES, MASKS.astype(str), TypeError, r"truths of numbers\. Received dtype <U"),
        (IMAGES, 5, TypeError, r"Received int\. Read files"),
        (IMAGES, "masks", TypeError, r"Received str\. Read files"),
        (IMAGES, None, TypeError, r"tune\(images, truths\).*Received ndarray alone"),
        (iter(IMAGES), None, ValueError, r"Received images alone for image 0"),
        (iter([(IMAGES, MASKS, MASKS)]), None, ValueError, r"Received tuple of 3 for image 0"),
        (iter([(IMAGES, MASKS[:4])]), None, ValueError, r"Received 5 images and 4 truths in the batch of image 0"),
        (iter([(IMAGES[..., 0], MASKS)]), None, ValueError, r"Expected images of shape|5 images and"),
        (np.repeat(IMAGES, 3, -1), MASKS, ValueError, r"Expected images of shape"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(images, truths, error, message):
    with pytest.raises(error, match=message):
        read(images, truths)


def test_labels_that_the_segmenter_does_not_have_are_named():
    with pytest.raises(ValueError, match=r"labels from 0 to 2, the segmenter's classes\. Received 3, 7 for image 0\. "):
        read(IMAGES[:1], np.where(MASKS[:1] > 0, 3, 7), classes=3)


def test_a_dataset_that_never_ends_is_refused():
    pairs = tf.data.Dataset.from_tensor_slices((IMAGES, MASKS)).repeat()
    with pytest.raises(ValueError, match="repeats for ever"):
        read(pairs)
    with pytest.raises(ValueError, match="repeats for ever"):
        read(IMAGES, pairs.map(lambda _, mask: mask))
