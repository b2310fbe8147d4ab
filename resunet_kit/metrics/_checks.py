"""Numbers within a range, and the error for everything else."""

import math
import numbers

import numpy as np


def number_within(name: str, value: object, *, most: float) -> float:
    """Return `value` as a finite number from 0 to `most`.

    Args:
        name: The parameter's name, for the error.
        value: A Python or NumPy number; `True` is none.
        most: The largest number that is accepted; infinity for any finite one.

    Raises:
        TypeError: If it is no single number.
        ValueError: If it is out of the range, infinite or NaN.
    """
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Real):
        raise TypeError(f"Expected `{name}` to be a single number, received {value!r}. Call once for each value.")
    number = float(value)
    if not (0 <= number <= most and math.isfinite(number)):
        wanted = f"from 0 to {most:g}" if math.isfinite(most) else "of at least 0, and finite"
        raise ValueError(f"Expected `{name}` {wanted}, received {value!r}. Pass a number in that range.")
    return number
