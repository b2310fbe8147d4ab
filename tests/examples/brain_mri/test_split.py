import pytest

from examples.brain_mri.cohort.index import index_folder
from examples.brain_mri.config import Options
from examples.brain_mri.split import split_patients


def test_the_split_is_by_person_and_covers_all(cohort):
    index = index_folder(cohort)
    split = split_patients(index.slices, Options(data=str(cohort)))
    assert split.keys() == set(index.patients)
    assert set(split.values()) == {"train", "validation", "test"}
    assert split == split_patients(index.slices, Options(data=str(cohort)))
    assert split != split_patients(index.slices, Options(data=str(cohort), seed=5))


def test_a_part_without_healthy_slices_is_refused(cohort):
    tumour_only = [item for item in index_folder(cohort).slices if item.has_tumour]
    with pytest.raises(ValueError, match="Expected slices with and without tumour"):
        split_patients(tumour_only, Options(data=str(cohort)))


def test_too_few_patients_are_refused(cohort):
    slices = [item for item in index_folder(cohort).slices if item.patient.startswith("TCGA_SM_0000")]
    with pytest.raises(ValueError, match="group"):
        split_patients(slices, Options(data=str(cohort)))
