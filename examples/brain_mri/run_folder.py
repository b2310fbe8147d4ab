"""The run folder: the files that training and evaluation write, and later commands read.

config.json                 the options of the run
split.csv                   patient, part, slices: one split by patient for both stages
fingerprints.json           of each patient's files, to detect changed data
classifier.history.csv      one row per epoch
segmenter.history.csv
cascade                     both trained models and their thresholds, whose scores `evaluate` reports
validation.json             their scores on the validation patients
final_cascade               both models trained once more, on all patients, for `predict`; unless --no-refit
metrics.json, metrics_per_patient.csv, metrics_per_slice.csv, report.html     written by `evaluate`
"""

import contextlib
import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from examples.brain_mri import fingerprints
from examples.brain_mri import split as split_table
from examples.brain_mri.cohort.slices import Slice
from examples.brain_mri.config import Options
from examples.brain_mri.locking import hold
from examples.brain_mri.split import RETRAIN
from resunet_kit.data import atomic_write


@dataclass(frozen=True)
class RunFolder:
    """Paths of a run, and its options and split once they are written."""

    path: Path

    @property
    def cascade(self) -> Path:
        """Both trained models; they exist once training is done."""
        return self.path / "cascade"

    @property
    def final_cascade(self) -> Path:
        """Both models after another training, on all patients; for new images."""
        return self.path / "final_cascade"

    @property
    def validation(self) -> Path:
        """Scores of the cascade and of its segmenter on the validation patients."""
        return self.path / "validation.json"

    @property
    def report(self) -> Path:
        """The interactive report."""
        return self.path / "report.html"

    @property
    def metrics(self) -> Path:
        """Every score; the last file that an evaluation writes."""
        return self.path / "metrics.json"

    def history(self, stage: str) -> Path:
        """Table of one stage's training, one row per epoch."""
        return self.path / f"{stage}.history.csv"

    def network(self, stage: str) -> Path:
        """One stage's trained network, until the cascade holds it."""
        return self.path / f"{stage}.keras"

    def checkpoint(self, stage: str) -> Path:
        """Weights and optimizer of a stage in training, after its last complete epoch."""
        return self.path / f"{stage}.weights.h5"

    def write_history(self, stage: str, rows: Sequence[dict[str, float]]) -> None:
        """Write the table of one stage's training."""
        with atomic_write(self.history(stage)) as file, file.open("w", newline="", encoding="utf-8") as opened:
            table = csv.DictWriter(opened, list(rows[0]))
            table.writeheader()
            table.writerows(rows)

    def locked(self) -> contextlib.AbstractContextManager[None]:
        """Lock the folder for this process; another process is refused."""
        return hold(self.path)

    def epochs_done(self, stage: str) -> list[dict[str, float]]:
        """Return one stage's training, one mapping per epoch."""
        if not self.history(stage).is_file():
            return []
        try:
            with self.history(stage).open(newline="", encoding="utf-8") as file:
                rows = [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]
        except (ValueError, TypeError, csv.Error) as error:
            raise ValueError(
                f"Expected the history of a training. Received {self.history(stage)}: {error}. {RETRAIN}"
            ) from error
        return rows

    @classmethod
    def create(cls, path: Path, options: Options, split: dict[str, str], slices: Sequence[Slice]) -> "RunFolder":
        """Make a run folder with its options, its split, and how many slices each patient has.

        Raises:
            ValueError: If it is a run already.
        """
        path.mkdir(parents=True, exist_ok=True)
        run = cls(path)
        if (path / "config.json").exists():
            raise ValueError(f"Expected a new run folder. Received {path}, a run already. Name another --out.")
        split_table.write(path, split, slices)
        fingerprints.write(path, [item for item in slices if item.patient in split])
        # Last, because its presence says that the folder is a run.
        with atomic_write(path / "config.json") as file:
            file.write_text(json.dumps(asdict(options), indent=2) + "\n", encoding="utf-8")
        return run

    @classmethod
    def open(cls, path: Path) -> "RunFolder":
        """Return an existing run.

        Raises:
            ValueError: If the folder is not a run.
        """
        if not (path / "config.json").is_file():
            raise ValueError(
                f"Expected a run folder with a config.json. Received {path}. Make it with "
                f"`train --data DIR --out {path}`."
            )
        return cls(path)

    def trained(self) -> Path:
        """Return the cascade's path.

        Raises:
            ValueError: If training has not ended.
        """
        if not self.cascade.exists() or (self.options().refit and not self.final_cascade.exists()):
            raise ValueError(
                f"Expected a run whose training has ended. Received {self.path}. "
                f"Continue it with `train --data DIR --out {self.path} --resume`."
            )
        return self.cascade

    def options(self) -> Options:
        """Return the options that the run was started with."""
        file = self.path / "config.json"
        try:
            stored = json.loads(file.read_text(encoding="utf-8"))
            return Options(**{**stored, "fractions": tuple(stored["fractions"])})
        except (ValueError, TypeError, KeyError) as error:
            raise ValueError(f"Expected the options of a run. Received {file}: {error}. {RETRAIN}") from error

    def refuse_other(self, given: Mapping[str, Any]) -> None:
        """Refuse options that are not those of the run's start.

        Args:
            given: Values by name.

        Raises:
            ValueError: If one differs; for the precision, "auto" matches whichever was chosen.
        """
        stored = self.options()
        for name, value in given.items():
            if value != getattr(stored, name) and (name, value) != ("precision", "auto"):
                option = f"--{name.replace('_', '-')}"
                raise ValueError(
                    f"Expected {option} {getattr(stored, name)}, as the run {self.path} was started with. Received "
                    f"{value}. Leave {option} out, or name another --out."
                )

    def split(self) -> dict[str, str]:
        """Return the part of each patient, as `split.read` does."""
        return {patient: part for patient, (part, _) in split_table.read(self.path).items()}

    def slices_of(self, part: str, slices: Sequence[Slice]) -> list[Slice]:
        """Return the slices whose patient is in `part`, as `split.slices_of` does."""
        return split_table.slices_of(self.path, part, slices)
