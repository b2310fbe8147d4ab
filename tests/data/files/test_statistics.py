import numpy as np
import pytest

from resunet_kit.data import image_statistics, read_image


def _write(folder, arrays):
    paths = [folder / f"{index}.npy" for index in range(len(arrays))]
    for path, array in zip(paths, arrays, strict=True):
        np.save(path, array)
    return paths


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_over_all_pixels_of_files_of_any_size_in_the_readers_unit(tmp_path, dtype):
    generator = np.random.default_rng(0)
    arrays = [generator.integers(0, 255 - 40 * i, (5 + i, 9 - i, 3)).astype(dtype) for i in range(5)]
    paths = _write(tmp_path, arrays)
    mean, std = image_statistics(paths)
    pixels = np.concatenate([read_image(path).reshape(-1, 3) for path in paths]).astype(np.float64)
    np.testing.assert_allclose(mean, pixels.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(std, pixels.std(axis=0), rtol=1e-6)


def test_files_outside_the_unit_range_keep_their_unit(tmp_path):
    mean, std = image_statistics(_write(tmp_path, [np.int16([[-1000, 3000]])]))
    assert (mean.tolist(), std.tolist()) == ([1000], [2000])


def test_files_that_do_not_fit_are_named(tmp_path):
    with pytest.raises(ValueError, match=r"3 channels as in .*0\.npy.*Received 1 in .*1\.npy"):
        image_statistics(_write(tmp_path, [np.zeros((2, 2, 3)), np.zeros((2, 2, 1))]))
    with pytest.raises(ValueError, match="at least one path"):
        image_statistics([])


def test_files_of_two_units_are_named(tmp_path):
    paths = _write(tmp_path, [np.full((2, 2), 100, np.uint8), np.full((2, 2), 100, np.int16), np.full((2, 2), 0.5)])
    with pytest.raises(ValueError, match=r"one unit.*0\.npy.*1\.npy.*normalize='image'"):
        image_statistics(paths)
    assert image_statistics([paths[0], paths[2]])[0] == pytest.approx((100 / 255 + 0.5) / 2)
    assert image_statistics(paths[:2], full_scale=200)[0] == pytest.approx(0.5)
