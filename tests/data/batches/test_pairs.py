import pathlib

import numpy as np
import pytest

from resunet_kit.data.batches.pairs import Pairs, checked_paths


def test_single_path_is_not_a_list():
    with pytest.raises(TypeError, match="image_paths as a list"):
        checked_paths("image_paths", pathlib.Path("a.png"))


def test_lists_are_checked(tmp_path):
    (tmp_path / "a").touch()
    assert checked_paths("image_paths", (tmp_path / name for name in "a")) == [str(tmp_path / "a")]
    with pytest.raises(ValueError, match="received none"):
        checked_paths("image_paths", [])
    with pytest.raises(ValueError, match="2 images and 1 masks"):
        checked_paths("mask_paths", [tmp_path / "a"], length=2)
    with pytest.raises(ValueError, match=r"7 of the 8 files in mask_paths.*'.*b'.*\.\.\."):
        checked_paths("mask_paths", [tmp_path / name for name in "abcdefgh"])


def _write(folder, shapes):
    paths = [str(folder / f"{number}.npy") for number in range(len(shapes))]
    for number, (path, shape) in enumerate(zip(paths, shapes, strict=True)):
        np.save(path, np.full(shape, number, np.uint8))
    return paths


def test_batches_stack_by_number(tmp_path):
    paths = _write(tmp_path, [(2, 3, 2)] * 3)
    (images,) = Pairs(paths, None).batch(np.array([2, 0]))
    assert images.dtype == np.float32
    np.testing.assert_array_equal(images, np.float32([2, 0])[:, None, None, None] / 255 * np.ones((2, 2, 3, 2)))


@pytest.mark.parametrize(
    ("shapes", "free_sides", "expected"),
    [
        ([(2, 3, 1), (3, 2, 1)], False, "1.npy.* of 3x2 beside .*0.npy.* of 2x3.*image_size"),
        ([(2, 3, 1), (2, 3, 3)], False, "1 channels as in .*0.npy.* received 3 in .*1.npy"),
        ([(2, 3, 1), (3, 2, 4)], True, "channels"),
    ],
)
def test_images_that_do_not_fit_are_named(tmp_path, shapes, free_sides, expected):
    pairs = Pairs(_write(tmp_path, shapes), None, batch_size=1 if free_sides else 8)
    with pytest.raises(ValueError, match=expected):
        pairs.batch(np.array([1]))


@pytest.mark.parametrize("size", [None, (4, 4)])
@pytest.mark.parametrize("cache", [False, True])
def test_pairs_of_two_sizes_are_named_even_when_resized(tmp_path, size, cache):
    image, mask = _write(tmp_path, [(2, 3), (3, 2)])
    with pytest.raises(ValueError, match=r"0\.npy' of 2x3 and .*1\.npy' of 3x2"):
        Pairs([image], [mask], image_size=size, cache=cache)


def test_memory_cache_keeps_the_files_own_bytes(tmp_path):
    paths = _write(tmp_path, [(2, 3, 2)])
    pairs = Pairs(paths, None, cache=True)
    assert pairs._read((paths[0],))[0].dtype == np.uint8


def test_disk_cache_of_normalised_files_does_not_let_others_through(tmp_path):
    np.save(tmp_path / "mri.npy", np.int16([[0, 900]]))
    Pairs([tmp_path / "mri.npy"], None, cache=tmp_path / "kept", normalize="image")
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        Pairs([tmp_path / "mri.npy"], None, cache=tmp_path / "kept")
