import numpy as np

from examples.brain_mri.cohort.index import index_folder
from tests.examples.brain_mri.slice_files import ALL, A, B, image_of, keys, mask_of, save, write_slice


def test_notes_for_what_does_no_harm(folder):
    for number in (2, 10):
        write_slice(folder, B, number, tumour=False)
    save(image_of(folder, A, 1), np.full((8, 8, 3), 9, np.uint8))
    for name in (".DS_Store", "Thumbs.db", "README.md", "protocol.pdf"):
        (folder / name).touch()
    (folder / "data.csv").write_text("Patient,age\nTCGA_AA_0001,3\nTCGA_ZZ_0009,4\n")
    index = index_folder(folder, allow_healthy=True)
    assert keys(index) == ALL
    assert not index.problems
    notes = [note for note in index.notes if "between" not in note]
    assert [f"{B}: no slice has a tumour." in note for note in notes].count(True) == 1
    assert [f"{A}_1.tif is constant" in note for note in notes].count(True) == 1
    assert any("protocol.pdf" in note for note in notes)
    assert any("1 patients of data.csv have no folder: TCGA_ZZ_0009" in note for note in notes)
    assert any("not in data.csv: TCGA_BB_0002" in note for note in notes)
    assert len(notes) == 5
    assert index.clinical == folder / "data.csv"


def test_a_patient_without_any_tumour_is_a_problem_unless_allowed(folder):
    for number in (2, 10):
        write_slice(folder, B, number, tumour=False)
    [problem] = index_folder(folder).problems
    assert problem.file == folder / B
    assert "--allow-healthy" in str(problem)
    mask_of(folder, B, 2).unlink()  # now a lost mask may have been the one with tumour
    assert [problem.file for problem in index_folder(folder).problems] == [image_of(folder, B, 2)]


def test_two_examinations_of_a_person_are_noted(folder):
    write_slice(folder, "TCGA_AA_0001_20010101", 1)
    assert any("TCGA_AA_0001 has 2 examinations" in note for note in index_folder(folder).notes)


def test_identical_images_of_two_people_are_noted_once(folder):
    constant = np.full((8, 8, 3), 9, np.uint8)
    for number in (1, 2):
        pixels = np.random.default_rng(number).integers(0, 256, (8, 8, 3), np.uint8)
        for patient in (A, B):
            save(image_of(folder, patient, number), pixels)
    for patient in (A, B):
        save(image_of(folder, patient, 10), constant)
    [note] = [note for note in index_folder(folder).notes if "identical images" in note]
    assert note.startswith("TCGA_AA_0001, TCGA_BB_0002 have 2 identical images")
    assert f"{image_of(folder, A, 1)} and {image_of(folder, B, 1)}" in note


def test_examinations_of_one_person_may_have_identical_images(folder):
    again = "TCGA_AA_0001_20010101"
    write_slice(folder, again, 1)
    pixels = np.random.default_rng(0).integers(0, 256, (8, 8, 3), np.uint8)
    save(image_of(folder, again, 1), pixels)
    save(image_of(folder, A, 1), pixels)
    assert not any("identical images" in note for note in index_folder(folder).notes)
