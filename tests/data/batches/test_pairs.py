import sys
from concurrent.futures import ThreadPoolExecutor

import imagecodecs
import numpy as np
import pytest

from resunet_kit.data.batches.pairs import Pairs


def _write(folder, shapes):
    paths = [str(folder / f"{index}.npy") for index in range(len(shapes))]
    for index, (path, shape) in enumerate(zip(paths, shapes, strict=True)):
        np.save(path, np.full(shape, index, np.uint8))
    return paths


def test_batches_stack_by_index(tmp_path):
    paths = _write(tmp_path, [(2, 3, 2)] * 3)
    (images,) = Pairs(paths, None).batch(np.array([2, 0]))
    assert images.dtype == np.float32
    np.testing.assert_array_equal(images, np.float32([2, 0])[:, None, None, None] / 255 * np.ones((2, 2, 3, 2)))


@pytest.mark.parametrize(
    ("shapes", "batch_size", "expected"),
    [
        ([(2, 3, 1), (3, 2, 1)], 8, "1.npy.* of 3x2 and .*0.npy.* of 2x3.*image_size"),
        ([(2, 3, 1), (2, 3, 3)], 8, "1 channels as in .*0.npy.* Received 3 in .*1.npy"),
        ([(2, 3, 1), (3, 2, 4)], 1, "channels"),
    ],
)
def test_images_that_do_not_fit_are_named(tmp_path, shapes, batch_size, expected):
    pairs = Pairs(_write(tmp_path, shapes), None, batch_size=batch_size)
    with pytest.raises(ValueError, match=expected):
        pairs.batch(np.array([1]))


@pytest.mark.parametrize("size", [None, (4, 4)])
@pytest.mark.parametrize("cache", [False, True])
def test_pairs_of_two_sizes_are_named_even_when_resized(tmp_path, size, cache):
    image, mask = _write(tmp_path, [(2, 3), (3, 2)])
    with pytest.raises(ValueError, match=r"0\.npy' of 2x3 and .*1\.npy' of 3x2"):
        Pairs([image], [mask], image_size=size, cache=cache)


def test_memory_cache_has_the_files_own_type(tmp_path):
    paths = _write(tmp_path, [(2, 3, 2)])
    pairs = Pairs(paths, None, cache=True)
    assert pairs._read((paths[0],))[0].dtype == np.uint8


def test_disk_cache_of_normalised_files_does_not_let_others_through(tmp_path):
    np.save(tmp_path / "mri.npy", np.int16([[0, 900]]))
    Pairs([tmp_path / "mri.npy"], None, cache=tmp_path / "cache", normalize="image")
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        Pairs([tmp_path / "mri.npy"], None, cache=tmp_path / "cache")


def test_a_missing_codec_is_not_skipped(tmp_path, monkeypatch):
    """The file is intact; only this installation cannot read it."""
    (tmp_path / "deep.png").write_bytes(imagecodecs.png_encode(np.ones((4, 4, 3), np.uint16)))
    monkeypatch.setitem(sys.modules, "imagecodecs", None)
    with pytest.raises(ImportError, match=r"deep\.png"):
        Pairs([tmp_path / "deep.png"], None, skip_unreadable=True)


def test_readable_pairs_are_found_by_reading_all(tmp_path):
    paths = _write(tmp_path, [(2, 3, 1)] * 3)
    (tmp_path / "1.npy").write_bytes(b"damaged")
    assert Pairs(paths, None, skip_unreadable=True).readable() == [0, 2]


def test_files_may_be_read_in_threads(tmp_path):
    pairs = Pairs(_write(tmp_path, [(2, 3, 1)] * 5), None)
    with ThreadPoolExecutor(3) as threads:
        (images,) = pairs.batch([4, 0, 2], threads.map)
    np.testing.assert_array_equal(images[:, 0, 0, 0] * 255, np.float32([4, 0, 2]))


@pytest.mark.parametrize("options", [{"normalize": (0.5, 0.2)}, {"normalize": "volume", "volumes": ["a", "a", "a"]}])
def test_two_units_under_one_mean_are_refused(tmp_path, options):
    paths = [tmp_path / f"{name}.npy" for name in ("bits", "unit", "raw")]
    arrays = np.uint8([[0, 255]]), np.float32([[0, 1]]), np.int16([[0, 900]])
    for path, array in zip(paths, arrays, strict=True):
        np.save(path, array)
    pairs = Pairs(paths, None, **options)
    with pytest.raises(ValueError, match=r"Expected images of one unit. Received '.*bits.npy.*'.*raw.npy"):
        pairs.batch([0, 1, 2])
    for own in ({"normalize": "image"}, {"normalize": "volume", "volumes": ["a", "a", "b"]}):
        assert Pairs(paths, None, **own).batch([0, 1, 2])[0].shape == (3, 1, 2, 1)
