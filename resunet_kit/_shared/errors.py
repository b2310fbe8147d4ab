"""Errors that say what was expected, what was received and how to fix it."""

import difflib
import re
from collections.abc import Iterable

_TERMINAL_STYLES = re.compile(r"\x1b\[\d*m")


def unknown_name(name: str, received: object, known: Iterable[str], *, also: str = "") -> ValueError | TypeError:
    """Return the error for a name outside `known`, which suggests the nearest known name.

    Args:
        name: What the name stands for, as in `"block"`.
        received: What the caller passed.
        known: The names that are accepted.
        also: What else is accepted, as in `"or a callable"`.

    Returns:
        A `ValueError` for an unknown string, a `TypeError` for anything else.

    Example:
        >>> print(unknown_name("block", "residul", ["preactivation", "residual"]))
        Expected block to be one of 'preactivation', 'residual'. Received block='residul'. Did you mean 'residual'?
    """
    names = sorted(known)
    expected = f"Expected {name} to be one of {', '.join(map(repr, names))}{f', {also}' if also else ''}."
    if not isinstance(received, str):
        return TypeError(f"{expected} Received {name}={received!r}. Pass one of these.")
    nearest = difflib.get_close_matches(received, names, n=1)
    cure = f"Did you mean {nearest[0]!r}?" if nearest else "Pass one of these."
    return ValueError(f"{expected} Received {name}={received!r}. {cure}")


def reason(error: Exception) -> str:
    r"""Return why another library raised `error`, on one line and without terminal colours.

    Keras's messages span several lines; this is the first that gives a reason rather than the call that failed.

    Example:
        >>> reason(ValueError("Exception encountered when calling Conv2D.call().\n\nInput is too small."))
        'Input is too small.'
    """
    lines = [_TERMINAL_STYLES.sub("", line).strip() for line in str(error).splitlines()]
    named = [line for line in lines if line and not line.startswith("Exception encountered when calling")]
    return named[0] if named else repr(error)
