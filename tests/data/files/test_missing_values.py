import nibabel
import numpy as np
import pytest
from PIL import Image

from resunet_kit.data import PairBatches, image_statistics, pairs_dataset, read_image, read_mask

NAN = np.nan
STORED = np.float32([[0.25, NAN, 0.5], [NAN, 1, 0.75]])
LABELS = np.float32([[0, NAN, 1], [NAN, 1, 1]])


def _save(path, array):
    if path.suffix == ".npy":
        np.save(path, array)
    elif path.suffix == ".tif":
        Image.fromarray(array).save(path)
    else:
        nibabel.save(nibabel.Nifti1Image(array[..., None], np.eye(4)), path)
    return path


@pytest.fixture(params=["a.nii", "a.nii.gz", "a.npy", "a.tif"])
def name(request):
    return request.param


def test_the_error_counts_nan_and_its_cure_works(tmp_path, name):
    path = _save(tmp_path / name, STORED)
    with pytest.raises(ValueError, match=r"Cannot read .*a\..*NaN at 2 of 6 \(33 %\), which SPM .*Pass nan=0.0"):
        read_image(path)
    assert read_image(path, nan=0.0)[..., 0].tolist() == [[0.25, 0, 0.5], [0, 1, 0.75]]
    assert read_image(path, nan=1)[..., 0].tolist() == [[0.25, 1, 0.5], [1, 1, 0.75]]


def test_the_replacement_counts_as_the_files_value(tmp_path):
    path = _save(tmp_path / "a.nii", 1000 * STORED)
    filled = 1000 * np.float64([0.25, 0, 0.5, 0, 1, 0.75])
    expected = (filled - filled.mean()) / filled.std()
    np.testing.assert_allclose(read_image(path, normalize="image", nan=0.0).ravel(), expected, atol=1e-6)
    mean, std = image_statistics([path], nan=0.0)
    np.testing.assert_allclose([mean[0], std[0]], [filled.mean(), filled.std()])
    with pytest.raises(ValueError, match="NaN at 2 of 6"):
        image_statistics([path])
    with pytest.raises(ValueError, match="in \\[0, 1\\]"):
        read_image(path, nan=0.0)


@pytest.mark.parametrize("wrong", [np.inf, NAN, -1.0])
def test_a_replacement_must_be_a_number_that_the_image_may_hold(tmp_path, wrong):
    with pytest.raises(ValueError, match="Expected"):
        read_image(_save(tmp_path / "a.npy", STORED), nan=wrong)


@pytest.mark.parametrize("wrong", ["0", True, [0]])
def test_a_replacement_of_another_type_is_refused(tmp_path, wrong):
    path = _save(tmp_path / "a.npy", STORED)
    for read in (read_image, read_mask):
        with pytest.raises(TypeError, match="Expected nan to be a number"):
            read(path, nan=wrong)


def test_infinite_values_are_not_replaced(tmp_path):
    with pytest.raises(ValueError, match="1 infinite of 3"):
        read_image(_save(tmp_path / "a.npy", np.float32([[NAN, 0, np.inf]])), nan=0.0)


@pytest.mark.parametrize("read", [read_image, read_mask])
def test_nan_alone_is_refused(tmp_path, read):
    with pytest.raises(ValueError, match="NaN alone"):
        read(_save(tmp_path / "a.npy", np.full((2, 2), NAN)), nan=0.0)


def test_nan_in_masks_is_refused_or_the_label_that_is_given(tmp_path, name):
    path = _save(tmp_path / name, LABELS)
    with pytest.raises(ValueError, match=r"a\..*NaN at 2 of 6 \(33 %\).*Pass nan=0 to read it as background"):
        read_mask(path)
    assert read_mask(path, nan=0)[..., 0].tolist() == [[0, 0, 1], [0, 1, 1]]
    assert read_mask(path, nan=0.0).dtype == np.uint8
    ignored = read_mask(path, nan=255, num_classes=2, ignore_class=255)
    assert ignored[..., 0].tolist() == [[0, 255, 1], [255, 1, 1]]


@pytest.mark.parametrize("wrong", [0.5, -1, 256])
def test_nan_in_masks_is_a_class_label(tmp_path, wrong):
    with pytest.raises(ValueError, match="Expected nan to be"):
        read_mask(_save(tmp_path / "a.npy", LABELS), nan=wrong)


def test_the_label_of_nan_is_one_of_the_classes(tmp_path):
    with pytest.raises(ValueError, match="below 2"):
        read_mask(_save(tmp_path / "a.npy", LABELS), nan=3, num_classes=2)


@pytest.mark.parametrize("pipeline", [pairs_dataset, PairBatches])
@pytest.mark.parametrize(("options", "label"), [({}, 0), ({"num_classes": 2, "ignore_class": 255}, 255)])
def test_batches_replace_nan_in_images_and_masks(tmp_path, pipeline, options, label):
    image, mask = _save(tmp_path / "image.nii.gz", STORED), _save(tmp_path / "mask.nii.gz", LABELS)
    with pytest.raises(ValueError, match=r"image\.nii\.gz.*NaN at 2 of 6"):
        pipeline([image], [mask])
    images, masks = (np.asarray(part) for part in next(iter(pipeline([image], [mask], nan=0.125, **options))))
    assert images[0, ..., 0].tolist() == [[0.25, 0.125, 0.5], [0.125, 1, 0.75]]
    assert masks[0, ..., 0].tolist() == [[0, label, 1], [label, 1, 1]]
    with pytest.raises(TypeError, match="nan"):
        pipeline([image], [mask], nan="0")


def test_entries_of_a_cache_depend_on_the_replacement(tmp_path):
    image, mask = _save(tmp_path / "image.npy", STORED), _save(tmp_path / "mask.npy", LABELS)
    sums = [
        float(images.sum())
        for nan in (0.0, 1.0)
        for images, _ in PairBatches([image], [mask], nan=nan, cache=tmp_path / "cache")
    ]
    assert sums == [2.5, 4.5]
