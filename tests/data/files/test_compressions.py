import io

import numpy as np
import pytest
import tifffile
from PIL import Image

from resunet_kit.data import read_mask
from resunet_kit.data.files.compressions import lossy_format, lossy_tiff

LABELS = np.random.default_rng(0).integers(0, 4, (32, 32), dtype=np.uint8)


def _bytes(kind, **options):
    file = io.BytesIO()
    Image.fromarray(np.stack([LABELS] * 3, axis=-1)).save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize(
    ("kind", "options", "expected"),
    [
        ("WEBP", {"lossless": True}, None),
        ("WEBP", {"lossless": True, "exif": b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0"}, None),
        ("WEBP", {}, "lossy WebP"),
        ("WEBP", {"exif": b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0"}, "lossy WebP"),
        ("JPEG2000", {"irreversible": False}, None),
        ("JPEG2000", {"irreversible": True}, "JPEG 2000"),
        ("JPEG2000", {"irreversible": False, "no_jp2": True}, None),
        ("JPEG2000", {"irreversible": True, "no_jp2": True}, "JPEG 2000"),
        ("JPEG", {}, "JPEG"),
        ("AVIF", {}, "AVIF"),
        ("PNG", {}, None),
        ("GIF", {}, None),
    ],
)
def test_formats_that_lose_information(kind, options, expected):
    assert lossy_format(kind, _bytes(kind, **options)) == expected


@pytest.mark.parametrize("compression", [6, 7, 34892, 22610, 34934, 50002])
def test_compressions_of_tiff_that_lose_information(compression):
    assert lossy_tiff(compression, b"")


@pytest.mark.parametrize("compression", [1, 2, 3, 4, 5, 8, 32773, 32946, 34925, 50000])
def test_compressions_of_tiff_that_do_not(compression):
    assert lossy_tiff(compression, b"") is None


@pytest.mark.parametrize("photometric", ["minisblack", "rgb"])
@pytest.mark.parametrize(
    ("compression", "options", "lossless"),
    [
        ("webp", {"lossless": True}, True),
        ("webp", {"lossless": False}, False),
        ("jpeg2000", {"level": 0}, True),
        ("jpeg2000", {"level": 40}, False),
        ("jpeg", {"level": 95}, False),
    ],
)
def test_masks_in_tiff_by_compression(tmp_path, compression, options, lossless, photometric):
    if (compression, photometric) == ("webp", "minisblack"):
        return  # it has colours only
    array = LABELS if photometric == "minisblack" else np.stack([LABELS] * 3, axis=-1)
    tifffile.imwrite(
        tmp_path / "a.tif", array, photometric=photometric, compression=compression, compressionargs=options
    )
    if lossless:
        np.testing.assert_array_equal(read_mask(tmp_path / "a.tif")[..., 0], LABELS)
    else:
        with pytest.raises(ValueError, match=r"a\.tif.*a compression that changes them"):
            read_mask(tmp_path / "a.tif", num_classes=4)  # even if it is black all over
