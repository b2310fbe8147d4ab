import json
import shutil

import numpy as np
import pytest

from examples.brain_mri import cli, fingerprints
from examples.brain_mri.cohort.index import index_folder
from tests.examples.brain_mri.slice_files import ALL, A, B, image_of, mask_of, save, write_slice


@pytest.fixture
def folder(tmp_path):
    for patient, number in ALL:
        write_slice(tmp_path / "data", patient, number)
    return tmp_path / "data"


def prints(folder):
    return fingerprints.fingerprint(index_folder(folder).slices)


def edit_image(folder):
    file = image_of(folder, A, 2)
    image = np.zeros((8, 8, 3), np.uint8)
    image[0, 0] = 1
    save(file, image)


def edit_mask(folder):
    mask = np.zeros((8, 8), np.uint8)
    mask[3, 3] = 255
    save(mask_of(folder, A, 2), mask)


def lose_slice(folder):
    image_of(folder, A, 2).unlink()
    mask_of(folder, A, 2).unlink()


def exchange_slices(folder):
    for of in (image_of, mask_of):
        kept = of(folder, A, 1).read_bytes()
        of(folder, A, 1).write_bytes(of(folder, A, 2).read_bytes())
        of(folder, A, 2).write_bytes(kept)


@pytest.mark.parametrize("change", [edit_image, edit_mask, lose_slice, exchange_slices], ids=lambda it: it.__name__)
def test_a_change_of_any_file_is_named_by_patient(change, folder):
    before = prints(folder)
    assert before == prints(folder)
    change(folder)
    assert fingerprints.changed(before, prints(folder)) == [f"{A}: images or masks changed"]


def test_added_and_removed_patients_are_named(folder):
    before = prints(folder)
    shutil.rmtree(folder / A)
    write_slice(folder, "TCGA_CC_0003_20000303", 1)
    expected = [f"{A}: removed", "TCGA_CC_0003_20000303: added"]
    assert fingerprints.changed(before, prints(folder)) == expected
    assert fingerprints.changed(before, before) == []


def test_a_moved_folder_is_the_same(folder, tmp_path):
    before = prints(folder)
    assert prints(folder.rename(tmp_path / "elsewhere")) == before


def test_a_run_is_compared_with_what_it_was_started_on(folder, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    with pytest.raises(ValueError, match="Expected the fingerprints of a run"):
        fingerprints.check(run, index_folder(folder).slices)
    fingerprints.write(run, index_folder(folder).slices)
    write_slice(folder, "TCGA_CC_0003_20000303", 1)
    assert fingerprints.check(run, index_folder(folder).slices) == ["TCGA_CC_0003_20000303"]
    edit_mask(folder)
    with pytest.raises(ValueError, match=f"1 patients with other files, the first {A}: images or masks changed"):
        fingerprints.check(run, index_folder(folder).slices)
    shutil.rmtree(folder / B)
    with pytest.raises(ValueError, match="2 patients"):
        fingerprints.check(run, index_folder(folder).slices)
    (run / fingerprints.NAME).write_text("[")
    with pytest.raises(ValueError, match=r"Expected the fingerprints of a run. Received .*fingerprints.json"):
        fingerprints.check(run, index_folder(folder).slices)


def test_evaluate_refuses_data_that_changed_after_training(trained, cohort, tmp_path, capsys):
    run, data = shutil.copytree(trained, tmp_path / "run"), shutil.copytree(cohort, tmp_path / "data")
    fingerprints.write(run, index_folder(cohort).slices)
    changed = next(data.iterdir()).name
    mask_of(data, changed, 3).write_bytes(mask_of(data, changed, 1).read_bytes())
    before = (run / "metrics.json").read_bytes()
    assert cli.main(["evaluate", "--run", str(run), "--data", str(data)]) == 1
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("error: ")
    assert f"{changed}: images or masks changed" in error
    assert (run / "metrics.json").read_bytes() == before
    assert json.loads(before)["added_since_training"] == []
