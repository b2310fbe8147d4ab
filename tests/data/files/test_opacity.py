import numpy as np
import pytest
from PIL import Image

from resunet_kit.data.files.errors import UnsupportedFile
from resunet_kit.data.files.opacity import says_the_same, unpremultiplied

RNG = np.random.default_rng(0)


def test_integers_are_divided_as_pillow_divides_them():
    stored = RNG.integers(0, 256, (40, 40, 4), dtype=np.uint8)
    expected = np.asarray(Image.frombytes("RGBA", (40, 40), stored.tobytes(), "raw", "RGBa"))
    np.testing.assert_array_equal(unpremultiplied(stored, 255), np.where(stored[..., 3:] > 0, expected, 0))


@pytest.mark.parametrize(("dtype", "white"), [(np.uint16, 65535), (np.float32, 1), (np.uint8, 255)])
def test_the_product_comes_back(dtype, white):
    colours, opacity = RNG.random((9, 9, 3)), RNG.uniform(0.5, 1, (9, 9, 1))
    stored = np.concatenate([colours * opacity, opacity], axis=-1) * white
    found = unpremultiplied((np.rint(stored) if white > 1 else stored).astype(dtype), white)
    assert found.dtype == dtype
    np.testing.assert_allclose(found[..., :3] / white, colours, atol=0.02)


def test_numbers_with_a_sign_are_refused():
    with pytest.raises(UnsupportedFile, match="int16"):
        unpremultiplied(np.full((2, 2, 2), -57, np.int16), 1)


@pytest.mark.parametrize(
    ("labels", "opacity", "expected"),
    [
        ([0, 1, 2], [255, 255, 255], True),
        ([0, 1, 2], [0, 255, 255], True),
        ([0, 0, 0], [0, 0, 0], True),
        ([0, 1, 2], [255, 0, 0], False),
        ([0, 0, 0], [0, 255, 255], False),
        ([0, 1, 2], [0, 128, 255], False),
        ([0, 1, 2], [128, 128, 128], False),
        ([0, 0, 1], [255, 0, 255], False),
    ],
)
def test_an_opacity_says_the_same_or_not(labels, opacity, expected):
    assert says_the_same(np.array(labels)[:, None], np.array(opacity)[:, None], 255) is expected
