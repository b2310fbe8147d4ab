"""One value for each sample: the groups, labels and volumes that samples belong to."""

from collections.abc import Mapping, Set
from typing import Any

import numpy as np

from resunet_kit._shared.mask_checks import as_array


def sample_values(name: str, values: Any, *, length: int | None = None) -> np.ndarray:
    """Return one value per sample `(n,)`, refusing missing values: samples without a patient are not one patient.

    Args:
        name: The argument's name, for the message.
        values: Any sequence or iterable.
        length: The number of samples, where it is known.

    Raises:
        ValueError: If there are more axes than one, the length differs, or a value is None, NaN or otherwise missing.
    """
    given = values if hasattr(values, "__array__") else list(values)
    array = as_array(given, name)
    if array.ndim != 1 or length not in (None, len(array)):
        wanted = "(n,)" if length is None else f"({length},)"
        raise ValueError(
            f"Expected {name} to hold one value for each sample, shape {wanted}. Received shape {array.shape}. "
            "Pass a list with the value of each sample, in the samples' order."
        )
    missing = sum(map(is_missing, given))  # checked before conversion, which turns NaN among strings into a string
    if missing:
        raise ValueError(
            f"Expected {name} to hold a value for each sample. Received None or NaN for {missing} of {len(array)}. "
            "Look those samples up, or leave them out."
        )
    return array


def entries(name: str, values: Any) -> list[Any]:
    """Return the entries of a sequence or other iterable as a list, refusing a string, whose entries are characters.

    Args:
        name: The argument's name, for the message.
        values: Any sequence, array or generator.

    Raises:
        TypeError: If it is a string, a mapping, a set or not iterable.

    Example:
        >>> entries("titles", "axial")
        Traceback (most recent call last):
        ...
        TypeError: Expected titles as a sequence. Received 'axial'. Put it into a list.
    """
    if not isinstance(values, str | bytes | Mapping | Set):
        try:
            return list(values)
        except TypeError:  # nothing to iterate over
            pass
    raise TypeError(f"Expected {name} as a sequence. Received {values!r}. Put it into a list.")


def is_missing(value: object) -> bool:
    """Return whether a value is None, masked, or differs from itself, as NaN does; `pandas.NA` refuses to compare."""
    try:
        return value is None or value is np.ma.masked or bool(value != value)
    except TypeError:
        return True
    except ValueError:  # an array, which compares entry by entry
        return False
