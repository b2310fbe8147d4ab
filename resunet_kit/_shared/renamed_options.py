"""Errors for unknown options: one that other libraries use is answered with its name here.

`NamedOptions` does this for a dataclass without changing its signature, its configuration or its pickling.
"""

import difflib
import inspect
import reprlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

# What to pass instead: a text, or texts keyed by the option that each requires ("" for none). The first match counts.
Hint = str | Mapping[str, str]


class NamedOptions:
    """Base class of dataclasses with options passed by name: for an unknown one, a `TypeError` gives the right name.

    A class adds `other_names`, hints keyed by the names that other libraries use, to those of its bases; for a name
    without a hint, the error suggests the nearest option. Names are checked before `__init__`, which the decorator
    `dataclass` generates only after every hook of a base class has run.

    Example:
        >>> import dataclasses
        >>> @dataclasses.dataclass(kw_only=True)
        ... class Blur(NamedOptions):
        ...     other_names = {"sigma": {"": "Pass radius, in pixels: twice your sigma."}}
        ...     radius: float = 1.0
        >>> Blur(sigma=2)
        Traceback (most recent call last):
        ...
        TypeError: Expected an option of Blur. Received sigma=2. Pass radius, in pixels: twice your sigma.
        >>> Blur(radios=2)
        Traceback (most recent call last):
        ...
        TypeError: Expected an option of Blur. Received radios=2. Did you mean radius?
    """

    other_names: ClassVar[Mapping[str, Hint]] = {}

    if not TYPE_CHECKING:  # from type checkers it would hide the options

        def __new__(cls, *values: Any, **options: Any) -> "NamedOptions":
            """Return a new instance if `__init__` accepts the arguments."""
            if values or options:
                check_option_names(cls, values, options)
            new = super().__new__
            return new(cls) if new is object.__new__ else new(cls, *values, **options)


def check_option_names(kind: type, values: tuple[Any, ...], options: Mapping[str, Any]) -> None:
    """Refuse arguments that the class's `__init__` does not accept.

    Raises:
        TypeError: If an option is unknown, or passed by position.
    """
    parameters = list(inspect.signature(kind.__init__).parameters.values())[1:]  # type: ignore[misc]
    kinds = {parameter.kind for parameter in parameters}
    known = _own_first(kind, [parameter.name for parameter in parameters])
    if values and kinds <= {inspect.Parameter.KEYWORD_ONLY}:
        raise TypeError(
            f"Expected the options of {kind.__name__} by name. Received {_listed(map(reprlib.repr, values))} by "
            f"position. Write the name of each: {', '.join(known)}."
        )
    unknown = {name: value for name, value in options.items() if name not in known}
    if unknown and inspect.Parameter.VAR_KEYWORD not in kinds:
        received = _listed(f"{name}={reprlib.repr(value)}" for name, value in unknown.items())
        raise TypeError(f"Expected an option of {kind.__name__}. Received {received}. {_cures(kind, unknown, known)}")


def hints_of(kind: type) -> dict[str, Hint]:
    """Return the hints of a class and its bases by name; those of the nearest class take precedence."""
    tables = (vars(base).get("other_names", {}) for base in reversed(kind.__mro__))
    return {name: hint for table in tables for name, hint in table.items()}


def cure_of_name(name: str, known: Iterable[str], hints: Mapping[str, Hint]) -> str:
    """Return what to write instead of an unknown name: its hint, the nearest known name, or all of them."""
    names = list(known)
    hint = hints.get(name, {})
    texts = {"": hint} if isinstance(hint, str) else hint
    for needed, text in texts.items():
        if not needed or needed in names:
            return text
    nearest = difflib.get_close_matches(name, names, n=1)
    return f"Did you mean {nearest[0]}?" if nearest else f"Pass one of {', '.join(names)}."


def _cures(kind: type, unknown: Iterable[str], known: list[str]) -> str:
    """Return the cures for unknown names: a single one if it holds for all, else each after its name."""
    hints = hints_of(kind)
    cures = {name: cure_of_name(name, known, hints) for name in unknown}
    if len(set(cures.values())) == 1:
        return next(iter(cures.values()))
    return " ".join(f"{name}: {cure}" for name, cure in cures.items())


def _own_first(kind: type, names: list[str]) -> list[str]:
    """Return the options that the class itself adds, and then those of its bases."""
    inherited = {name for base in kind.__mro__[1:] for name in vars(base).get("__annotations__", {})}
    return sorted(names, key=lambda name: name in inherited)


def _listed(texts: Iterable[str]) -> str:
    *first, last = texts
    return f"{', '.join(first)} and {last}" if first else last
