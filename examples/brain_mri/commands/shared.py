"""What several commands need: the checked index, refusals, and the argument of healthy patients."""

import argparse
from pathlib import Path

from examples.brain_mri.cohort.index import Index, index_folder
from examples.brain_mri.folders import refuse_unwritable


def add_allow_healthy(command: argparse.ArgumentParser) -> None:
    """Add the argument that allows patients without tumour."""
    command.add_argument("--allow-healthy", action="store_true", help="patients without any tumour are not a problem")


def checked_index(data: Path, *, allow_healthy: bool = False) -> Index:
    """Return the index of a folder, or of a CSV.

    Raises:
        ValueError: If anything is wrong with it.
    """
    index = index_folder(data, progress=True, allow_healthy=allow_healthy)
    if index.problems:
        raise ValueError(
            f"Expected data without problems. Received {data} with {len(index.problems)}, the first: "
            f"{index.problems[0]}. Name them all with `python -m examples.brain_mri check {data}`."
        )
    return index


def refuse_existing(out: Path) -> None:
    """Refuse a folder that is not empty, apart from what a run leaves that was killed before it began.

    Raises:
        ValueError: If it is not empty, is a file, or cannot be made.
    """
    if not out.exists():
        refuse_unwritable(out)
        return
    found = {path.name for path in out.iterdir() if not path.name.startswith(".")} if out.is_dir() else {out.name}
    if found - {"split.csv", "fingerprints.json"}:
        raise ValueError(
            f"Expected a new run folder. Received {out}, which exists. Continue its run with "
            f"`train --data DIR --out {out} --resume`, or name another --out."
        )
