from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from examples.brain_mri.scans.slices import group_slices, read_slice, split_number


@pytest.mark.parametrize(
    ("stem", "name", "number"),
    [
        ("TCGA_SM_0001_20000101_12", "TCGA_SM_0001_20000101", 12),
        ("scan (3)", "scan", 3),
        ("IMG-0001-00012", "IMG-0001", 12),
        ("slice7", "slice", 7),
        ("007", "", 7),
        ("a", "a", -1),
        ("Müller_é_2", "Müller_é", 2),
    ],
)
def test_the_number_of_a_slice_is_the_last_one_of_its_name(stem, name, number):
    assert split_number(stem) == (name, number)


def test_slices_are_grouped_by_folder_and_name_in_natural_order():
    files = [
        Path(name) for name in ("x/p_10.tif", "x/p_2.tif", "y/p_1.tif", "x/q_1.tif", "x/a.png", "z/3.png", "z/1.png")
    ]
    groups = group_slices(files)
    assert [[file.name for file in group.files] for group in groups] == [
        ["p_2.tif", "p_10.tif"], ["p_1.tif"], ["q_1.tif"], ["a.png"], ["1.png", "3.png"],
    ]  # fmt: skip
    assert [group.patient for group in groups] == ["p", "p", "q", "a", "z"]


def test_missing_slices_are_noted(tmp_path):
    for number in (1, 2, 4, 8):
        Image.fromarray(np.zeros((4, 4), np.uint8)).save(tmp_path / f"p_{number}.png")
    (tmp_path / "p_3.png").write_bytes(b"x")
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(tmp_path / "q.png")
    p, q = group_slices(sorted(tmp_path.iterdir()))
    [note] = p.check().notes
    assert note.startswith(f"p in {tmp_path} lacks slices 3, 5-7;")
    assert not q.check().notes


def test_kinds_of_files_become_three_channels(tmp_path):
    grey = np.arange(48, dtype=np.uint8).reshape(6, 8)
    Image.fromarray(grey).save(tmp_path / "grey.png")
    Image.fromarray(np.dstack([grey, grey, grey, grey])).save(tmp_path / "rgba.png")
    tifffile.imwrite(tmp_path / "float.tif", grey.astype("float32") * 30 - 100)
    tifffile.imwrite(tmp_path / "deep.tif", np.dstack([grey] * 3).astype("uint16"), photometric="rgb")
    for file in tmp_path.iterdir():
        image = read_slice(file)
        assert image.shape == (6, 8, 3)
        assert (image[..., 0] == image[..., 2]).all()
    assert np.allclose(read_slice(tmp_path / "grey.png")[..., 1] * 255, grey)
    assert read_slice(tmp_path / "float.tif").max() == 47 * 30 - 100
    tifffile.imwrite(tmp_path / "two.tif", np.dstack([grey] * 2), photometric="minisblack", planarconfig="contig")
    with pytest.raises(ValueError, match=r"two.tif.*2 channels.*Save it as grey"):
        read_slice(tmp_path / "two.tif")


def test_a_volume_or_damaged_file_is_named(tmp_path):
    np.save(tmp_path / "volume.npy", np.zeros((2, 4, 4, 3), np.uint8))
    with pytest.raises(ValueError, match=r"volume.npy.*NIfTI"):
        read_slice(tmp_path / "volume.npy")
    tifffile.imwrite(tmp_path / "nan.tif", np.where(np.eye(4), np.nan, 1.0).astype("float32"))
    with pytest.raises(ValueError, match=r"nan.tif.*Replace them by 0 and save the file again"):
        read_slice(tmp_path / "nan.tif")
    tifffile.imwrite(tmp_path / "stack.tif", np.zeros((5, 8, 8), np.uint8))
    with pytest.raises(ValueError, match=r"stack.tif.*or the stack as NIfTI"):
        read_slice(tmp_path / "stack.tif")
    (tmp_path / "bad_2.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(tmp_path / "bad_1.png")
    [group] = group_slices(sorted(tmp_path.glob("*.png")))
    check = group.check()
    assert list(check.unreadable) == [tmp_path / "bad_2.png"]
    assert check.slices == 1
    assert group.without(check.unreadable).files == (tmp_path / "bad_1.png",)
    assert group.without(group.files) is None


def test_sizes_become_stacks_of_their_own_and_masks_are_written(tmp_path, mark_bright):
    for number, size in ((1, (6, 8)), (2, (4, 4)), (3, (6, 8))):
        image = np.zeros(size, np.uint8)
        image[0, number] = 255
        Image.fromarray(image).save(tmp_path / f"p_{number}.png")
    stacks = mark_bright(tmp_path / "out", *sorted(tmp_path.glob("*.png")))
    assert [[file.stem for file in stack.files] for stack in stacks] == [["p_1", "p_3"], ["p_2"]]
    for number in (1, 2, 3):
        with Image.open(tmp_path / "out" / f"p_{number}_pred.png") as mask:
            assert np.argwhere(np.asarray(mask) == 255).tolist() == [[0, number]]
