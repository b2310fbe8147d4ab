"""Prediction on new images: a mask for each image or volume, and tables of the slices and the patients."""

import hashlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from examples.brain_mri.pipeline import Pipeline, Prediction
from examples.brain_mri.prediction_records import Records, Rows
from examples.brain_mri.prediction_tables import (
    COLUMNS,
    PATIENT_COLUMNS,
    SKIPPED_COLUMNS,
    Spacing,
    patient_row,
    shown,
    slice_rows,
    write_table,
)
from examples.brain_mri.progress import progress_bar
from examples.brain_mri.run_folder import RunFolder
from examples.brain_mri.scans.scan import Scan, Stack, unusable
from examples.brain_mri.scans.search import Found, find_scans


@dataclass(frozen=True)
class Options:
    """How `predict` works.

    Attributes:
        resume: Whether to continue an unfinished folder.
        skip_unreadable: Whether to leave out files that cannot be used.
        spacing: Distance between slices, rows and columns in millimetres, where the files do not tell.
    """

    resume: bool = False
    skip_unreadable: bool = False
    spacing: Spacing | None = None


@dataclass(frozen=True)
class _Job:
    """What is to be predicted, after checks: scans, number of slices in all, and files left out, with the reason."""

    scans: list[Scan]
    slices: int
    skipped: dict[Path, str]


def predict(run: RunFolder, paths: Sequence[Path], out: Path, options: Options) -> int:
    """Write masks and tables into a folder, and return the number of files that were left out.

    Every file is read once before the first patient is predicted, so that a bad one is known before anything is
    written. The tables come last; until then the folder holds `unfinished`.

    Raises:
        ValueError: If `out` holds something else, or a file cannot be used and is not skipped.
    """
    records = Records(out)
    records.check(resume=options.resume)
    found = find_scans(paths, out)
    pipeline = Pipeline.load(run, final=True)
    job = _checked(found, options)
    with records.begun(_settings(run, job, options)):
        with progress_bar(total=job.slices, desc="predict", unit="slice", smoothing=0.1) as bar:
            for index, scan in enumerate(job.scans):
                rows = records.rows(index) or _predicted(pipeline, scan, records, index, options.spacing)
                bar.set_postfix_str(f"patient {index + 1} of {len(job.scans)}", refresh=False)
                bar.update(len(rows["slices"]))
        _write_tables(records, job, options)
    records.finish()
    return len(job.skipped)


def _checked(found: Found, options: Options) -> _Job:
    """Read every file once.

    Raises:
        ValueError: If one cannot be used and is not skipped, or no file is left.
    """
    skipped, notes, scans, slices = dict(found.unreadable), list(found.notes), [], 0
    _refuse(skipped, options)
    for scan in progress_bar(found.scans, desc="check", unit="patient"):
        check = scan.check()
        skipped.update(check.unreadable)
        _refuse(check.unreadable, options)
        notes += check.notes
        rest = scan.without(check.unreadable)
        if rest:
            scans.append(rest)
            slices += check.slices
    for note in notes:
        print(f"note: {note}", file=sys.stderr)
    for file, why in skipped.items():
        print(f"left out: {unusable(file, why)}", file=sys.stderr)
    if not scans:
        raise ValueError(f"Expected an image that can be read. Received none among {len(skipped)}. Check the files.")
    return _Job(scans, slices, skipped)


def _refuse(unreadable: dict[Path, str], options: Options) -> None:
    if unreadable and not options.skip_unreadable:
        file, why = next(iter(unreadable.items()))
        raise ValueError(f"{unusable(file, why)} To leave out such files, add --skip-unreadable.")


def _predicted(pipeline: Pipeline, scan: Scan, records: Records, index: int, given: Spacing | None) -> Rows:
    """Predict one patient, write the masks, and return the rows of the tables."""
    rows: Rows = {"slices": [], "patients": []}
    masks: set[str] = set()
    for stack in scan.read():
        prediction = _of_patient(pipeline, stack)
        spacing = stack.spacing or given
        if np.ptp(stack.images) == 0:  # a volume of 0 ml would look like a healthy patient's
            tqdm.write(f"note: every pixel of {scan.patient} ({stack.files[0]}) is the same.", file=sys.stderr)
        stack.write(prediction.mask, records.out)
        masks.update(stack.masks)
        rows["slices"] += slice_rows(scan.patient, stack, prediction, spacing)
        rows["patients"].append(patient_row(scan.patient, stack, prediction, spacing))
    records.add(index, rows, masks)
    return rows


def _of_patient(pipeline: Pipeline, stack: Stack) -> Prediction:
    try:
        return pipeline.predict(stack.images)
    except ValueError as error:
        for file, image in zip(stack.files, stack.images, strict=True):  # one by one, to name the file
            try:
                pipeline.predict(image[None])
            except ValueError as cause:
                raise ValueError(f"Expected images that the run can predict. Received {file}: {cause}") from error
        raise ValueError(f"Expected images that the run can predict. Received {stack.files[0]}: {error}") from error


def _write_tables(records: Records, job: _Job, options: Options) -> None:
    count = len(job.scans)
    write_table(records.out / "patients.csv", PATIENT_COLUMNS, records.all_rows("patients", count))
    if options.skip_unreadable:
        rows = [{"file": shown(str(file)), "reason": shown(why)} for file, why in job.skipped.items()]
        write_table(records.out / "skipped.csv", SKIPPED_COLUMNS, rows)
    write_table(records.out / "predictions.csv", COLUMNS, records.all_rows("slices", count))


def _settings(run: RunFolder, job: _Job, options: Options) -> dict[str, Any]:
    """Return all that the predictions depend on, under the words that messages use for it."""
    return {
        "run": _fingerprint(run.cascade, run.final_cascade),
        "images": [[_state(file) for file in scan.files] for scan in job.scans],
        "files that are left out": [str(file) for file in job.skipped],
        "--skip-unreadable": options.skip_unreadable,
        "--spacing": options.spacing,
    }


def _state(file: Path) -> list[Any]:
    found = file.stat()
    return [str(file), found.st_size, found.st_mtime_ns]


def _fingerprint(*paths: Path) -> str:
    """Return a value that changes when a run is trained again."""
    digest = hashlib.blake2b(digest_size=16)
    for path in paths:
        if path.is_file():
            with path.open("rb") as opened:
                digest.update(hashlib.file_digest(opened, "sha256").digest())
    return digest.hexdigest()
