import pandas as pd

from examples.brain_mri import groups
from examples.brain_mri.cohort.index import index_folder
from tests.examples.brain_mri.slice_files import write_slice


def test_cut_points_are_thirds_of_the_patients_with_tumour(tmp_path):
    for number, (side, slices) in enumerate([(4, 1), (8, 1), (8, 2), (16, 1)], start=1):  # a tumour of side**2 / 16
        for index in range(1, slices + 1):
            patient = f"TCGA_AA_000{number}_20000101"
            write_slice(tmp_path, patient, index, size=(side, side))
            write_slice(tmp_path, patient, 9, size=(side, side), tumour=False)
    slices = index_folder(tmp_path).slices  # those of one size alone are usable
    assert groups.cut_points(slices) == (round(4 + (8 - 4) / 3), round(4 + 2 * (8 - 4) / 3))


def test_groups_are_scored_by_themselves_and_one_patient_has_no_interval():
    patients = pd.DataFrame(
        {
            "patient": ["p", "q", "r"],
            "institution": ["CS", "CS", "HT"],
            "lesion_size": ["large", "small", "large"],
            "segmenter_dice": [0.5, 0.7, 0.2],
            "cascade_dice": [0.6, 0.8, 0.1],
        }
    )
    slices = pd.DataFrame(
        {
            "patient": ["p", "p", "q", "r"],
            "has_tumour": [1, 0, 1, 1],
            "predicted_tumour": [1, 1, 1, 0],
        }
    )
    found = groups.by_institution(slices, patients)
    assert list(found) == ["CS", "HT"]
    assert found["CS"]["patients"] == 2
    assert found["CS"]["cascade_dice"]["mean"] == 0.7
    assert found["CS"]["cascade_dice"]["interval"] == [0.6, 0.8]
    assert found["CS"]["sensitivity"]["mean"] == 1
    assert found["CS"]["specificity"] == {"mean": 0, "interval": None}
    assert found["HT"]["cascade_dice"] == {"mean": 0.1, "interval": None}
    assert found["HT"]["specificity"]["mean"] is None
    assert list(groups.by_lesion_size(slices, patients)) == ["small", "large"]


def test_codes_are_named_where_they_are_known():
    assert groups.named("CS") == "CS, Thomas Jefferson University"
    assert groups.named("ZZ") == "ZZ"
