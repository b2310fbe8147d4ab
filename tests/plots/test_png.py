import base64
import io

import numpy as np
from PIL import Image

from resunet_kit.plots._png import fitted_uris, indexed_uri, png_uri

RNG = np.random.default_rng(3)


def opened(uri):
    return Image.open(io.BytesIO(base64.b64decode(uri.split(",", 1)[1])))


def test_a_palette_gives_colours_and_transparency():
    codes = np.array([[0, 1], [2, 1]], np.uint8)
    colors = [(0, 0, 0, 0), (255, 0, 0, 128), (0, 10, 20, 255)]
    np.testing.assert_array_equal(
        np.asarray(opened(indexed_uri(codes, colors)).convert("RGBA")), np.array(colors)[codes]
    )


def test_pictures_lose_levels_only_where_they_must():
    images = [RNG.integers(0, 256, (40, 40), dtype=np.uint8) for _ in range(4)]
    uris, levels = fitted_uris(images, 10_000)
    assert levels == 256
    assert uris == [png_uri(image) for image in images]
    uris, levels = fitted_uris(images, 4_800)
    assert 8 <= levels <= 64
    assert sum(len(base64.b64decode(uri.split(",")[1])) for uri in uris) <= 4_800
    for uri, image in zip(uris, images, strict=True):
        shown = np.asarray(opened(uri).convert("L")).astype(int)
        assert np.abs(shown - image).max() <= 255 / (levels - 1) / 2 + 1
        assert len(np.unique(shown)) <= levels


def test_black_and_white_stay_black_and_white():
    image = np.repeat(np.array([[0, 255]], np.uint8), 300, axis=0)
    for levels in (4, 64, 128):
        assert set(np.unique(np.asarray(opened(png_uri(image, levels)).convert("L")))) == {0, 255}
