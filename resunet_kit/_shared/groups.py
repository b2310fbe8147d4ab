"""One value for each sample: the groups, labels and volumes that samples belong to."""

from typing import Any

import numpy as np


def sample_values(name: str, values: Any, *, length: int | None = None) -> np.ndarray:
    """Return one value for each sample `(n,)`, refusing missing ones: samples without a patient are not one patient.

    Args:
        name: The argument's name, for the message.
        values: Any sequence or iterable.
        length: The number of samples, where it is known.

    Raises:
        ValueError: If there are more axes than one, the length differs, or a value is None, NaN or otherwise missing.
    """
    given = values if hasattr(values, "__array__") else list(values)
    array = np.asarray(given)
    if array.ndim != 1 or length not in (None, len(array)):
        wanted = "(n,)" if length is None else f"({length},)"
        raise ValueError(
            f"Expected {name} to hold one value for each sample, shape {wanted}. Received shape {array.shape}. "
            "Pass a list with the value of each sample, in the samples' order."
        )
    missing = sum(map(_is_missing, given))  # looked for in what was given: NaN among texts would become a text
    if missing:
        raise ValueError(
            f"Expected {name} to hold a value for each sample. Received None or NaN for {missing} of {len(array)}. "
            "Look those samples up, or leave them out."
        )
    return array


def _is_missing(value: object) -> bool:
    """Return whether a value is None, or differs from itself as NaN does; that of pandas refuses to be compared."""
    try:
        return value is None or bool(value != value)
    except TypeError:
        return True
