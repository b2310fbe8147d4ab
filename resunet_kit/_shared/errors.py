"""Errors that say what was expected, what was received, and what to do about it."""

import difflib
from collections.abc import Iterable


def unknown_name(kind: str, received: object, known: Iterable[str]) -> ValueError:
    """Return the error for a name outside `known`, with the nearest known name as the cure.

    Args:
        kind: What the name stands for, as in `"block"`.
        received: What the caller passed.
        known: The names that would have been accepted.

    Example:
        >>> print(unknown_name("block", "preactivatoin", ["preactivation", "residual"]))
        Unknown block 'preactivatoin'. Expected one of 'preactivation', 'residual'. Did you mean 'preactivation'?
    """
    names = sorted(known)
    nearest = difflib.get_close_matches(str(received), names, n=1)
    cure = f" Did you mean {nearest[0]!r}?" if nearest else ""
    return ValueError(f"Unknown {kind} {received!r}. Expected one of {', '.join(map(repr, names))}.{cure}")
