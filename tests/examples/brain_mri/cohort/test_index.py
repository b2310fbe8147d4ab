import os
import shutil

import numpy as np
import pytest

from examples.brain_mri.cohort.index import index_folder
from tests.examples.brain_mri.slice_files import ALL, A, B, image_of, keys, mask_of, save, write_slice
from tests.examples.brain_mri.test_folders import closed


def test_a_folder_without_problems_is_sorted_by_number_with_gaps_as_notes(folder):
    index = index_folder(folder, progress=True)
    assert keys(index) == ALL
    assert [item.has_tumour for item in index.slices] == [False, True, True] * 2
    assert index.slices[2].image == image_of(folder, A, 10)
    assert index.slices[2].mask == mask_of(folder, A, 10)
    assert index.patients == [A, B]
    assert index.slices[0].person == "TCGA_AA_0001"
    assert index.problems == ()
    assert index.notes == tuple(f"{patient}: slices 3-9 are missing between 1 and 10." for patient in (A, B))


def test_the_folder_above_gives_the_same_slices(folder):
    assert index_folder(folder.parent).slices == index_folder(folder).slices


def test_all_problems_are_named_in_one_run(folder):
    mask_of(folder, A, 1).unlink()
    image_of(folder, A, 10).write_text("x")
    save(mask_of(folder, B, 2), np.full((8, 8), 7, np.uint8))
    (folder / "loose.tif").write_text("x")
    index = index_folder(folder)
    named = {problem.file.name for problem in index.problems}
    assert named == {f"{A}_1.tif", f"{A}_10.tif", f"{B}_2_mask.tif", "loose.tif"}
    assert keys(index) == [(A, 2), (B, 1), (B, 10)]


def test_a_nested_copy_is_counted_once_and_reported(folder):
    shutil.copytree(folder, folder / "lgg-mri-segmentation" / "kaggle_3m")
    index = index_folder(folder)
    assert keys(index) == ALL
    assert index.slices[0].image == image_of(folder, A, 1)
    assert not index.problems
    assert any("2 patient folders were found twice" in note and "lgg-mri" in note for note in index.notes)


def test_a_nested_copy_that_differs_is_a_problem(folder):
    copy = folder / "again"
    shutil.copytree(folder, copy)
    write_slice(copy, A, 2, seed=9)
    write_slice(copy, B, 3)
    index = index_folder(folder)
    differing = [image_of(copy, A, 2), image_of(copy, B, 3), mask_of(copy, B, 3)]
    assert [problem.file for problem in index.problems] == differing


def test_a_link_upwards_ends(folder):
    (folder / "loop").symlink_to(folder, target_is_directory=True)
    assert keys(index_folder(folder)) == ALL


def test_a_patient_whose_folder_cannot_be_read_is_a_problem(folder, monkeypatch):
    closed(monkeypatch, folder / A)
    index = index_folder(folder)
    assert index.patients == [B]
    [problem] = index.problems
    assert problem.file == folder / A
    assert "cannot be read: Permission denied; let this user read it" in str(problem)


def test_a_folder_that_cannot_be_read_at_all_is_not_called_empty(folder, monkeypatch):
    closed(monkeypatch, folder)
    with pytest.raises(ValueError, match="Permission denied; let this user read it"):
        index_folder(folder)


@pytest.mark.parametrize("content", [None, "nothing", "other files"])
def test_no_slice_at_all_is_one_clear_line(tmp_path, content):
    target = tmp_path / "empty_or_absent"
    if content:
        target.mkdir()
    if content == "other files":
        (target / "a.txt").touch()
    with pytest.raises(ValueError, match=r"Received .*empty_or_absent.* Pass the folder") as error:
        index_folder(target)
    assert "\n" not in str(error.value)


@pytest.mark.skipif("RESUNET_KIT_LGG" not in os.environ, reason="set RESUNET_KIT_LGG to the folder of the LGG MRI data")
def test_the_real_folder_has_no_problems():
    index = index_folder(os.environ["RESUNET_KIT_LGG"])
    assert (len(index.patients), len(index.slices), index.problems) == (15, 361, ())
    assert sum(item.has_tumour for item in index.slices) == 152
