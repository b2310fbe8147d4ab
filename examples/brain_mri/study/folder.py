"""The study's folder.

plan.json            the options, the held-out patients, and a fingerprint of the data
data                 simulated patients, where no --data is given
simulated            the simulated cohort that trainings start from
starts               weights after the training on it, with the seconds that it took
cells                one file per training: its scores at each moment
results.csv, summary.csv, report.html
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from examples.brain_mri.fingerprints import changed
from examples.brain_mri.folders import refuse_unwritable
from examples.brain_mri.study.grid import Cell
from examples.brain_mri.study.plan import Plan, from_stated
from resunet_kit.data import atomic_write

BEFORE_THE_PLAN = {"data"}  # what an interruption before the first run leaves, besides hidden files


@dataclass(frozen=True)
class StudyFolder:
    """Paths of a study, and what is written in it."""

    path: Path

    @property
    def plan_file(self) -> Path:
        """Its presence says that the folder is a study."""
        return self.path / "plan.json"

    @property
    def data(self) -> Path:
        """Simulated patients that are studied."""
        return self.path / "data"

    @property
    def simulated(self) -> Path:
        """The simulated cohort that trainings start from."""
        return self.path / "simulated"

    @property
    def report(self) -> Path:
        """The report."""
        return self.path / "report.html"

    def start_weights(self, stage: str, start: str) -> Path:
        """Weights after the training on the simulated cohort."""
        return self.path / "starts" / f"{stage}-{start}.weights.h5"

    def refuse_existing(self) -> None:
        """Refuse a folder that is not empty.

        Raises:
            ValueError: If it is not empty, is a file, or cannot be made.
        """
        path = self.path
        if not path.exists():
            refuse_unwritable(path)
            return
        found = path.is_dir() and {entry.name for entry in path.iterdir() if not entry.name.startswith(".")}
        if found is False or found - BEFORE_THE_PLAN:
            raise ValueError(
                f"Expected a new folder for the study. Received {path}, which exists. Continue its study with "
                "--resume, or name another --out."
            )

    def write_plan(self, plan: Plan, **beside: Any) -> None:
        """Write the options and what belongs to them."""
        self._write(self.plan_file, {"options": plan.stated(), **beside})

    def stored(self) -> dict[str, Any]:
        """Return what `write_plan` wrote.

        Raises:
            ValueError: If the folder is not a study.
        """
        if not self.plan_file.is_file():
            raise ValueError(
                f"Expected the folder of a study with a plan.json. Received {self.path}. "
                "Leave --resume out to begin one."
            )
        return self._read(self.plan_file)

    def plan(self, given: dict[str, Any]) -> Plan:
        """Return the stored options.

        Args:
            given: What the command line states.

        Raises:
            ValueError: If it differs from what is stored.
        """
        try:
            plan = from_stated(self.stored()["options"])
        except (TypeError, KeyError) as error:
            raise ValueError(self._unreadable(self.plan_file, error)) from error
        for name, value in given.items():
            # "auto" stands for whichever was chosen at the start.
            if value != getattr(plan, name) and (name, value) != ("precision", "auto"):
                stored = getattr(plan, name)
                shown = [" ".join(v) if isinstance(v, tuple) else str(v) for v in (stored, value)]
                option = f"--{name.replace('_', '-')}"
                raise ValueError(
                    f"Expected {option} {shown[0]}, as at the start of the study in {self.path}. Received {shown[1]}. "
                    f"Leave {option} out (and --quick, if it was not given then), or name another --out."
                )
        return plan

    def check_data(self, now: Mapping[str, str]) -> None:
        """Refuse other data than at the start.

        Args:
            now: The fingerprint of each patient.

        Raises:
            ValueError: If a patient was added or removed, or has other files; the message names the first.
        """
        if differing := changed(self.stored()["fingerprints"], now):
            raise ValueError(
                f"Expected the data that the study in {self.path} was started with. Received {len(differing)} patients "
                f"that differ, the first {differing[0]}. Point --data at those of the start, or name another --out."
            )

    # === Trainings ===

    def write_cell(self, cell: Cell, **result: Any) -> None:
        """Write the scores of a training: whole or not at all."""
        self._write(self._cell_file(cell), {**asdict(cell), **result})

    def read_cell(self, cell: Cell) -> dict[str, Any] | None:
        """Return what `write_cell` wrote; None where the training is still to be done."""
        file = self._cell_file(cell)
        return self._read(file) if file.is_file() else None

    def results(self, cells: Sequence[Cell]) -> list[dict[str, Any]]:
        """Return the trainings that are done, in the order of the cells."""
        return [found for cell in cells if (found := self.read_cell(cell)) is not None]

    def _cell_file(self, cell: Cell) -> Path:
        return self.path / "cells" / f"{cell.name}.json"

    def _write(self, path: Path, content: dict[str, Any]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(path) as file:
            file.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n", encoding="utf-8")

    def _read(self, path: Path) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ValueError(self._unreadable(path, error)) from error
        return found

    def _unreadable(self, path: Path, error: Exception) -> str:
        cure = "Name another --out." if path == self.plan_file else "Delete it, and --resume trains it again."
        return f"Expected a file of a study. Received {path}: {error}. {cure}"
