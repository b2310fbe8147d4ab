import numpy as np
import pytest
import tifffile

from resunet_kit.data import image_statistics, read_image, z_score
from resunet_kit.data.files.levels import spread


@pytest.mark.parametrize(
    ("dtype", "white", "stays"),
    [(np.uint8, 255, True), (np.uint8, 3, True), (np.uint8, 15, True), (np.uint8, 100, False),
     (np.uint16, 65535, True), (np.uint16, 255, True), (np.uint16, 4095, False), (np.uint8, 0.5, False)],
)  # fmt: skip
def test_integers_are_spread_over_their_type_where_that_is_exact(dtype, white, stays):
    array = np.array([0, int(white // 2), int(white)], dtype)
    found = spread(array, white)
    assert found.dtype == (dtype if stays else np.float32)
    np.testing.assert_allclose(found / (np.iinfo(dtype).max if stays else 1), array / white, rtol=1e-6)


@pytest.mark.parametrize(
    ("stored", "full_scale", "expected"),
    [
        (np.uint16([[0, 1000, 4095]]), 4095, [0, 1000 / 4095, 1]),
        (np.uint16([[0, 51, 255]]), 255, [0, 0.2, 1]),
        (np.uint8([[0, 20, 100]]), 100, [0, 0.2, 1]),
        (np.int16([[0, 200, 1000]]), 1000, [0, 0.2, 1]),
        (np.float32([[0, 51, 255]]), 255, [0, 0.2, 1]),
        (np.uint32([[0, 2**31, 2**32 - 1]]), 2**32 - 1, [0, 0.5, 1]),
        (np.int64([[0, 2**62]]), 2**62, [0, 1]),
        (np.array([[False, True]]), 4095, [0, 1]),
    ],
)
def test_full_scale_is_the_number_that_stands_for_1(tmp_path, stored, full_scale, expected):
    np.save(tmp_path / "a.npy", stored)
    image = read_image(tmp_path / "a.npy", full_scale=full_scale)
    assert image.dtype == np.float32
    np.testing.assert_allclose(image.ravel(), expected, atol=1e-7)
    mean, std = image_statistics([tmp_path / "a.npy"], full_scale=full_scale)
    np.testing.assert_allclose([mean[0], std[0]], [np.mean(expected), np.std(expected)], atol=1e-6)
    scored = read_image(tmp_path / "a.npy", full_scale=full_scale, normalize=(mean, std))
    np.testing.assert_allclose(scored, z_score(image), atol=1e-5)


@pytest.mark.parametrize("stored", [np.uint16([[0, 4096]]), np.int16([[-1, 5]]), np.float64([[0, 1e300]])])
@pytest.mark.parametrize("normalize", [None, "image"])
def test_numbers_beyond_full_scale_are_refused(tmp_path, stored, normalize):
    np.save(tmp_path / "a.npy", stored)
    with pytest.raises(ValueError, match=r"a\.npy.*full_scale=4095.*stands for white"):
        read_image(tmp_path / "a.npy", full_scale=4095, normalize=normalize)


@pytest.mark.parametrize(
    ("value", "error"), [(0, ValueError), (-1, ValueError), (np.nan, ValueError), ("a", TypeError)]
)
def test_other_full_scales_are_refused(tmp_path, value, error):
    np.save(tmp_path / "a.npy", np.zeros((2, 2)))
    for read in (lambda: read_image(tmp_path / "a.npy", full_scale=value),
                 lambda: image_statistics([tmp_path / "a.npy"], full_scale=value)):  # fmt: skip
        with pytest.raises(error, match="full_scale"):
            read()


@pytest.mark.parametrize("suffix", ["npy", "tif"])
@pytest.mark.parametrize("options", [{}, {"normalize": "image"}, {"full_scale": 5}])
@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([-np.inf, np.inf, 1.0], "2 infinite of 3"),
        ([1e300, np.inf, 0.5], "1 infinite and 1 too large for float32 of 3"),
    ],
)
def test_numbers_that_are_not_finite_are_counted_and_the_cure_works(tmp_path, suffix, options, values, expected):
    if "full_scale" in options:
        expected = expected.split(" and ")[0]  # divided, it is not too large
    path, stored = tmp_path / f"a.{suffix}", np.array([values])
    np.save(path, stored) if suffix == "npy" else tifffile.imwrite(path, stored)
    with pytest.raises(ValueError, match=expected):
        read_image(path, **options)
    if "large" not in expected and 1e300 not in values:
        np.save(tmp_path / "b.npy", np.nan_to_num(stored, posinf=0, neginf=0))
        assert np.isfinite(read_image(tmp_path / "b.npy", **options)).all()


@pytest.mark.parametrize("dtype", [np.uint32, np.int32, np.int64, np.float64])
def test_small_differences_of_large_numbers_survive_normalisation(tmp_path, dtype):
    small = np.random.default_rng(0).integers(0, 6, (9, 9))
    np.save(tmp_path / "a.npy", (2_000_000_000 + small).astype(dtype))
    np.testing.assert_allclose(read_image(tmp_path / "a.npy", normalize="image"), z_score(small[..., None]), atol=1e-5)
    resized = read_image(tmp_path / "a.npy", normalize="image", image_size=18)
    assert resized.std() > 0.9
    with_zeros = np.stack([2_000_000_000 + small, 0 * small], axis=-1).astype(dtype)  # another channel is far away
    np.save(tmp_path / "b.npy", with_zeros)
    found = read_image(tmp_path / "b.npy", normalize="image")
    np.testing.assert_allclose(found[..., :1], z_score(small[..., None]), atol=1e-5)


@pytest.mark.parametrize("dtype", [np.complex64, "U1"])
def test_other_numbers_are_refused(tmp_path, dtype):
    np.save(tmp_path / "a.npy", np.zeros((2, 2), dtype))
    with pytest.raises(ValueError, match="real numbers"):
        read_image(tmp_path / "a.npy")


def test_half_precision_is_read(tmp_path):
    np.save(tmp_path / "a.npy", np.float16([[0, 0.5, 1]]))
    assert read_image(tmp_path / "a.npy").ravel().tolist() == [0, 0.5, 1]


@pytest.mark.parametrize(
    ("lowest", "cure"), [(0, "Pass full_scale, the value"), (-1024, "full_scale takes none below 0")]
)
def test_a_full_scale_is_offered_only_to_numbers_that_can_have_one(tmp_path, lowest, cure):
    np.save(tmp_path / "a.npy", np.int16([[lowest, 3000]]))
    with pytest.raises(ValueError, match=f"{cure}.*normalize='image'"):
        read_image(tmp_path / "a.npy")
    assert read_image(tmp_path / "a.npy", normalize="image").ravel() == pytest.approx([-1, 1], abs=1e-3)
