"""Which patients are simulated: the file that the simulation writes, and the institution's code in a patient's name."""

import json
from collections.abc import Iterable
from pathlib import Path

from examples.brain_mri.cohort.problems import Problems

MARKER = "simulated.json"  # written by `simulate`: {"simulated": true, "seed": ..., "patients": [...]}
CODE = "TCGA_SM_"  # not an institution's code, but the simulation's own


def find_simulated(patients: Iterable[str], marker: Path | None, problems: Problems) -> frozenset[str]:
    """Return the patients that the marker lists, or that have the simulation's code, and note how many they are.

    Args:
        patients: Patients of the folder.
        marker: Path of the simulation's file, which need not exist.
        problems: Where to add the notes.
    """
    listed = _listed(marker) if marker and marker.is_file() else None
    everyone = set(patients)
    simulated = frozenset(name for name in everyone if name in (listed or ()) or name.startswith(CODE))
    if simulated or listed is not None:
        problems.notes.append(f"{len(simulated)} of {len(everyone)} patients are simulated.")
    others = sorted(everyone - simulated)
    if others and listed is not None:
        problems.notes.append(
            f"{marker} does not list {len(others)} patients, the first {others[0]}: real, or renamed."
        )
    return simulated


def _listed(marker: Path) -> set[str]:
    try:
        return set(json.loads(marker.read_text(encoding="utf-8"))["patients"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"Expected the list of simulated patients. Received {marker}: {type(error).__name__} {error}. Restore it, "
            "or simulate the cohort again."
        ) from error
