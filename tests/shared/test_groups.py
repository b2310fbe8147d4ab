import numpy as np
import pandas as pd
import pytest

from resunet_kit._shared.groups import entries, is_missing, sample_values


@pytest.mark.parametrize("values", [["a", "b"], (1, 2), np.array([1, 2]), pd.Series(["a", "b"]), iter(["a", "b"])])
def test_any_sequence_of_values(values):
    assert sample_values("groups", values, length=2).shape == (2,)


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, pd.NaT])
def test_a_missing_value_is_not_a_group(missing):
    with pytest.raises(ValueError, match=r"Expected groups to hold a value for each sample. Received None or NaN"):
        sample_values("groups", ["a", missing, "b"])


def test_other_shapes():
    with pytest.raises(ValueError, match=r"Expected groups .* shape \(n,\). Received shape \(2, 1\)"):
        sample_values("groups", [["a"], ["b"]])
    with pytest.raises(ValueError, match=r"shape \(3,\). Received shape \(2,\)"):
        sample_values("groups", ["a", "b"], length=3)


@pytest.mark.parametrize("values", ["ab", b"ab", {"a": 1}, {"a", "b"}, 5, None])
def test_what_has_no_entries_in_order_is_refused(values):
    with pytest.raises(TypeError, match=r"Expected groups as a sequence\. Received"):
        entries("groups", values)


def test_lists_of_unequal_lengths_are_no_values():
    with pytest.raises(ValueError, match=r"Expected groups as one array\. Received lists of unequal lengths"):
        sample_values("groups", [[1, 2], [3]])


@pytest.mark.parametrize(
    ("value", "missing"), [(None, True), (pd.NA, True), (np.nan, True), (np.eye(2), False), ("", False)]
)
def test_missing_values(value, missing):
    assert is_missing(value) is missing
