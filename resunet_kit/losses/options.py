"""Options of a loss: the annotation gives the type, `option` the range, and the base class checks both."""

import dataclasses
import sys
import types
from typing import Any, Literal, Union, get_args, get_origin

from resunet_kit._shared.numbers import choice, flag, integer, number


def option(default: Any, interval: str = "(-inf, inf)", *, cure: str = "") -> Any:
    """Declare an option of a `SegmentationLoss`, which is then checked when the loss is created.

    The annotation gives the type: `float`, `int`, `bool` or a `Literal` of names, each also with `| None`. A value of
    another type raises a `TypeError`, one outside `interval` or the names a `ValueError`. NumPy scalars are converted
    to Python's, so that the configuration survives JSON.

    Args:
        default: The default.
        interval: The range of a number, in mathematical notation: `"[0, 1]"`, `"(0, inf)"`.
        cure: What to do about a number that is refused. By default: convert its type, or pass one in the range.

    Returns:
        The dataclass field.

    Example:
        >>> import dataclasses, keras
        >>> from resunet_kit.losses import SegmentationLoss, option
        >>> @dataclasses.dataclass(kw_only=True, eq=False)
        ... class PowerLoss(SegmentationLoss):
        ...     power: float = option(2.0, "(0, inf)")
        ...     name: str = "power_loss"
        ...     def class_losses(self, truth, prediction, weights):
        ...         return keras.ops.mean(keras.ops.abs(truth - prediction) ** self.power, axis=(1, 2))
        >>> PowerLoss(power=0)
        Traceback (most recent call last):
        ...
        ValueError: Expected power to be a number above 0. Received power=0. Pass one above 0.
    """
    return dataclasses.field(default=default, metadata={"interval": interval, "cure": cure})


def checked_options(loss: Any) -> dict[str, Any]:
    """Return the checked values of the fields that `option` declares, in the loss's class or in a base.

    Raises:
        TypeError: If a value, or the annotation of the field, is of the wrong type.
        ValueError: If a value is out of its range.
    """
    return {
        name: _checked(name, getattr(loss, name), _annotation(type(loss), field), **field.metadata)
        for name, field in _declared(type(loss)).items()
    }


def _declared(kind: type) -> dict[str, dataclasses.Field]:
    """Return the fields by name; a subclass that gives an option another default, without `option`, keeps its range."""
    fields = [field for base in reversed(kind.__mro__) for field in getattr(base, "__dataclass_fields__", {}).values()]
    return {field.name: field for field in fields if "interval" in field.metadata}


def _annotation(kind: type, field: dataclasses.Field) -> Any:
    """Return a field's annotation, which is a string after `from __future__ import annotations`."""
    if not isinstance(field.type, str):
        return field.type
    owner = next(base for base in kind.__mro__ if field.name in vars(base).get("__annotations__", {}))
    return eval(field.type, dict(vars(sys.modules[owner.__module__])))


def _checked(name: str, value: Any, annotation: Any, interval: str, cure: str) -> Any:
    is_union = get_origin(annotation) in (Union, types.UnionType)
    kinds = set(get_args(annotation)) if is_union else {annotation}
    if value is None and types.NoneType in kinds:
        return None
    kinds.discard(types.NoneType)
    if kinds == {int, float}:
        kinds = {float}
    kind = kinds.pop()
    if not kinds and kind is bool:
        return flag(name, value)
    if not kinds and kind is int:
        return integer(name, value, interval, cure=cure)
    if not kinds and kind is float:
        return number(name, value, interval, cure=cure)
    if not kinds and get_origin(kind) is Literal and all(isinstance(known, str) for known in get_args(kind)):
        return choice(name, value, get_args(kind), also="or None" if is_union else "")
    raise TypeError(
        f"Expected the option {name} to be annotated as float, int, bool or a Literal of strings, also with | None. "
        f"Received {annotation!r}. Declare it without option(), and check it in check_options."
    )
