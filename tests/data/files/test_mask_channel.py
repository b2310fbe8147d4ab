"""Masks in files of several channels: one that leaves no doubt, the one that is asked for, or an error."""

import io

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image

from resunet_kit.data import read_mask
from tests.data.files.writers import png

TRUTH = np.random.default_rng(0).integers(0, 2, (6, 9))
BRIGHT = (TRUTH * 255).astype(np.uint8)
FULL = np.full_like(BRIGHT, 255)
BLACK = np.zeros_like(BRIGHT)


def _rgba(grey, opacity):
    return np.stack([grey, grey, grey, opacity], axis=-1)


def _write(path, array):
    """Write a grey or RGB picture with an opacity, in the format of the name."""
    if path.suffix == ".tif":
        tifffile.imwrite(path, array, photometric="rgb", extrasamples=["unassalpha"])
    elif path.suffix == ".webp":
        Image.fromarray(array).save(path, lossless=True, exact=True)
    elif array.dtype == np.uint16:
        path.write_bytes(imagecodecs.png_encode(array))
    else:
        Image.fromarray(array).save(path)
    return path


@pytest.mark.parametrize("suffix", ["png", "tif", "webp"])
def test_an_opacity_that_says_nothing_or_the_same_is_harmless(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    for opacity in (FULL, BRIGHT):
        np.testing.assert_array_equal(read_mask(_write(path, _rgba(BRIGHT, opacity)))[..., 0], TRUTH)
    assert not read_mask(_write(path, _rgba(BLACK, FULL))).any()
    assert not read_mask(_write(path, _rgba(BLACK, BLACK))).any()
    assert read_mask(_write(path, _rgba(FULL, FULL))).all()


@pytest.mark.parametrize("suffix", ["png", "tif", "webp"])
@pytest.mark.parametrize(
    ("grey", "opacity"),
    [(BLACK, BRIGHT), (FULL, BRIGHT), (BRIGHT, 255 - BRIGHT), (BRIGHT, BLACK), (FULL, BLACK), (BRIGHT, FULL // 2),
     (BRIGHT[::-1], BRIGHT)],
)  # fmt: skip
def test_a_mask_that_may_be_in_the_opacity_is_refused_with_the_cure(tmp_path, suffix, grey, opacity):
    path = _write(tmp_path / f"a.{suffix}", _rgba(grey, opacity))
    with pytest.raises(ValueError, match=rf"a\.{suffix}.*transparent pixels.*channel="):
        read_mask(path)
    if set(np.unique(opacity)) <= {0, 255}:
        np.testing.assert_array_equal(read_mask(path, channel=-1)[..., 0], opacity > 0)
    np.testing.assert_array_equal(read_mask(path, channel=0)[..., 0], grey > 0)


@pytest.mark.parametrize("white", [255, 65535])
def test_grey_with_opacity_of_8_and_16_bits(tmp_path, white):
    array = np.stack([0 * TRUTH, TRUTH * white], axis=-1).astype(np.uint8 if white == 255 else np.uint16)
    path = tmp_path / "a.png"
    path.write_bytes(imagecodecs.png_encode(array))
    with pytest.raises(ValueError, match="transparent pixels"):
        read_mask(path)
    np.testing.assert_array_equal(read_mask(path, channel=1)[..., 0], TRUTH)


def test_colours_that_were_multiplied_by_the_opacity(tmp_path):
    path = tmp_path / "a.tif"
    for grey, opacity, works in ((BRIGHT, BRIGHT, True), (BLACK, BRIGHT, False)):
        tifffile.imwrite(path, _rgba(grey, opacity), photometric="rgb", extrasamples=["assocalpha"])
        if works:
            np.testing.assert_array_equal(read_mask(path)[..., 0], TRUTH)
        else:
            with pytest.raises(ValueError, match="transparent pixels"):
                read_mask(path)


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
@pytest.mark.parametrize("transparent", [0, 1])
def test_a_transparent_colour_is_harmless_where_it_is_the_background(tmp_path, bits, transparent):
    stored = TRUTH * (2**bits - 1)
    chunk = (transparent * (2**bits - 1)).to_bytes(2, "big")
    (tmp_path / "a.png").write_bytes(png(stored, bits, transparent=chunk))
    if transparent:
        with pytest.raises(ValueError, match="transparent pixels"):
            read_mask(tmp_path / "a.png", num_classes=2)
        np.testing.assert_array_equal(read_mask(tmp_path / "a.png", num_classes=2, channel=-1)[..., 0], 1 - TRUTH)
    else:
        np.testing.assert_array_equal(read_mask(tmp_path / "a.png", num_classes=2)[..., 0], TRUTH)


def test_a_transparent_index_of_several_labels_is_harmless(tmp_path):
    indices = np.array([[0, 1, 2, 3]])
    colours = [[0, 0, 0], [128, 0, 0], [0, 128, 0], [128, 128, 0]]
    for opacities in (b"\0", b"\xff\0", b"\xff\xff\xff\x80"):
        (tmp_path / "a.png").write_bytes(png(indices, 8, colour=3, palette=colours, transparent=opacities))
        assert read_mask(tmp_path / "a.png").ravel().tolist() == [0, 1, 2, 3]


def test_a_drawing_in_black_on_transparent_white_is_refused(tmp_path):
    palette = [[255, 255, 255], [0, 0, 0]]
    (tmp_path / "a.png").write_bytes(png(TRUTH, 1, colour=3, palette=palette, transparent=b"\0"))
    with pytest.raises(ValueError, match="transparent pixels"):
        read_mask(tmp_path / "a.png")
    np.testing.assert_array_equal(read_mask(tmp_path / "a.png", channel=-1)[..., 0], TRUTH)


@pytest.mark.parametrize(
    "array",
    [
        np.stack([1 - TRUTH, TRUTH], axis=-1),
        np.stack([0 * TRUTH, 0 * TRUTH + 1], axis=-1),
        np.stack([BLACK, BLACK, BLACK, FULL], axis=-1),
        np.stack([BRIGHT, BLACK, BLACK], axis=-1),
        np.stack([1 - TRUTH, TRUTH, 0 * TRUTH, 0 * TRUTH], axis=-1),
        np.stack([TRUTH] * 4 + [0 * TRUTH], axis=-1),
    ],
    ids=["one-hot", "one-hot, full", "one-hot, fourth", "red", "one-hot of four", "five"],
)
def test_channels_that_differ_are_refused_with_the_cures(tmp_path, array):
    np.save(tmp_path / "a.npy", array)
    with pytest.raises(ValueError, match=r"one channel.*argmax.*channel=") as error:
        read_mask(tmp_path / "a.npy")
    assert "a.npy" in str(error.value)
    for channel in range(array.shape[-1]):
        np.testing.assert_array_equal(read_mask(tmp_path / "a.npy", channel=channel)[..., 0], array[..., channel] > 0)


def test_equal_channels_are_one(tmp_path):
    for array in (np.stack([TRUTH] * 2, axis=-1), np.stack([BRIGHT] * 3, axis=-1), _rgba(BRIGHT, FULL)):
        np.save(tmp_path / "a.npy", array)
        np.testing.assert_array_equal(read_mask(tmp_path / "a.npy")[..., 0], TRUTH)


def test_unspecified_samples_are_not_an_opacity(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.stack([1 - TRUTH, TRUTH], -1).astype(np.uint8), photometric="minisblack",
                     planarconfig="contig", extrasamples=["unspecified"])  # fmt: skip
    with pytest.raises(ValueError, match="one channel"):
        read_mask(tmp_path / "a.tif")
    np.testing.assert_array_equal(read_mask(tmp_path / "a.tif", channel=1)[..., 0], TRUTH)


def test_inks_are_refused(tmp_path):
    inks = np.stack([BLACK, BLACK, BLACK, BRIGHT], axis=-1)
    tifffile.imwrite(tmp_path / "a.tif", inks, photometric="separated")
    with pytest.raises(ValueError, match="CMYK"):
        read_mask(tmp_path / "a.tif")
    np.testing.assert_array_equal(read_mask(tmp_path / "a.tif", channel=3)[..., 0], TRUTH)


@pytest.mark.parametrize("channel", [-5, 4, 10])
def test_channels_that_are_not_there_are_refused(tmp_path, channel):
    path = _write(tmp_path / "a.png", _rgba(BRIGHT, FULL))
    with pytest.raises(ValueError, match=rf"a\.png.*channel to be in \[-4, 3\].*channel={channel}"):
        read_mask(path, channel=channel)
    with pytest.raises(TypeError, match="channel"):
        read_mask(path, channel="alpha")


def _lossy(kind, array, **options):
    file = io.BytesIO()
    Image.fromarray(array).save(file, kind, **options)
    return file.getvalue()


LOSSY = [("JPEG", {}), ("WEBP", {"quality": 100}), ("JPEG2000", {"irreversible": True}), ("AVIF", {}),
         ("TIFF", {"compression": "jpeg"})]  # fmt: skip


@pytest.mark.parametrize(("kind", "options"), LOSSY, ids=[kind for kind, _ in LOSSY])
@pytest.mark.parametrize("label", [1, 2, 3])
def test_small_numbers_out_of_a_lossy_format_are_refused(tmp_path, kind, options, label):
    """Even if every number would be a label."""
    path = tmp_path / "a.img"
    path.write_bytes(_lossy(kind, np.full((16, 16), label, np.uint8), **options))
    with pytest.raises(ValueError, match=r"a\.img.*a compression that changes them.*PNG"):
        read_mask(path)


@pytest.mark.parametrize(("kind", "options"), LOSSY, ids=[kind for kind, _ in LOSSY])
def test_black_and_white_out_of_a_lossy_format_are_read(tmp_path, kind, options):
    array = np.kron(np.uint8([[0, 255], [255, 0]]), np.ones((16, 16), np.uint8))
    path = tmp_path / "a.img"
    path.write_bytes(_lossy(kind, array, **options))
    if set(np.unique(np.asarray(Image.open(path))).tolist()) <= {0, 255}:
        np.testing.assert_array_equal(read_mask(path)[..., 0], array > 0)
    path.write_bytes(_lossy(kind, 0 * array, **options))
    assert not read_mask(path).any()


@pytest.mark.parametrize(("kind", "options"), [("WEBP", {"lossless": True}), ("JPEG2000", {"irreversible": False}),
                                               ("TIFF", {"compression": "tiff_lzw"})])  # fmt: skip
def test_lossless_compressions_keep_labels(tmp_path, kind, options):
    labels = np.random.default_rng(0).integers(0, 4, (16, 16), dtype=np.uint8)
    (tmp_path / "a.img").write_bytes(_lossy(kind, labels, **options))
    np.testing.assert_array_equal(read_mask(tmp_path / "a.img")[..., 0], labels)
