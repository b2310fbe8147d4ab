import numpy as np
import pytest
import tifffile
from PIL import Image

from resunet_kit.data import read_image, read_mask
from resunet_kit.data.files.tiff_contents import announced_planes
from tests.data.files.writers import tiff

STACK = np.random.default_rng(0).integers(0, 2, (3, 16, 24), dtype=np.uint8) * 255


def _refused(path, expected="stack of 3 images"):
    for read in (read_image, read_mask):
        with pytest.raises(ValueError, match=rf"{path.name}.*Expected one image.*{expected}"):
            read(path)


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"truncate": True, "photometric": "minisblack"}, "stack of 3"),
        ({"imagej": True, "truncate": True}, "stack of 3"),
        ({"imagej": True}, "stack of 3|pages"),
        ({"ome": True, "photometric": "minisblack"}, "stack of 3|pages"),
        ({"photometric": "minisblack", "metadata": None}, "pages"),
        ({"tile": (16, 16, 16), "volumetric": True, "photometric": "minisblack"}, "stack of 3"),
        ({"tile": (16, 16, 16), "volumetric": True, "photometric": "minisblack", "metadata": None}, "stack of 3"),
        ({"truncate": True, "photometric": "minisblack", "bigtiff": True}, "stack of 3"),
    ],
    ids=str,
)
def test_stacks_are_refused_whatever_their_first_directory_says(tmp_path, options, expected, dtype, byteorder):
    tifffile.imwrite(tmp_path / "a.tif", STACK.astype(dtype), byteorder=byteorder, **options)
    _refused(tmp_path / "a.tif", expected)


def test_the_cure_makes_a_volume(tmp_path):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, STACK, truncate=True, photometric="minisblack")
    with pytest.raises(ValueError, match=r"numpy.save\('volume.npy', tifffile.imread\(path\)\[..., None\]\)"):
        read_image(path)
    np.save(tmp_path / "volume.npy", tifffile.imread(path)[..., None])
    np.testing.assert_array_equal(read_image(tmp_path / "volume.npy")[..., 0], STACK / 255)


def test_one_image_with_smaller_copies_below_it_is_read(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        file.write(STACK[0], subifds=1, photometric="minisblack")
        file.write(STACK[0][::2, ::2], subfiletype=1, photometric="minisblack")
    np.testing.assert_array_equal(read_image(tmp_path / "a.tif")[..., 0], STACK[0] / 255)


@pytest.mark.parametrize("options", [{}, {"imagej": True}, {"ome": True}])
def test_one_image_with_a_description_is_read(tmp_path, options):
    tifffile.imwrite(tmp_path / "a.ome.tif", STACK[0], photometric="minisblack", **options)
    np.testing.assert_array_equal(read_image(tmp_path / "a.ome.tif")[..., 0], STACK[0] / 255)
    tifffile.imwrite(tmp_path / "b.ome.tif", np.stack([STACK[0]] * 3, axis=-1), photometric="rgb", **options)
    assert read_image(tmp_path / "b.ome.tif").shape == (16, 24, 3)


@pytest.mark.parametrize(
    ("text", "samples", "expected"),
    [
        ("ImageJ=1.54f\nimages=5000\nslices=5000\n", 1, 5000),
        (b"ImageJ=1.54f\nimages=7\n\0", 1, 7),
        ("ImageJ=1.54f\nunit=mm\n", 1, 1),
        ('{"shape": [4, 10, 10]}', 1, 4),
        (b'{"shape": [10, 10], "axes": "YX"}\0', 1, 1),
        ('{"shape": [10, 10, 3]}', 3, 1),
        ('<?xml ?><OME><Image><Pixels SizeX="10" SizeY="10" SizeZ="4" SizeC="2" SizeT="1"/></Image></OME>', 1, 8),
        ('<OME:OME><OME:Pixels SizeC="3" SizeT="1" SizeX="10" SizeY="10" SizeZ="1">', 3, 1),
        ("images=9, says nobody", 1, 1),
        ("", 1, 1),
    ],
)
def test_descriptions_announce_planes(text, samples, expected):
    assert announced_planes(text, samples, 100 * samples) == expected


def test_a_stack_of_metamorph_is_refused(tmp_path):
    """One directory, and a tag with six numbers for each plane."""
    data = tiff(STACK[0][:4, :4], 8, tags=[(33629, "L", [1] * 18)])
    (tmp_path / "a.tif").write_bytes(data)
    with pytest.raises(ValueError, match="stack of"):
        read_image(tmp_path / "a.tif")


@pytest.mark.parametrize("tags", [[(254, "L", [1]), (330, "L", [8])], [(254, "L", [1]), (50706, "L", [1])]])
def test_the_preview_of_a_raw_file_is_not_its_image(tmp_path, tags):
    (tmp_path / "a.dng").write_bytes(tiff(STACK[0], 8, tags=tags))
    with pytest.raises(ValueError, match=r"a\.dng.*preview"):
        read_image(tmp_path / "a.dng")


def test_other_inks_are_refused(tmp_path):
    inks = np.zeros((5, 7, 4), np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", inks, photometric="separated", extratags=[(332, "H", 1, 2, True)])
    with pytest.raises(ValueError, match=r"a\.tif.*inks"):
        read_image(tmp_path / "a.tif")


@pytest.mark.parametrize(("kind", "options"), [("GIF", {}), ("PNG", {}), ("WEBP", {"lossless": True}), ("MPO", {})])
def test_frames_of_one_size_are_refused(tmp_path, kind, options):
    first, *rest = (Image.fromarray(one) for one in STACK)
    path = tmp_path / f"a.{kind.lower()}"
    first.save(path, kind, save_all=True, append_images=rest, **options)
    with pytest.raises(ValueError, match=r"one image.*3 pages"):
        read_image(path)


def test_a_camera_file_with_a_preview_is_read(tmp_path):
    first = Image.fromarray(STACK[0])
    first.save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=[first.resize((8, 6))])
    assert read_image(tmp_path / "a.jpg").shape == (16, 24, 1)


def test_icons_of_several_sizes_are_refused(tmp_path):
    icon = Image.fromarray(np.zeros((64, 64, 4), np.uint8))
    icon.save(tmp_path / "a.ico", sizes=[(64, 64), (16, 16)])
    with pytest.raises(ValueError, match="2 sizes of an icon"):
        read_image(tmp_path / "a.ico")
    icon.save(tmp_path / "b.ico", sizes=[(64, 64)])
    assert read_image(tmp_path / "b.ico").shape == (64, 64, 4)
