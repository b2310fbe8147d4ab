"""Tables of a study: every score, and differences between training runs with the same patients and seed."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from examples.brain_mri.study.grid import Comparison, cell
from resunet_kit.metrics import bootstrap_interval

KEYS = ["stage", "start", "mode", "patients", "seed"]


def result_table(finished: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Return one row per training run and moment."""
    rows = [
        {**{key: found[key] for key in KEYS}, **{key: moment[key] for key in ("steps", "seconds", "score")}}
        for found in finished
        for moment in found["moments"]
    ]
    return pd.DataFrame(rows)


def summary_table(finished: Sequence[dict[str, Any]], comparisons: Sequence[Comparison]) -> pd.DataFrame:
    """Return the differences of each comparison at the end of training.

    A pair is two training runs of the same stage, patients and seed: the first has the value in `compared`, the second
    that in `with`. There is a row for each number of training patients, and one for all numbers together, where there
    are several.

    Columns: `low` to `high` is the 95 % bootstrap interval of the mean difference over pairs; `patients_low` to
    `patients_high`, for the segmenter, over the held-out patients. In `arrived` of `comparable` pairs, the first run
    arrives at the final score of the second; `part_of_steps` and `part_of_seconds` are the medians of what this
    takes, as a fraction of the steps and seconds in which the second run first reaches it, infinite for pairs that do
    not arrive. Pairs whose second run ends no better than before its first step are not comparable.
    """
    by_cell = {tuple(found[key] for key in KEYS): found for found in finished}
    rows = []
    for comparison in comparisons:
        for stage in dict.fromkeys(found["stage"] for found in finished):
            for value in comparison.values[1:]:
                pairs = _pairs(by_cell, comparison, stage, value)
                counts = sorted({patients for patients, _, _ in pairs})
                for chosen in [[count] for count in counts] + ([counts] if len(counts) > 1 else []):
                    found = [(ours, theirs) for count, ours, theirs in pairs if count in chosen]
                    rows.append(
                        {
                            "comparison": comparison.name,
                            "stage": stage,
                            "compared": value,
                            "with": comparison.values[0],
                            "patients": " ".join(map(str, chosen)),
                            **_differences(found),
                        }
                    )
    return pd.DataFrame(rows)


def _pairs(
    by_cell: dict[tuple[Any, ...], dict[str, Any]], comparison: Comparison, stage: str, value: str
) -> list[tuple[int, dict[str, Any], dict[str, Any]]]:
    """Return the number of patients of each pair, what is compared, and what it is compared with."""
    keys = sorted({(key[3], key[4]) for key in by_cell})
    largest = max(count for count, _ in keys)
    pairs = []
    for count, seed in keys:
        if comparison.patients == "all" and count != largest:
            continue
        ours, theirs = (
            by_cell.get((one.stage, one.start, one.mode, one.patients, one.seed))
            for one in (cell(stage, comparison, which, count, seed) for which in (value, comparison.values[0]))
        )
        if ours and theirs:
            pairs.append((count, ours, theirs))
    return pairs


def _differences(pairs: Sequence[tuple[dict[str, Any], dict[str, Any]]]) -> dict[str, Any]:
    ours, theirs = (np.array([pair[side]["moments"][-1]["score"] for pair in pairs]) for side in (0, 1))
    low, high = interval(ours - theirs)
    patients_low, patients_high = interval(_by_patient(pairs))
    arrivals = np.array([_arrival(*pair) for pair in pairs if _improves(pair[1])]).reshape(-1, 2)
    steps, seconds = np.median(arrivals, axis=0) if len(arrivals) else (np.nan, np.nan)
    return {
        "pairs": len(pairs),
        "score": ours.mean(),
        "score_with": theirs.mean(),
        "difference": (ours - theirs).mean(),
        "low": low,
        "high": high,
        "patients_low": patients_low,
        "patients_high": patients_high,
        "comparable": len(arrivals),
        "arrived": int(np.isfinite(arrivals[:, 0]).sum()),
        "part_of_steps": steps,
        "part_of_seconds": seconds,
    }


def interval(values: Sequence[float] | np.ndarray) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of a mean; NaN of fewer than two values."""
    if len(values) < 2:
        return np.nan, np.nan
    found = bootstrap_interval(values)
    return found.low, found.high


def _by_patient(pairs: Sequence[tuple[dict[str, Any], dict[str, Any]]]) -> np.ndarray:
    """Return the mean difference of each held-out patient; empty for the classifier, scored on all slices together."""
    ours, theirs = ([pair[side]["moments"][-1]["by_patient"] for pair in pairs] for side in (0, 1))
    names = sorted(ours[0])
    return np.array(
        [np.mean([a[name] - b[name] for a, b in zip(ours, theirs, strict=True)]) for name in names], "float64"
    )


def _improves(training: dict[str, Any]) -> bool:
    first, *_, last = training["moments"]
    return bool(last["score"] > first["score"])


def _arrival(ours: dict[str, Any], theirs: dict[str, Any]) -> tuple[float, float]:
    """Return what fraction of the other run's steps and seconds its final score takes; infinite if it is not reached.

    Both are timed when they first have that score.
    """
    goal = theirs["moments"][-1]["score"]
    (steps, seconds), (of_steps, of_seconds) = (_first(training["moments"], goal) for training in (ours, theirs))
    return (steps / of_steps, seconds / of_seconds) if of_steps else (np.inf, np.inf)


def _first(moments: Sequence[dict[str, Any]], goal: float) -> tuple[float, float]:
    """Return the steps and seconds at which a score is first reached, by linear interpolation between moments."""
    before = None
    for moment in moments:
        if moment["score"] >= goal:
            part = 1.0 if before is None else (goal - before["score"]) / (moment["score"] - before["score"])
            at = before or moment
            steps, seconds = (at[key] + part * (moment[key] - at[key]) for key in ("steps", "seconds"))
            return steps, seconds
        before = moment
    return np.inf, np.inf
