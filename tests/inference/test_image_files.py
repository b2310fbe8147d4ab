from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resunet_kit.inference._image_files import ImageFile, image_files, in_shard, shard_of


def touch(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


@given(st.integers(0, 40), st.integers(1, 50))
def test_each_image_is_in_exactly_one_shard(count, shards):
    files = [ImageFile(Path(f"{index}.png"), f"{index}.png") for index in range(count)]
    parts = [in_shard(files, (number, shards)) for number in range(1, shards + 1)]
    assert Counter(file for part in parts for file in part) == Counter(files)
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_images_are_sorted_by_name_whatever_their_order(tmp_path):
    touch(tmp_path, "b/1.png", "a/2.png", "a.tif", "notes.txt", ".hidden/3.png")
    assert [file.name for file in image_files(tmp_path, tmp_path / "out")] == ["a.tif", "a/2.png", "b/1.png"]
    paths = [tmp_path / "b/1.png", tmp_path / "a.tif"]
    assert image_files(paths, "out") == image_files(paths[::-1], "out")
    assert [file.name for file in image_files(f"{tmp_path}/*.tif", "out")] == ["a.tif"]
    assert [file.stem for file in image_files(tmp_path / "a.tif", "out")] == ["a"]


def test_masks_beside_their_images_are_left_out(tmp_path):
    touch(tmp_path, "x_1.tif", "x_1_mask.tif", "y/label_2.png", "y/2.png", "alone_mask.png")
    assert [file.name for file in image_files(tmp_path, "out")] == ["alone_mask.png", "x_1.tif", "y/2.png"]
    assert len(image_files([tmp_path / "x_1.tif", tmp_path / "x_1_mask.tif"], "out")) == 2  # asked for


def test_outputs_in_the_folder_are_no_images(tmp_path):
    touch(tmp_path, "a.png", "out/a_pred.png")
    assert [file.name for file in image_files(tmp_path, tmp_path / "out")] == ["a.png"]


def test_a_file_that_is_found_twice_is_one(tmp_path):
    touch(tmp_path, "a.png", "b.png")
    assert len(image_files([tmp_path, tmp_path / "a.png"], "out")) == 2


@pytest.mark.parametrize("names", [("p/1.png", "q/1.png"), ("1.png", "1.tif"), ("a.png", "A.tif"), ("1.nii", "1.png")])
def test_images_of_one_stem_are_refused(tmp_path, names):
    touch(tmp_path, *names)
    with pytest.raises(ValueError, match=r"different names.*Received .*and .*Rename one") as error:
        image_files(tmp_path, "out")
    assert all(str(Path(name)) in str(error.value) for name in names)


def test_other_images_are_refused(tmp_path):
    with pytest.raises(ValueError, match="not a folder"):
        image_files(tmp_path / "absent", "out")
    with pytest.raises(ValueError, match="at least one file"):
        image_files(tmp_path, "out")
    for images in (3, [3], b"a"):
        with pytest.raises(TypeError, match="images"):
            image_files(images, "out")


@pytest.mark.parametrize(("shard", "expected"), [("3/16", (3, 16)), ((1, 1), (1, 1)), (None, None), (" 2 / 3", (2, 3))])
def test_shards_count_from_one(shard, expected):
    assert shard_of(shard) == expected


@pytest.mark.parametrize(
    ("shard", "says"),
    [
        ("0/16", "Add 1 to an index from 0: '1/16'"),
        ("17/16", "Pass another"),
        ("3", "3"),
        ("a/b", "a/b"),
        ("1/0", "1/0"),
    ],
)
def test_other_shards_are_refused(shard, says):
    with pytest.raises(ValueError, match=says):
        shard_of(shard)
    with pytest.raises(TypeError, match="shard=3"):
        shard_of(3)
    with pytest.raises(ValueError, match="shard"):
        shard_of((1.5, 2))
