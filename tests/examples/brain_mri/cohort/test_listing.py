"""Listings are tested through the index that they select."""

import csv

import pytest

from examples.brain_mri.cohort.index import index_folder
from examples.brain_mri.cohort.listing import is_listing
from tests.examples.brain_mri.slice_files import ALL, A, B, image_of, keys, mask_of


def _write_listing(path, keys, *, claim=None):
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["patient_id", "image_path", "mask_path", "mask"])
        for patient, number in keys:
            stem = f"{patient}/{patient}_{number}"
            writer.writerow([claim or patient, f"{stem}.tif", f"{stem}_mask.tif", 0])
    return path


def test_a_given_csv_is_the_index_and_its_patient_column_is_not_trusted(folder):
    listing = _write_listing(folder / "rows.csv", [(B, 10), (B, 2), (A, 1)], claim=A)
    index = index_folder(listing)
    assert keys(index) == [(A, 1), (B, 2), (B, 10)]
    assert not index.problems
    assert any("patient_id differs from the path in 2 of 3 rows" in note for note in index.notes)


def test_absent_files_of_a_given_csv_are_problems(folder):
    mask_of(folder, A, 2).unlink()
    index = index_folder(_write_listing(folder / "rows.csv", [*ALL, (B, 7)]))
    assert [problem.file for problem in index.problems] == [
        mask_of(folder, A, 2),
        image_of(folder, B, 7),
        mask_of(folder, B, 7),
    ]
    assert "line 3" in index.problems[0].what
    assert keys(index) == [key for key in ALL if key != (A, 2)]


def test_rows_that_pair_two_slices_or_repeat_one(folder):
    listing = _write_listing(folder / "rows.csv", [(A, 1), (A, 1)])
    with open(listing, "a") as file:
        file.write(f"{A},{A}/{A}_2.tif,{A}/{A}_10_mask.tif,1\n")
    index = index_folder(listing)
    assert keys(index) == [(A, 1)]
    assert [problem.file.name for problem in index.problems] == [f"{A}_10_mask.tif"]
    assert any("listed again in line 3" in note for note in index.notes)


def test_a_csv_in_the_folder_selects_and_its_absent_rows_are_a_note(folder):
    _write_listing(folder / "data_mask.csv", [(A, 1), (B, 2), (B, 7)])
    index = index_folder(folder)
    assert keys(index) == [(A, 1), (B, 2)]
    assert not index.problems
    assert any("1 of 3 rows name slices that the folder lacks" in note for note in index.notes)
    assert any("4 slices were left out" in note for note in index.notes)


def test_a_csv_of_another_cohort_is_not_used(folder):
    _write_listing(folder / "data_mask.csv", [("TCGA_ZZ_0009_20000909", 1)])
    index = index_folder(folder)
    assert keys(index) == ALL
    assert any("was not used" in note for note in index.notes)


def test_unusable_csv_files_say_why(folder):
    with pytest.raises(ValueError, match="of which none exists"):
        index_folder(_write_listing(folder / A / "elsewhere.csv", [(B, 1)]))
    (folder / "bad.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match="image_path and mask_path"):
        index_folder(folder / "bad.csv")
    with pytest.raises(ValueError, match="Expected a folder"):
        index_folder(image_of(folder, A, 1))


def test_a_csv_finds_patients_in_folders_below_its_own(folder):
    listing = _write_listing(folder.parent / "course_data_mask.csv", ALL, claim=A)
    index = index_folder(listing)
    assert keys(index) == ALL
    assert not index.problems
    assert any("patient_id differs from the path in 3 of 6 rows" in note for note in index.notes)


def test_a_listing_is_told_by_its_columns(folder):
    assert is_listing(_write_listing(folder / "any_name.csv", ALL))
    (folder / "data.csv").write_text("Patient,age\n")
    assert not is_listing(folder / "data.csv")
    assert not is_listing(folder / "absent.csv")
    assert not is_listing(folder)
