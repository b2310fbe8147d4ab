"""Masks of colours, from files to labels."""

import numpy as np
import pytest
from PIL import Image

from resunet_kit.data import read_mask
from tests.data.files.writers import tiff

VOC = {(0, 0, 0): 0, (128, 0, 0): 1, (224, 224, 192): 255}
COLOURS = np.uint8([[[0, 0, 0], [128, 0, 0], [224, 224, 192]]])


def saved(path, image, **options):
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(path, **options)
    return path


def palette(indices, colours, **options):
    image = Image.fromarray(np.uint8([indices])).convert("P")
    image.putpalette(np.uint8(colours).ravel().tolist())
    return image


@pytest.mark.parametrize("ending", ["png", "tif", "bmp", "npy"])
def test_colours_of_any_lossless_file(tmp_path, ending):
    path = tmp_path / f"a.{ending}"
    np.save(path, COLOURS) if ending == "npy" else saved(path, COLOURS)
    assert read_mask(path, classes=VOC).ravel().tolist() == [0, 1, 255]
    assert read_mask(path, classes=VOC, num_classes=2, ignore_class=255).ravel().tolist() == [0, 1, 255]


def test_colours_of_a_palette_and_its_indices(tmp_path):
    path = saved(tmp_path / "a.png", palette([2, 0, 1], [*VOC]))
    assert read_mask(path, classes=VOC).ravel().tolist() == [255, 0, 1]
    assert read_mask(path, classes={2: 1, 1: 0, 0: 0}).ravel().tolist() == [1, 0, 0]
    assert read_mask(path, foreground=True).ravel().tolist() == [1, 0, 1]


def test_opacity(tmp_path):
    opaque = np.concatenate([COLOURS, np.full_like(COLOURS[..., :1], 255)], axis=-1)
    assert read_mask(saved(tmp_path / "a.png", opaque), classes=VOC).ravel().tolist() == [0, 1, 255]
    opaque[0, 0, 3] = 0
    path = saved(tmp_path / "b.png", opaque)
    with pytest.raises(ValueError, match="opacity that differs"):
        read_mask(path, classes=VOC)
    with pytest.raises(ValueError, match=r"opacity that differs.*channel=-1"):
        read_mask(path, foreground=True)
    found = read_mask(path, classes={(0, 0, 0, 0): 0, (128, 0, 0, 255): 1, (224, 224, 192, 255): 2})
    assert found.ravel().tolist() == [0, 1, 2]


def test_an_error_about_colours_shows_them_and_its_cures_work(tmp_path):
    path = saved(tmp_path / "a.png", COLOURS)
    with pytest.raises(ValueError, match=r"\(128, 0, 0\) in 1 pixels.*classes=\{\(red, green, blue\).*foreground=True"):
        read_mask(path)
    assert read_mask(path, foreground=True).ravel().tolist() == [0, 1, 1]
    with pytest.raises(ValueError, match=r"\(224, 224, 192\) in 1 pixels\. Add .*None: label"):
        read_mask(path, classes={(0, 0, 0): 0, (128, 0, 0): 1})
    assert read_mask(path, classes={(0, 0, 0): 0, (128, 0, 0): 1, None: 9}).ravel().tolist() == [0, 1, 9]


def test_cures_of_colours_on_a_transparent_ground_name_the_opacity(tmp_path):
    path = saved(tmp_path / "a.png", np.uint8([[[0, 0, 0, 0], [255, 0, 0, 128]]]))
    with pytest.raises(ValueError, match=r"classes=\{\(red, green, blue, opacity\): label\}.*channel=") as error:
        read_mask(path)
    assert "foreground=True" not in str(error.value)
    assert read_mask(path, classes={(0, 0, 0, 0): 0, (255, 0, 0, 128): 1}).ravel().tolist() == [0, 1]


def test_a_photograph_in_place_of_a_mask_is_called_so(tmp_path):
    path = saved(tmp_path / "a.jpg", np.repeat(np.repeat(COLOURS, 9, 0), 9, 1))
    with pytest.raises(ValueError, match=r"that differ.*JPEG.*images and masks are not exchanged") as error:
        read_mask(path)
    assert "classes=" not in str(error.value)


@pytest.mark.parametrize("ending", ["png", "tif", "pbm"])
def test_white_of_one_bit_is_white(tmp_path, ending):
    path = saved(tmp_path / f"a.{ending}", np.array([[False, True]]))
    assert read_mask(path, classes={(0, 0, 0): 0, (255, 255, 255): 1}).ravel().tolist() == [0, 1]
    assert read_mask(path, classes={(0, 0, 0, 255): 0, (255, 255, 255, 255): 1}).ravel().tolist() == [0, 1]


def test_greys_of_few_bits_are_those_of_8(tmp_path):
    path = tmp_path / "a.tif"
    path.write_bytes(tiff(np.uint8([[0, 1, 3]]), 2, photometric=1))
    assert read_mask(path, classes={(0, 0, 0): 0, (85, 85, 85): 1, (255, 255, 255): 2}).ravel().tolist() == [0, 1, 2]


@pytest.mark.parametrize("options", [{"classes": {(0, 0, 0): 0, None: 1}}, {"foreground": True}, {"classes": VOC}])
def test_lossy_colours_are_refused(tmp_path, options):
    """In a JPEG, what was black is not: all but black would be most of the picture."""
    path = saved(tmp_path / "a.jpg", np.repeat(np.repeat(COLOURS, 9, 0), 9, 1))
    with pytest.raises(ValueError, match=r"a\.jpg.*(JPEG|JPG)"):
        read_mask(path, **options)


def test_channels_of_an_array_are_not_taken_for_colours(tmp_path):
    """All of a one-hot mask is above 0 in some channel."""
    np.save(tmp_path / "a.npy", np.eye(3, dtype=np.uint8)[None])
    with pytest.raises(ValueError, match="one-hot") as error:
        read_mask(tmp_path / "a.npy", foreground=True)
    assert "foreground=True" not in str(error.value)
    assert read_mask(tmp_path / "a.npy", foreground=True, channel=1).ravel().tolist() == [0, 1, 0]


def test_cmyk_is_refused(tmp_path):
    with pytest.raises(ValueError, match="CMYK"):
        read_mask(saved(tmp_path / "a.tif", Image.new("CMYK", (2, 2))), classes=VOC)
