import os
import re
import shutil

import numpy as np
import pytest
from PIL import Image

from examples.brain_mri.cohort.index import index_folder

A, B = "TCGA_AA_0001_20000101", "TCGA_BB_0002_20000202"


def _save(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path)


def _slice(folder, patient, number, *, tumour=True, size=(8, 8), seed=0):
    image = np.random.default_rng(seed + number).integers(0, 256, (*size, 3), dtype=np.uint8)
    mask = np.zeros(size, np.uint8)
    mask[2:4, 2:4] = 255 * tumour
    stem = folder / patient / f"{patient}_{number}"
    _save(stem.with_name(f"{stem.name}.tif"), image)
    _save(stem.with_name(f"{stem.name}_mask.tif"), mask)


@pytest.fixture
def folder(tmp_path):
    """Two patients with slices 1, 2 and 10; slice 1 has no tumour."""
    root = tmp_path / "cohort"
    for patient in (A, B):
        for number in (1, 2, 10):
            _slice(root, patient, number, tumour=number > 1)
    return root


def _image(folder, patient, number):
    return folder / patient / f"{patient}_{number}.tif"


def _mask(folder, patient, number):
    return folder / patient / f"{patient}_{number}_mask.tif"


def _keys(index):
    return [(item.patient, item.number) for item in index.slices]


ALL = [(patient, number) for patient in (A, B) for number in (1, 2, 10)]


def test_sound_folder_is_sorted_by_number_with_gaps_as_notes(folder):
    index = index_folder(folder, progress=True)
    assert _keys(index) == ALL
    assert [item.has_tumour for item in index.slices] == [False, True, True] * 2
    assert index.slices[2].image == _image(folder, A, 10)
    assert index.slices[2].mask == _mask(folder, A, 10)
    assert index.patients == [A, B]
    assert index.slices[0].person == "TCGA_AA_0001"
    assert index.faults == ()
    assert index.notes == tuple(f"{patient}: slices 3-9 are missing between 1 and 10." for patient in (A, B))


def test_the_folder_above_gives_the_same_slices(folder):
    assert index_folder(folder.parent).slices == index_folder(folder).slices


def _truncate(path):
    path.write_bytes(path.read_bytes()[:-40])


FAULTS = {
    "no mask": (lambda f: _mask(f, A, 2).unlink(), [(f"{A}_2.tif", "without its mask")]),
    "no image": (lambda f: _image(f, A, 2).unlink(), [(f"{A}_2_mask.tif", "without its image")]),
    "cut image": (lambda f: _truncate(_image(f, A, 2)), [(f"{A}_2.tif", "")]),
    "cut mask": (lambda f: _truncate(_mask(f, A, 2)), [(f"{A}_2_mask.tif", "")]),
    "cut both": (
        lambda f: (_truncate(_image(f, A, 2)), _truncate(_mask(f, A, 2))),
        [(f"{A}_2.tif", ""), (f"{A}_2_mask.tif", "")],
    ),
    "not an image": (lambda f: _image(f, A, 2).write_text("x"), [(f"{A}_2.tif", "")]),
    "other size than its pair": (
        lambda f: _save(_mask(f, A, 2), np.zeros((8, 9), np.uint8)),
        [(f"{A}_2_mask.tif", "8x9.*8x8")],
    ),
    "other size than the cohort": (
        lambda f: _slice(f, A, 2, size=(4, 4)),
        [(f"{A}_2.tif", "4x4x3.*8x8x3")],
    ),
    "grey mask": (
        lambda f: _save(_mask(f, A, 2), np.arange(64, dtype=np.uint8).reshape(8, 8)),
        [(f"{A}_2_mask.tif", "mask values")],
    ),
    "two images of a slice": (
        lambda f: shutil.copy(_image(f, A, 2), _image(f, A, "02")),
        [(f"{A}_2.tif", "same slice as")],
    ),
    "wrong name": (lambda f: shutil.copy(_image(f, A, 2), f / A / "scan.tif"), [("scan.tif", "not in the layout")]),
    "wrong folder": (
        lambda f: shutil.copy(_image(f, A, 2), f / B / f"{A}_2.tif"),
        [(f"{A}_2.tif", "its patient is not its folder")],
    ),
    "empty patient": (lambda f: (f / "TCGA_CC_0003_20000303").mkdir(), [("TCGA_CC_0003_20000303", "without images")]),
}
KEEP_ALL = {"wrong name", "wrong folder", "empty patient"}


@pytest.mark.parametrize("kind", FAULTS)
def test_each_fault_is_named_and_leaves_out_its_slice_only(folder, kind):
    harm, expected = FAULTS[kind]
    harm(folder)
    index = index_folder(folder)
    assert [fault.file.name for fault in index.faults] == [name for name, _ in expected]
    for fault, (_, words) in zip(index.faults, expected, strict=True):
        assert re.search(words, fault.what)
        assert fault.cure
        assert str(fault).startswith(f"{fault.file}: {fault.what}; ")
    assert _keys(index) == (ALL if kind in KEEP_ALL else [key for key in ALL if key != (A, 2)])


def test_all_faults_are_named_in_one_run(folder):
    _mask(folder, A, 1).unlink()
    _image(folder, A, 10).write_text("x")
    _save(_mask(folder, B, 2), np.full((8, 8), 7, np.uint8))
    (folder / "loose.tif").write_text("x")
    index = index_folder(folder)
    assert {fault.file.name for fault in index.faults} == {
        f"{A}_1.tif",
        f"{A}_10.tif",
        f"{B}_2_mask.tif",
        "loose.tif",
    }
    assert _keys(index) == [(A, 2), (B, 1), (B, 10)]


def test_masks_of_0_and_1_are_two_valued(folder):
    _save(_mask(folder, A, 2), np.eye(8, dtype=np.uint8))
    index = index_folder(folder)
    assert not index.faults
    assert index.slices[1].has_tumour


def test_a_nested_copy_is_counted_once_and_reported(folder):
    shutil.copytree(folder, folder / "lgg-mri-segmentation" / "kaggle_3m")
    index = index_folder(folder)
    assert _keys(index) == ALL
    assert index.slices[0].image == _image(folder, A, 1)
    assert not index.faults
    assert any("2 patient folders were found twice" in note and "lgg-mri" in note for note in index.notes)


def test_a_nested_copy_that_differs_is_a_fault(folder):
    copy = folder / "again"
    shutil.copytree(folder, copy)
    _slice(copy, A, 2, seed=9)
    _slice(copy, B, 3)
    index = index_folder(folder)
    assert [fault.file for fault in index.faults] == [_image(copy, A, 2), _image(copy, B, 3), _mask(copy, B, 3)]


def test_a_link_upwards_ends(folder):
    (folder / "loop").symlink_to(folder, target_is_directory=True)
    assert _keys(index_folder(folder)) == ALL


def test_notes_for_what_does_no_harm(folder):
    for number in (2, 10):
        _slice(folder, B, number, tumour=False)
    _save(_image(folder, A, 1), np.full((8, 8, 3), 9, np.uint8))
    for name in (".DS_Store", "Thumbs.db", "README.md", "protocol.pdf"):
        (folder / name).touch()
    (folder / "data.csv").write_text("Patient,age\nTCGA_AA_0001,3\nTCGA_ZZ_0009,4\n")
    index = index_folder(folder, allow_healthy=True)
    assert _keys(index) == ALL
    assert not index.faults
    notes = [note for note in index.notes if "between" not in note]
    assert [f"{B}: no slice has a tumour." in note for note in notes].count(True) == 1
    assert [f"{A}_1.tif is constant" in note for note in notes].count(True) == 1
    assert any("protocol.pdf" in note for note in notes)
    assert any("1 patients of data.csv have no folder: TCGA_ZZ_0009" in note for note in notes)
    assert any("not in data.csv: TCGA_BB_0002" in note for note in notes)
    assert len(notes) == 5
    assert index.clinical == folder / "data.csv"


def test_a_patient_without_any_tumour_is_a_fault_unless_allowed(folder):
    for number in (2, 10):
        _slice(folder, B, number, tumour=False)
    [fault] = index_folder(folder).faults
    assert fault.file == folder / B
    assert "--allow-healthy" in str(fault)
    _mask(folder, B, 2).unlink()  # now nobody can say that there is none
    assert [fault.file for fault in index_folder(folder).faults] == [_image(folder, B, 2)]


def test_two_examinations_of_a_person_are_noted(folder):
    _slice(folder, "TCGA_AA_0001_20010101", 1)
    assert any("TCGA_AA_0001 has 2 examinations" in note for note in index_folder(folder).notes)


@pytest.mark.parametrize("content", [None, "nothing", "other files"])
def test_no_slice_at_all_is_one_clear_line(tmp_path, content):
    place = tmp_path / "place"
    if content:
        place.mkdir()
    if content == "other files":
        (place / "a.txt").touch()
    with pytest.raises(ValueError, match=r"place.*(pass|Pass) the folder") as error:
        index_folder(place)
    assert "\n" not in str(error.value)


@pytest.mark.skipif("RESUNET_KIT_LGG" not in os.environ, reason="set RESUNET_KIT_LGG to the folder of the LGG MRI data")
def test_the_real_folder_has_no_faults():
    index = index_folder(os.environ["RESUNET_KIT_LGG"])
    assert (len(index.patients), len(index.slices), index.faults) == (15, 361, ())
    assert sum(item.has_tumour for item in index.slices) == 152
