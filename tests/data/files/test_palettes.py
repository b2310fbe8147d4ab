import numpy as np
import pytest
from PIL import Image

from resunet_kit.data import read_image, read_mask
from tests.data.files.writers import png, tiff

GREYS = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)
TRUTH = np.random.default_rng(0).integers(0, 2, (6, 13))
VOC = np.array([[0, 0, 0], [128, 0, 0], [0, 128, 0], [128, 128, 0]], np.uint8)


def _save(folder, indices, palette, suffix):
    """Write a palette file by the writer that fits."""
    path = folder / f"mask.{suffix}"
    bits = next(bits for bits in (1, 2, 4, 8) if 2**bits >= len(palette))
    if suffix == "png":
        path.write_bytes(png(indices, bits, colour=3, palette=palette))
    elif suffix == "tif":
        filled = np.zeros((2**bits, 3), np.uint8)
        filled[: len(palette)] = palette
        path.write_bytes(tiff(indices, bits, photometric=3, palette=filled))
    else:
        image = Image.fromarray(indices.astype(np.uint8), "P")
        image.putpalette(np.asarray(palette, np.uint8).tobytes())
        image.save(path)
    return path


@pytest.mark.parametrize("suffix", ["png", "tif", "gif", "bmp"])
@pytest.mark.parametrize("greys", [(0, 255), (255, 0), (50, 200), (200, 50)])
def test_two_greys_in_any_order_are_dark_and_bright(tmp_path, suffix, greys):
    indices = TRUTH if greys[0] < greys[1] else 1 - TRUTH
    path = _save(tmp_path, indices, GREYS[list(greys)], suffix)
    np.testing.assert_array_equal(read_mask(path)[..., 0], TRUTH)
    image = read_image(path, channels=1)[..., 0]
    np.testing.assert_allclose(image, np.where(TRUTH, max(greys), min(greys)) / 255, atol=1e-6)


@pytest.mark.parametrize("suffix", ["png", "tif", "gif", "bmp"])
@pytest.mark.parametrize("constant", [0, 1])
def test_a_picture_of_one_grey_is_read_by_its_palette(tmp_path, suffix, constant):
    path = _save(tmp_path, np.full((3, 8), constant), GREYS[[255, 0]], suffix)
    assert set(read_mask(path).ravel().tolist()) == {1 - constant}


@pytest.mark.parametrize(
    ("palette", "indices", "expected"),
    [
        (VOC, [0, 1, 2, 3], [0, 1, 2, 3]),
        (VOC, [0, 1, 1, 0], [0, 1, 1, 0]),
        (VOC, [0, 0, 0, 0], [0, 0, 0, 0]),
        (GREYS, [0, 1, 2, 3], [0, 1, 2, 3]),
        (GREYS, [0, 255, 0, 0], [0, 1, 0, 0]),
        (GREYS[::-1], [0, 255, 0, 0], [1, 0, 1, 1]),
        (GREYS[::-1], [0, 1, 2, 3], [0, 1, 2, 3]),
        (GREYS[[0, 255] * 128], [0, 1, 2, 3], [0, 1, 0, 1]),
        (GREYS[[0, 0, 0, 0]], [0, 1, 2, 3], [0, 1, 2, 3]),
        ([[255, 255, 255], [0, 0, 0], [255, 0, 0]], [0, 1, 2, 0], [0, 1, 2, 0]),
        (VOC[:2], [0, 1, 2, 3], [0, 1, 2, 3]),
    ],
)
def test_indices_are_labels_unless_the_picture_is_of_two_greys(tmp_path, palette, indices, expected):
    (tmp_path / "a.png").write_bytes(png(np.array([indices]), 8, colour=3, palette=palette))
    assert read_mask(tmp_path / "a.png").ravel().tolist() == expected


def test_classes_make_indices_of_any_palette_labels(tmp_path):
    (tmp_path / "a.png").write_bytes(png(np.array([[0, 1]]), 8, colour=3, palette=GREYS[[255, 0]]))
    assert read_mask(tmp_path / "a.png", num_classes=3).ravel().tolist() == [0, 1]


@pytest.mark.parametrize(
    ("palette", "indices", "expected"),
    [
        ([[255, 0, 0], [0, 0, 0]], [0, 1], "index 1 is black"),
        (GREYS[[0, 255, 0, 0]], [0, 1, 2], "two greys"),
    ],
)
def test_palettes_that_contradict_their_indices_are_refused(tmp_path, palette, indices, expected):
    (tmp_path / "a.png").write_bytes(png(np.array([indices]), 8, colour=3, palette=palette))
    with pytest.raises(ValueError, match=rf"a\.png.*{expected}.*grey PNG"):
        read_mask(tmp_path / "a.png")
    assert read_mask(tmp_path / "a.png", channel=0).shape == (1, len(indices), 1)


@pytest.mark.parametrize("options", [{}, {"num_classes": 32, "ignore_class": 255}])
@pytest.mark.parametrize("labels", [[0, 2], [2, 2], [1, 2, 3], [3, 0, 10], [0, 1]])
def test_labels_in_grey_are_the_same_as_gif_and_as_png(tmp_path, labels, options):
    """Writers of GIF make indices of greys: 1, 2 and 3 become 0, 1 and 2."""
    image = Image.fromarray(np.uint8([labels]))
    image.save(tmp_path / "a.gif")
    image.quantize().save(tmp_path / "b.png")
    for name in ("a.gif", "b.png"):
        assert read_mask(tmp_path / name, **options).ravel().tolist() == labels


def test_void_in_grey_is_void_as_gif_too(tmp_path):
    Image.fromarray(np.uint8([[1, 0, 255]])).save(tmp_path / "a.gif")
    with pytest.raises(ValueError, match="0, 1, 255"):
        read_mask(tmp_path / "a.gif")
    assert read_mask(tmp_path / "a.gif", num_classes=2, ignore_class=255).ravel().tolist() == [1, 0, 255]


def test_a_palette_of_white_alone_is_white(tmp_path):
    Image.fromarray(np.full((2, 2), 255, np.uint8)).quantize().save(tmp_path / "a.png")
    assert read_mask(tmp_path / "a.png").ravel().tolist() == [1, 1, 1, 1]


def test_a_ramp_of_greys_is_no_table_of_labels(tmp_path):
    (tmp_path / "a.png").write_bytes(png(np.array([[0, 1]]), 4, colour=3, palette=GREYS[::17]))
    assert read_mask(tmp_path / "a.png").ravel().tolist() == [0, 1]
