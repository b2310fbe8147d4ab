import io

import numpy as np
import pytest
from PIL import Image

from resunet_kit.data import read_image, read_mask

LABELS = np.array([[0, 1, 2], [3, 2, 1]])


def pgm(stored, maximum, kind=b"P5"):
    """Return a PGM or PPM, with a comment."""
    height, width = stored.shape[:2]
    head = b"%b\n# made here\n%d %d\n%d\n" % (kind, width, height, maximum)
    if kind in (b"P2", b"P3"):
        return head + b" ".join(b"%d" % number for number in stored.ravel()) + b"\n"
    return head + stored.astype(">u2" if maximum > 255 else "u1").tobytes()


def _image(tmp_path, data, **options):
    (tmp_path / "a.pgm").write_bytes(data)
    return read_image(tmp_path / "a.pgm", **options)


def _mask(tmp_path, data, **options):
    (tmp_path / "a.pgm").write_bytes(data)
    return read_mask(tmp_path / "a.pgm", **options)[..., 0]


@pytest.mark.parametrize("kind", [b"P5", b"P2", b"P6", b"P3"])
@pytest.mark.parametrize("maximum", [1, 3, 7, 100, 255, 256, 1023, 4095, 32767, 65535])
def test_numbers_are_divided_by_the_files_own_maximum(tmp_path, kind, maximum):
    shape = (5, 7, 3) if kind in (b"P6", b"P3") else (5, 7, 1)
    stored = np.random.default_rng(maximum).integers(0, maximum + 1, shape)
    image = _image(tmp_path, pgm(stored, maximum, kind))
    assert image.dtype == np.float32
    np.testing.assert_allclose(image, stored / maximum, atol=1e-7)


@pytest.mark.parametrize("kind", [b"P5", b"P2"])
@pytest.mark.parametrize("maximum", [3, 4, 100, 255, 1023, 65535])
def test_labels_are_the_stored_numbers(tmp_path, kind, maximum):
    np.testing.assert_array_equal(_mask(tmp_path, pgm(LABELS, maximum, kind)), LABELS)
    white = np.where(LABELS > 1, maximum, 0)
    np.testing.assert_array_equal(_mask(tmp_path, pgm(white, maximum, kind), num_classes=1), LABELS > 1)


def test_bitmaps_are_black_where_they_are_1(tmp_path):
    bright = np.random.default_rng(0).integers(0, 2, (5, 11)).astype(bool)
    file = io.BytesIO()
    Image.fromarray(bright).save(file, "PPM")
    text = b"P1\n# touching digits\n11 5\n" + b"\n".join(
        b"".join(b"10"[v : v + 1] for v in row.tolist()) for row in bright.astype(int)
    )
    for data in (file.getvalue(), text):
        np.testing.assert_array_equal(_image(tmp_path, data)[..., 0], bright)
        np.testing.assert_array_equal(_mask(tmp_path, data), bright)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_pam_has_an_opacity_as_its_last_channel(tmp_path, channels):
    stored = np.random.default_rng(0).integers(0, 256, (3, 4, channels), dtype=np.uint8)
    head = b"P7\nWIDTH 4\nHEIGHT 3\nDEPTH %d\nMAXVAL 255\n# a comment\nTUPLTYPE ANY\nENDHDR\n" % channels
    image = _image(tmp_path, head + stored.tobytes())
    np.testing.assert_allclose(image, stored / 255, atol=1e-7)
    rgb = np.repeat(stored[..., :1], 3, axis=-1) if channels < 3 else stored[..., :3]
    np.testing.assert_allclose(_image(tmp_path, head + stored.tobytes(), channels=3), rgb / 255, atol=1e-7)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (pgm(LABELS, 3) + pgm(LABELS, 3), "one image"),
        (pgm(LABELS, 3, b"P2") + b" 1 2 3", "one image"),
        (pgm(LABELS, 3)[:-1], "undamaged"),
        (pgm(LABELS, 3, b"P2")[:-2], "undamaged"),
        (pgm(LABELS, 2), "maximum of 2"),
        (pgm(LABELS, 2, b"P2"), "maximum of 2"),
        (b"P5\n3 x\n", "header"),
        (b"P5\n0 2\n255\n", "header"),
        (b"P5\n2 1\n70000\n" + bytes(4), "header"),
        (b"P7\nWIDTH 3\nENDHDR\n", "header"),
        (b"P2\n1 1\n3\n-1\n", "damaged"),
        (b"P4\n9999999 99999999\n" + bytes(9), "missing"),
    ],
)
def test_other_files_are_refused_by_name(tmp_path, data, expected):
    with pytest.raises(ValueError, match=rf"a\.pgm.*{expected}"):
        _image(tmp_path, data)
