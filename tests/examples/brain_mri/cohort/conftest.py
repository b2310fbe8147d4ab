"""Two patients on disk, shared by the tests of the cohort."""

import pytest

from tests.examples.brain_mri.slice_files import ALL, write_slice


@pytest.fixture
def folder(tmp_path):
    """Two patients with slices 1, 2 and 10; slice 1 has no tumour."""
    for patient, number in ALL:
        write_slice(tmp_path / "cohort", patient, number, tumour=number > 1)
    return tmp_path / "cohort"
