"""What the strength of an option may be, and the range that it stands for."""

import math
from collections.abc import Mapping, Sequence

from resunet_kit._shared.errors import unknown_name

Strength = float | tuple[float, float]
Range = tuple[float, float]

# What a number s stands for: the range from -s to s, from 1 - s to 1 + s, or from 0 to s.
AROUND_ZERO = ("rotation", "shift", "shear", "brightness")
AROUND_ONE = ("zoom", "contrast", "gamma")
FROM_ZERO = ("elastic", "bias_field", "noise", "blur", "cutout")
AT_MOST_ONE = ("elastic", "cutout")
STRENGTHS = (*AROUND_ZERO, *AROUND_ONE, *FROM_ZERO)
SWITCHES = ("flip", "quarter_turns")


def strength_range(option: str, strength: object) -> Range | None:
    """Return the range of one option of `STRENGTHS`; None if it leaves everything as it is.

    Raises:
        TypeError: If the strength is neither a number nor a pair of numbers.
        ValueError: If it is out of bounds.
    """
    if _is_number(strength):
        low, high = _range_of(option, float(strength))  # type: ignore[arg-type]
    elif isinstance(strength, Sequence) and len(strength) == 2 and all(map(_is_number, strength)):
        low, high = map(float, strength)
    else:
        raise TypeError(f"Expected `{option}` as a number or a range (low, high), received {strength!r}.")
    _check_bounds(option, strength, low, high)
    identity = 1.0 if option in AROUND_ONE else 0.0
    return None if low == high == identity else (low, high)


def checked_probabilities(probabilities: object) -> dict[str, float]:
    """Return a copy of the probabilities by option.

    Raises:
        TypeError: If it is no mapping of names to numbers.
        ValueError: If a name is no option, or a probability is not in [0, 1].
    """
    if not isinstance(probabilities, Mapping):
        raise TypeError(f"Expected `probabilities` as a dict, as in {{'noise': 0.3}}, received {probabilities!r}.")
    for option, probability in probabilities.items():
        if option not in (*STRENGTHS, *SWITCHES):
            raise unknown_name("option in probabilities", option, (*STRENGTHS, *SWITCHES))
        check_probability(f"probabilities[{option!r}]", probability)
    return {option: float(probability) for option, probability in probabilities.items()}


def check_probability(name: str, probability: object) -> None:
    """Raise a `TypeError` or `ValueError` unless `probability` is a number in [0, 1]."""
    if not _is_number(probability):
        raise TypeError(f"Expected `{name}` as a number, received {probability!r}.")
    if not 0 <= float(probability) <= 1:  # type: ignore[arg-type]
        raise ValueError(f"Expected `{name}` in [0, 1], received {probability!r}.")


def _is_number(value: object) -> bool:
    return not isinstance(value, bool | str) and hasattr(value, "__float__") and getattr(value, "ndim", 0) == 0


def _range_of(option: str, strength: float) -> Range:
    if not strength >= 0:
        raise ValueError(
            f"Expected `{option}` of 0 or more, received {strength:g}. A range is written as a pair: (low, high)."
        )
    if option in AROUND_ZERO:
        return -strength, strength
    return (1 - strength, 1 + strength) if option in AROUND_ONE else (0.0, strength)


def _check_bounds(option: str, received: object, low: float, high: float) -> None:
    if not (math.isfinite(low) and math.isfinite(high) and low <= high):
        raise ValueError(f"Expected `{option}` as finite (low, high) with low <= high, received {received!r}.")
    if option in AROUND_ONE and not low > 0:
        raise ValueError(
            f"Expected `{option}` as factors above 0, received {received!r}. "
            "A number below 1 stands for the range 1 - number to 1 + number."
        )
    if option in FROM_ZERO and low < 0:
        raise ValueError(f"Expected `{option}` of 0 or more, received {received!r}.")
    if option in AT_MOST_ONE and high > 1:
        raise ValueError(f"Expected `{option}` from 0 to 1, received {received!r}.")
