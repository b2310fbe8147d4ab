import numpy as np
import pytest

from resunet_kit.data import PairBatches, image_statistics, read_image, z_score
from resunet_kit.data.batches.normalizer import Normalizer

VOLUMES = ["a", "b", "a", "b", "b"]


@pytest.fixture
def paths(tmp_path):
    """Slices of two volumes, one in 8 and one in 16 bits, with a constant channel."""
    generator = np.random.default_rng(0)
    paths = [tmp_path / f"{index}.npy" for index in range(len(VOLUMES))]
    for path, volume in zip(paths, VOLUMES, strict=True):
        image = generator.integers(0, 200, (6, 5, 2))
        image[..., 1] = 7
        np.save(path, image.astype(np.uint8 if volume == "a" else np.uint16))
    return paths


def _batch(paths, **options):
    return np.concatenate([images for (images,) in PairBatches(paths, None, batch_size=2, **options)])


def test_a_volume_is_fitted_once_from_the_slices_that_are_passed():
    slices = np.random.default_rng(1).integers(0, 256, (3, 4, 5, 1), dtype=np.uint8)
    normalizer = Normalizer("volume", 1)
    assert normalizer.needs("a")
    normalizer.fit("a", iter(slices))
    assert not normalizer.needs("a")
    found = np.empty(slices.shape, np.float32)
    for raw, out in zip(slices, found, strict=True):
        normalizer.transform(raw, "a", out=out)
    np.testing.assert_allclose(found, z_score(slices), atol=1e-5)
    assert not Normalizer(None, 1).needs("a")
    assert not Normalizer((0, 1), 1).needs("a")


@pytest.mark.parametrize("cache", [False, True])
def test_by_image_volume_and_given_statistics(paths, cache):
    images = np.stack([read_image(path) for path in paths])
    by_volume = np.empty_like(images)
    for volume in set(VOLUMES):
        members = [index for index, name in enumerate(VOLUMES) if name == volume]
        by_volume[members] = z_score(images[members])
    mean, std = image_statistics(paths)
    for options, expected in (
        ({"normalize": "image"}, [z_score(image) for image in images]),
        ({"normalize": "volume", "volumes": VOLUMES}, by_volume),
        ({"normalize": (mean, std)}, [read_image(path, normalize=(mean, std)) for path in paths]),
    ):
        np.testing.assert_allclose(_batch(paths, cache=cache, **options), expected, atol=1e-4)


def test_constant_images_are_zero_by_any_rule(tmp_path):
    path = tmp_path / "a.npy"
    np.save(path, np.full((4, 4, 2), 9, np.uint8))
    for options in ({"normalize": "image"}, {"normalize": "volume", "volumes": [0]}, {"normalize": (9 / 255, 0)}):
        np.testing.assert_allclose(_batch([path], **options), 0, atol=1e-7)


def test_unreadable_slices_are_left_out_of_their_volume(paths, tmp_path):
    broken = tmp_path / "broken.npy"
    broken.write_bytes(b"")
    with pytest.warns(UserWarning, match="broken"):
        found = _batch([*paths, broken], normalize="volume", volumes=[*VOLUMES, "a"], skip_unreadable=True)
    np.testing.assert_array_equal(found, _batch(paths, normalize="volume", volumes=VOLUMES))


def test_other_channels_than_the_first_images_are_named(paths, tmp_path):
    np.save(tmp_path / "grey.npy", np.zeros((6, 5), np.uint8))
    with pytest.raises(ValueError, match=r"2 channels .* Received 1 in .*grey\.npy"):
        _batch([*paths, tmp_path / "grey.npy"], normalize=([0.1, 0.2], [1, 1]))
    with pytest.raises(ValueError, match=r"2 channels .* Received 1 in .*grey\.npy"):
        _batch([*paths, tmp_path / "grey.npy"], normalize="volume", volumes=[0] * 6)
    with pytest.raises(ValueError, match="each of 2 channels"):
        _batch(paths, normalize=([0.1, 0.2, 0.3], 1))
