import json

import pytest

from examples.brain_mri.cohort.index import index_folder
from examples.brain_mri.cohort.origin import MARKER
from tests.examples.brain_mri.slice_files import A, B, write_slice

SIMULATED = "TCGA_SM_0001_21000101"


def cohort(folder, *patients):
    for patient in patients:
        write_slice(folder, patient, 1)
    return folder


def mark(folder, *patients):
    (folder / MARKER).write_text(json.dumps({"simulated": True, "seed": 0, "patients": patients}))


def test_a_folder_without_a_sign_has_no_simulated_patient_and_no_note(tmp_path):
    index = index_folder(cohort(tmp_path, A, B))
    assert index.simulated == frozenset()
    assert index.notes == ()


def test_the_code_in_the_name_is_enough(tmp_path):
    index = index_folder(cohort(tmp_path, A, SIMULATED))
    assert index.simulated == {SIMULATED}
    assert index.notes == ("1 of 2 patients are simulated.",)


def test_the_file_of_the_simulation_lists_them_and_is_no_stray_file(tmp_path):
    mark(cohort(tmp_path, A, B), A, B)
    index = index_folder(tmp_path)
    assert index.simulated == {A, B}
    assert index.notes == ("2 of 2 patients are simulated.",)


def test_patients_that_the_file_does_not_list_are_noted(tmp_path):
    mark(cohort(tmp_path, A, B), "TCGA_SM_0001_21000101")
    index = index_folder(tmp_path)
    assert index.simulated == frozenset()
    assert index.notes[0] == "0 of 2 patients are simulated."
    assert f"does not list 2 patients, the first {A}: real, or renamed" in index.notes[1]


@pytest.mark.parametrize("text", ["", "[1]", "{}", '{"patients": null}'])
def test_a_damaged_file_is_refused(text, tmp_path):
    (cohort(tmp_path, A) / MARKER).write_text(text)
    with pytest.raises(ValueError, match=r"Expected the list of simulated patients. Received .*simulated.json"):
        index_folder(tmp_path)
