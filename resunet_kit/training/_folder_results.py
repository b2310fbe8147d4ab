"""Files of a run: written when everything has succeeded, and read again from a finished run."""

import csv
import json
import math
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras

from resunet_kit._shared.errors import reason
from resunet_kit._shared.writing import atomic_write
from resunet_kit.metrics import Evaluation
from resunet_kit.training import run_folder
from resunet_kit.training._folder_plan import FolderPlan
from resunet_kit.training._folder_split import PARTS
from resunet_kit.training._folder_training import uncompiled
from resunet_kit.training.run_folder import RunSettings

PLAN = "plan.json"
REASONS = ("precision_reason",)  # entries of the plan that are not choices, and may differ


def begin(out: Path, plan: dict[str, Any], *, resume: bool) -> Path:
    """Return the folder of the unfinished training, new or with what was left by an interruption.

    Raises:
        ValueError: If `resume` does not fit what is there, or the run was begun with other options or data.
    """
    folder, text = out / run_folder.UNFINISHED, json.dumps(plan, indent=2)
    file = folder / PLAN
    if not file.is_file():
        with atomic_write(file) as temporary:
            temporary.write_text(text + "\n", encoding="utf-8")
        return folder
    before, now = saved_plan(out), json.loads(text)
    changed = [name for name in now if before.get(name) != now[name] and name not in REASONS]
    if resume and changed:
        name = changed[0]
        more = f" and other {', '.join(changed[1:])}" if len(changed) > 1 else ""
        raise ValueError(
            f"Expected the options and files that {str(out)!r} was begun with. Received {name} of "
            f"{_shortened(now[name])} instead of {_shortened(before.get(name))}{more}. Pass the same, or another out."
        )
    return folder


def saved_plan(out: Path) -> dict[str, Any]:
    """Return the plan that an unfinished run was begun with; empty if there is no run.

    Raises:
        ValueError: If the file is damaged.
    """
    file = out / run_folder.UNFINISHED / PLAN
    if not file.is_file():
        return {}
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ValueError(
            f"Expected the plan of an unfinished training. Received {str(file)!r}, which is damaged. Train again into "
            "another folder."
        )
    return found


def check_out(out: Path, *, resume: bool) -> bool:
    """Return whether the run has ended already, which `resume` allows.

    Raises:
        ValueError: If the folder holds something that would be mixed with the run.
    """
    if (out / run_folder.SETTINGS).is_file():
        if resume:
            return True
        raise ValueError(
            f"Expected a new folder as out. Received {str(out)!r}, which holds a finished run. Name another, or pass "
            "resume=True (--resume) to read it."
        )
    if (out / run_folder.UNFINISHED / PLAN).is_file():
        if resume:
            return False
        raise ValueError(
            f"Expected a new folder as out. Received {str(out)!r}, which holds an unfinished training. Pass "
            "resume=True (--resume) to continue it, or name another."
        )
    if out.exists() and (not out.is_dir() or any(one.name != run_folder.UNFINISHED for one in out.iterdir())):
        raise ValueError(
            f"Expected a new or empty folder as out. Received {str(out)!r}, which holds something else. Name another."
        )
    return False


def write_results(
    out: Path,
    model: keras.Model,
    plan: FolderPlan,
    history: Mapping[str, Sequence[float]],
    scores: Evaluation,
) -> None:
    """Write all files except the report and the settings, each completely or not at all."""
    with atomic_write(out / run_folder.MODEL) as file:
        uncompiled(model).save(file)
    part_of = plan.part_of
    split = [
        {"image": image, "mask": mask, "group": group, "part": part}
        for image, mask, group, part in zip(plan.images, plan.masks, plan.groups, part_of, strict=True)
    ]
    _write_table(out / run_folder.SPLIT, split)
    scores.to_csv(out / run_folder.SCORES_TABLE)
    scores.to_json(out / run_folder.SCORES)
    _write_json(out / run_folder.HISTORY, history)


def finish(out: Path, settings: RunSettings) -> None:
    """Write the settings, whose presence marks the run as finished, and remove what was needed to resume it."""
    run_folder.write_settings(out, settings)
    shutil.rmtree(out / run_folder.UNFINISHED, ignore_errors=True)


def read_split(out: Path) -> dict[str, list[str]]:
    """Return the images of each part of a finished run.

    Raises:
        ValueError: If the table cannot be read.
    """
    rows = split_rows(out)
    return {part: [row["image"] for row in rows if row["part"] == part] for part in PARTS}


def split_rows(out: Path) -> list[dict[str, str]]:
    """Return the image, group and part of each image of a finished run.

    Raises:
        ValueError: If the table cannot be read.
    """
    path = out / run_folder.SPLIT
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return [{name: row[name] for name in ("image", "group", "part")} for row in csv.DictReader(file)]
    except (OSError, ValueError, KeyError, csv.Error) as error:
        raise _damaged(path, error) from error


def read_scores(out: Path) -> Evaluation:
    """Return the scores of a finished run.

    Raises:
        ValueError: If they cannot be read.
    """
    stored = read_json(out / run_folder.SCORES)
    try:
        rows, summary = ([_numbers(row) for row in stored[name]] for name in ("cases", "summary"))
        return Evaluation(rows, summary, stored["settings"])
    except (TypeError, KeyError, AttributeError) as error:
        raise _damaged(out / run_folder.SCORES, error) from error


def _numbers(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row with NaN and infinity instead of what represents them in JSON."""
    special = {None: math.nan, "Infinity": math.inf}
    named = ("case", "group", "class", "score")
    return {name: value if name in named else special.get(value, value) for name, value in row.items()}


def read_json(file: Path) -> Any:
    """Return the content of a JSON file of a finished run.

    Raises:
        ValueError: If it cannot be read.
    """
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _damaged(file, error) from error


def _damaged(file: Path, error: Exception) -> ValueError:
    return ValueError(
        f"Expected a file of a finished run. Received {str(file)!r}, which cannot be read: {reason(error)} Restore it, "
        "or train again into another folder."
    )


def _write_table(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    with atomic_write(path) as file, file.open("w", newline="", encoding="utf-8") as table:
        writer = csv.DictWriter(table, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def _write_json(path: Path, values: Any) -> None:
    text = json.dumps(values, indent=2, allow_nan=False)
    with atomic_write(path) as file:
        file.write_text(text + "\n", encoding="utf-8")


def _shortened(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
