"""Fingerprints of the patients' files, which show whose data changed after training."""

import hashlib
import json
import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from examples.brain_mri.cohort.slices import Slice
from resunet_kit.data import atomic_write

NAME = "fingerprints.json"


def fingerprint(slices: Sequence[Slice]) -> dict[str, str]:
    """Return a fingerprint of each patient: of the slices' numbers and of the bytes of their images and masks.

    It is computed from the files' bytes, not from decoded pixels, so that another version of a reader changes nothing.
    The names of folders are not included: a cohort may be moved.
    """
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        digests = list(pool.map(_digest, slices))
    of: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for item, digest in zip(slices, digests, strict=True):
        of[item.patient].append((item.number, digest))
    return {patient: _hash(repr(sorted(found)).encode()) for patient, found in sorted(of.items())}


def changed(stored: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Return what differs, one entry per patient: "<patient>: added", "removed", or "images or masks changed"."""
    found = []
    for patient in sorted(stored.keys() | now.keys()):
        if patient not in stored:
            found.append(f"{patient}: added")
        elif patient not in now:
            found.append(f"{patient}: removed")
        elif stored[patient] != now[patient]:
            found.append(f"{patient}: images or masks changed")
    return found


def write(folder: Path, slices: Sequence[Slice]) -> None:
    """Write the fingerprints into a run folder, when the run is started."""
    with atomic_write(folder / NAME) as file:
        file.write_text(json.dumps(fingerprint(slices), indent=2) + "\n", encoding="utf-8")


def check(folder: Path, slices: Sequence[Slice]) -> list[str]:
    """Compare the data with what a run was started on, and return the patients that were added since.

    Raises:
        ValueError: If a patient of the run is absent or has other files; the message names the first.
    """
    stored = read(folder)
    differing = changed(stored, fingerprint([item for item in slices if item.patient in stored]))
    if differing:
        raise ValueError(
            f"Expected the data that the run {folder} was started on. Received {len(differing)} patients with other "
            f"files, the first {differing[0]}. Restore them, or train again into another folder."
        )
    return sorted({item.patient for item in slices} - stored.keys())


def read(folder: Path) -> dict[str, str]:
    """Return the fingerprints that a run was started with.

    Raises:
        ValueError: If the file cannot be read.
    """
    file = folder / NAME
    try:
        stored = json.loads(file.read_text(encoding="utf-8"))
        return {str(patient): str(of) for patient, of in stored.items()}
    except (OSError, ValueError, AttributeError) as error:
        raise ValueError(
            f"Expected the fingerprints of a run. Received {file}: {error}. Train again into another folder."
        ) from error


def _digest(item: Slice) -> str:
    return _hash(item.image.read_bytes()) + _hash(item.mask.read_bytes())


def _hash(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()
