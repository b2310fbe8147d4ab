"""Where an evaluation comes from: version, seed, date, machine, and whether its patients are simulated."""

import os
import platform
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import resunet_kit

TITLES = {"all": "simulated patients", "none": "patients", "some": "simulated and other patients"}


def provenance(seed: int, precision: str, test_patients: Collection[str], simulated: Collection[str]) -> dict[str, Any]:
    """Return what the first line of a report says.

    Args:
        seed: Seed of the run.
        precision: Precision that the networks compute in.
        test_patients: The patients that are scored.
        simulated: All patients of the data that are simulated.
    """
    return {
        "version": resunet_kit.__version__,
        "seed": seed,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"processor": processor(), "cores": cores(), "precision": precision, "system": platform.system()},
        "test_patients": len(test_patients),
        "simulated_test_patients": len(set(test_patients) & set(simulated)),
    }


def origin(found: dict[str, Any]) -> str:
    """Return "all", "some" or "none": which test patients are simulated."""
    if not found["simulated_test_patients"]:
        return "none"
    return "all" if found["simulated_test_patients"] == found["test_patients"] else "some"


def patients_text(found: dict[str, Any]) -> str:
    """Return whether the test patients are simulated, in words."""
    return {
        "all": "**The patients are simulated**: the scores say nothing about real ones.",
        "some": f"**{found['simulated_test_patients']} of {found['test_patients']} test patients are simulated**: the "
        "scores mix them with the others.",
        "none": "**No test patient is marked as simulated**: they are taken for real ones.",
    }[origin(found)]


def first_line(found: dict[str, Any]) -> str:
    """Return the line that a report begins with."""
    machine = found["machine"]
    return (
        f"{patients_text(found)} resunet_kit {found['version']}, seed {found['seed']}, evaluated "
        f"{found['date'].replace('T', ' ').replace('+00:00', ' UTC')} on {machine['processor']}, "
        f"{_counted(machine['cores'], 'core')}, {machine['precision']}. Not a medical device."
    )


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def processor() -> str:
    """Return the processor's name."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:  # no Linux
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _counted(count: int, name: str) -> str:
    return f"{count} {name}{'' if count == 1 else 's'}"
