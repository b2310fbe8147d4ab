import numpy as np
import pandas as pd
import pytest

from examples.brain_mri.calibration import BINS, _error, _interval, calibration_summary
from resunet_kit.metrics import expected_calibration_error

RNG = np.random.default_rng(0)
PROBABILITY = np.append(RNG.random(57), [0.0, 1.0, 0.3])  # the ends, and an edge of two bins
SLICES = pd.DataFrame(
    {
        "patient": np.repeat(list("abcd"), 15),
        "has_tumour": (RNG.random(60) < PROBABILITY).astype(int),
        "probability": PROBABILITY,
    }
)


def test_bins_and_error_are_the_librarys():
    found = calibration_summary(SLICES)
    error = expected_calibration_error(SLICES["has_tumour"], SLICES["probability"], bins=BINS)
    assert found["expected_calibration_error"] == error
    assert sum(row["slices"] for row in found["bins"]) == 60
    assert all(row["from"] <= row["mean_probability"] <= row["to"] for row in found["bins"])


def test_the_interval_is_of_the_same_error():
    low, high = _interval(SLICES)
    error = expected_calibration_error(SLICES["has_tumour"], SLICES["probability"], bins=BINS)
    assert low < high
    assert high > error  # a resample adds noise, which only widens the gaps
    one = calibration_summary(SLICES[SLICES["patient"] == "a"])
    assert one["interval"] is None


def test_the_error_of_sums_equals_the_librarys():
    gaps = np.eye(BINS)[np.minimum((PROBABILITY * BINS).astype(int), BINS - 1)]
    rows = np.concatenate([gaps * (PROBABILITY - SLICES["has_tumour"].to_numpy())[:, None], np.ones((60, 1))], axis=1)
    error = expected_calibration_error(SLICES["has_tumour"], PROBABILITY, bins=BINS)
    assert _error(rows, axis=0) == pytest.approx(error)
