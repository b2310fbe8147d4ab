"""Calibration of the gate: whether slices show tumour as often as their probability says."""

from typing import Any

import numpy as np
import pandas as pd

from resunet_kit.metrics import bootstrap_interval, expected_calibration_error, reliability_bins

BINS = 10


def calibration_summary(slices: pd.DataFrame) -> dict[str, Any]:
    """Return the expected calibration error of the test slices with its interval, and the bins that hold slices."""
    truth, probability = slices["has_tumour"].to_numpy(), slices["probability"].to_numpy()
    found = reliability_bins(truth, probability, bins=BINS)
    return {
        "expected_calibration_error": expected_calibration_error(truth, probability, bins=BINS),
        "interval": _interval(slices) if slices["patient"].nunique() > 1 else None,
        "bins": [
            {
                "from": float(found.edges[i]),
                "to": float(found.edges[i + 1]),
                "slices": int(found.counts[i]),
                "mean_probability": float(found.confidence[i]),
                "with_tumour": float(found.frequency[i]),
            }
            for i in np.flatnonzero(found.counts)
        ],
    }


def _interval(slices: pd.DataFrame) -> list[float]:
    """Return the 95 % interval by resampling patients, each with its sums of probability minus truth per bin."""
    probability, truth = slices["probability"].to_numpy(float), slices["has_tumour"].to_numpy(float)
    members = np.eye(BINS)[np.minimum((probability * BINS).astype(int), BINS - 1)]  # (slices, bins)
    rows = np.concatenate([members * (probability - truth)[:, None], np.ones((len(slices), 1))], axis=1)
    found = bootstrap_interval(rows, slices["patient"], statistic=_error, within=np.sum)
    return [found.low, found.high]


def _error(sums: np.ndarray, axis: int) -> np.ndarray:
    """Return `sum over bins of |sum of (probability - truth)| / slices`, which is the calibration error."""
    total = sums.sum(axis=axis)
    return np.abs(total[..., :-1]).sum(axis=-1) / total[..., -1]
