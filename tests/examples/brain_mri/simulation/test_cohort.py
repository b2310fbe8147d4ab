import csv
import hashlib
import json
import multiprocessing
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from examples.brain_mri.cohort.index import index_folder
from examples.brain_mri.simulation import cohort, simulate_cohort
from examples.brain_mri.simulation.clinical import COLUMNS

pytestmark = pytest.mark.slow  # each builds heads, in seconds

ROOT = Path(__file__).parents[4]
SLICES = 4  # fewer than any cohort has: quick, and otherwise as any
SCRIPT = f"""
import multiprocessing, sys
import numpy as np
from examples.brain_mri.simulation import patient, simulate_cohort, simulate_patient
patient.draw_slices = lambda *_: {SLICES}
if __name__ == "__main__":
    multiprocessing.set_start_method(sys.argv[1])
    simulate_cohort(sys.argv[2], patients=2, seed=18, workers=2, progress=False)
    first = simulate_patient(0, seed=18)
    np.savez(sys.argv[3], name=first.name, images=first.images, masks=first.masks)
    assert "tensorflow" not in sys.modules
"""


def digest(directory: Path) -> dict[str, str]:
    files = (path for path in directory.rglob("*") if path.is_file())
    return {str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def simulate_in_a_new_process(method: str, home: Path) -> Path:
    script = home / "script.py"
    script.write_text(SCRIPT)
    command = [sys.executable, str(script), method, str(home / "cohort"), str(home / "first.npz")]
    subprocess.run(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True, timeout=240)
    return home / "cohort"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two patients, written by two forked workers; spawned ones where there is no fork."""
    method = "fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn"
    return simulate_in_a_new_process(method, tmp_path_factory.mktemp("home"))


def test_files_are_laid_out_and_typed_as_the_published_ones(folder: Path) -> None:
    with np.load(folder.parent / "first.npz") as first:
        name, images, masks = str(first["name"]), first["images"], first["masks"]
    numbers = range(1, SLICES + 1)
    expected = {f"{name}_{n}{end}" for n in numbers for end in (".tif", "_mask.tif")}
    assert {path.name for path in (folder / name).iterdir()} == expected
    for number in numbers:
        stem = folder / name / f"{name}_{number}"
        with Image.open(f"{stem}.tif") as image, Image.open(f"{stem}_mask.tif") as mask:
            assert (image.format, image.mode, mask.mode) == ("TIFF", "RGB", "L")
            assert image.info["compression"] == mask.info["compression"] == "raw"
            np.testing.assert_array_equal(np.asarray(image), images[number - 1])
            np.testing.assert_array_equal(np.asarray(mask), 255 * masks[number - 1])


def test_table_names_every_patient_folder(folder: Path) -> None:
    with (folder / "data.csv").open(newline="") as file:
        table = csv.DictReader(file)
        rows = list(table)
    assert tuple(table.fieldnames or ()) == COLUMNS
    names = sorted(path.name[:12] for path in folder.iterdir() if path.is_dir())
    assert [row["Patient"] for row in rows] == names == ["TCGA_SM_0001", "TCGA_SM_0002"]


def test_the_folder_says_that_its_patients_are_simulated(folder: Path) -> None:
    found = json.loads((folder / "simulated.json").read_text())
    names = sorted(path.name for path in folder.iterdir() if path.is_dir())
    assert found == {"simulated": True, "seed": 18, "patients": names}
    assert index_folder(folder).simulated == set(names)


@pytest.mark.slow
def test_spawned_workers_write_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    assert digest(simulate_in_a_new_process("spawn", tmp_path)) == digest(folder)


def test_a_folder_with_something_in_it_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "precious.txt").write_text("mine")
    with pytest.raises(ValueError, match=f"{tmp_path.name}.*Name another"):
        simulate_cohort(tmp_path, patients=1)
    assert [path.name for path in tmp_path.iterdir()] == ["precious.txt"]


def test_a_file_of_that_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "cohort").write_text("mine")
    with pytest.raises(ValueError, match="Name another"):
        simulate_cohort(tmp_path / "cohort", patients=1)


@pytest.mark.parametrize("options", [{"patients": 0}, {"patients": 10_000}, {"seed": -1}, {"workers": -2}])
def test_numbers_out_of_range_are_refused(tmp_path: Path, options: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=f"Received {next(iter(options))}="):
        simulate_cohort(tmp_path / "cohort", **options)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_an_interrupted_run_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    def interrupted(directory: Path, seed: int, index: int) -> cohort.Row:
        (directory / f"half-written-{index}").mkdir()
        if index == 1:
            raise error
        return {"Patient": "TCGA_SM_0001"}

    monkeypatch.setattr(cohort, "_write_patient", interrupted)
    with pytest.raises(error):
        simulate_cohort(tmp_path / "cohort", patients=3, workers=1, progress=False)
    assert not list(tmp_path.iterdir())


def test_an_empty_folder_is_filled_and_progress_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def quick(directory: Path, seed: int, index: int) -> cohort.Row:
        return {"Patient": f"TCGA_SM_{index:04d}"}

    monkeypatch.setattr(cohort, "_write_patient", quick)
    assert simulate_cohort(tmp_path, patients=3, workers=1) == tmp_path
    assert (tmp_path / "data.csv").read_text().count("TCGA_SM_") == 3
    assert "3/3" in capsys.readouterr().err
