"""Simulated cohort on disk, in the folder layout of the published one."""

import csv
import functools
import json
import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from pathlib import Path

import numpy as np
from PIL import Image

from examples.brain_mri.cohort.origin import CODE, MARKER
from examples.brain_mri.progress import progress_bar
from examples.brain_mri.simulation.clinical import COLUMNS
from examples.brain_mri.simulation.patient import MAX_PATIENTS, Patient, simulate_patient
from examples.brain_mri.simulation.template import load_template
from resunet_kit.data import atomic_write

Row = dict[str, str | int | None]


def simulate_cohort(
    directory: str | os.PathLike[str],
    *,
    patients: int = 110,
    seed: int = 0,
    progress: bool = True,
    workers: int | None = None,
) -> Path:
    """Simulate patients and write them as the published cohort is laid out.

        directory/TCGA_SM_0001_21010422/TCGA_SM_0001_21010422_1.tif         256x256x3 uint8
        directory/TCGA_SM_0001_21010422/TCGA_SM_0001_21010422_1_mask.tif    256x256 uint8, 0 or 255
        directory/data.csv                                                  one row per patient
        directory/simulated.json                                            says so, with the seed and the patients

    Channels are pre-contrast T1, FLAIR and post-contrast T1; slices count from 1, from the neck upwards. Patient k
    is the same whatever the number of patients and of workers. The folder appears complete or not at all.

    Args:
        directory: Folder to create; it may exist if it is empty.
        patients: Number of patients, 1 to 9999.
        seed: Seed of the cohort, at least 0.
        progress: Whether to show a progress bar.
        workers: Processes; by default one for each CPU. They start by the default method of `multiprocessing`; where
            that is "spawn", call this below `if __name__ == "__main__":`.

    Returns:
        `directory`.

    Raises:
        ValueError: If the folder holds something, or a number is out of range.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as home:
        ...     folder = simulate_cohort(Path(home) / "cohort", patients=1, progress=False)
        ...     print(*sorted(path.name[:12] for path in folder.iterdir()))
        TCGA_SM_0001 data.csv simulated.js
    """
    directory = Path(directory)
    workers = min(patients, workers or os.cpu_count() or 1)
    _check(patients=patients, seed=seed, workers=workers)
    with atomic_write(directory.resolve(), folder=True) as temporary:
        write = functools.partial(_write_patient, temporary, seed)
        rows = _in_process(write, patients) if workers == 1 else _in_pool(write, patients, workers)
        bar = progress_bar(rows, total=patients, desc="Simulating patients", unit="patient", disable=not progress)
        _write_table(temporary / "data.csv", sorted(bar, key=lambda row: str(row["Patient"])))
        _write_marker(temporary, seed)
    return directory


def write_patient(directory: Path, patient: Patient) -> None:
    """Write one patient's slices and masks into a new folder of `directory`."""
    folder = directory / patient.name
    folder.mkdir()
    for number, (image, mask) in enumerate(zip(patient.images, patient.masks, strict=True), start=1):
        # Pillow writes TIFF uncompressed unless told otherwise: quick to read back.
        Image.fromarray(image).save(folder / f"{patient.name}_{number}.tif")
        Image.fromarray(mask * np.uint8(255)).save(folder / f"{patient.name}_{number}_mask.tif")


def _check(*, patients: int, seed: int, workers: int) -> None:
    if not 1 <= patients <= MAX_PATIENTS:
        raise ValueError(f"Expected 1 to {MAX_PATIENTS} patients. Received patients={patients}. Pass as many.")
    if seed < 0:
        raise ValueError(f"Expected seed of at least 0. Received seed={seed}. Pass any such integer.")
    if workers < 1:
        raise ValueError(f"Expected at least 1 worker. Received workers={workers}. Pass None for one per CPU.")


def _write_patient(directory: Path, seed: int, index: int) -> Row:
    patient = simulate_patient(index, seed=seed)
    write_patient(directory, patient)
    return patient.clinical


def _in_process(write: "functools.partial[Row]", patients: int) -> Iterator[Row]:
    return map(write, range(patients))


def _in_pool(write: "functools.partial[Row]", patients: int, workers: int) -> Iterator[Row]:
    if multiprocessing.get_start_method() == "fork":
        load_template()  # forked workers share it; spawned ones must load their own
    pool = ProcessPoolExecutor(workers)
    try:
        futures: list[Future[Row]] = [pool.submit(write, index) for index in range(patients)]
        for future in as_completed(futures):
            yield future.result()
    finally:
        # Waits for the running patients, so that nothing is written into a folder that is being removed.
        pool.shutdown(wait=True, cancel_futures=True)


def _write_marker(directory: Path, seed: int) -> None:
    """Say in the folder itself that its patients are simulated, so that no report takes them for real ones."""
    content = {"simulated": True, "seed": seed, "patients": sorted(path.name for path in directory.glob(f"{CODE}*"))}
    (directory / MARKER).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _write_table(path: Path, rows: list[Row]) -> None:
    with path.open("w", newline="") as file:
        table = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        table.writeheader()
        table.writerows(rows)  # None becomes an empty field
