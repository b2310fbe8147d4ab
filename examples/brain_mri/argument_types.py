"""Types of command line arguments, which refuse values that are out of range."""

import argparse
from collections.abc import Callable


def integer_from(minimum: int, limit: float = float("inf")) -> Callable[[str], int]:
    """Return the argument type of an integer that is at least `minimum` and below `limit`."""
    expected = f"an integer of at least {minimum}" + (f" and below {limit}" if limit < float("inf") else "")

    def convert(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = minimum - 1
        if not minimum <= value < limit:
            raise argparse.ArgumentTypeError(f"Expected {expected}. Received {text!r}. Pass for example {minimum}.")
        return value

    return convert


def positive_number(text: str) -> float:
    """Convert an argument to a positive finite number."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"Expected a positive finite number. Received {text!r}. Pass for example 0.5.")
    return value


def weights_or_none(text: str) -> str | None:
    """Convert the argument "none" to None."""
    return None if text == "none" else text


positive = integer_from(1)
seed = integer_from(0, 2**32)
