"""Tables from the numbers or colours that a mask file stores to class labels."""

import numbers
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from resunet_kit._shared.numbers import integer

Classes = Mapping[Any, int]

_SHOWN = 8


@dataclass(frozen=True)
class LabelTable:
    """A checked table, whose `repr` does not depend on the order of its entries.

    Attributes:
        entries: Stored number, or tuple of a colour's numbers, and label of each entry, sorted.
        default: The label of all that is not in the table; None without one.
    """

    entries: tuple[tuple[Any, int], ...]
    default: int | None

    @property
    def of_colours(self) -> bool:
        """Whether its keys are colours."""
        return any(isinstance(stored, tuple) for stored, _ in self.entries)

    @property
    def labels(self) -> set[int]:
        """The labels that it gives."""
        given = {label for _, label in self.entries}
        return given if self.default is None else {*given, self.default}


def label_table(classes: Classes) -> LabelTable:
    """Return the checked table.

    Raises:
        TypeError: If it is not a mapping, or a key or label is of a wrong type.
        ValueError: If it is empty, mixes numbers and colours, or a colour or label is out of range.
    """
    if not isinstance(classes, Mapping):
        raise TypeError(
            f"Expected classes to be a dictionary. Received classes={classes!r}. Pass stored numbers or colours with "
            "their labels, as in {4: 3} or {(128, 0, 0): 1}."
        )
    table = {_stored(key): integer(f"classes[{key!r}]", label, "[0, 255]") for key, label in classes.items()}
    default = table.pop(None, None)
    if not table:
        raise ValueError(
            f"Expected classes to hold at least one number or colour. Received classes={dict(classes)!r}. Add one, or "
            "leave classes out."
        )
    lengths = {len(key) if isinstance(key, tuple) else 1 for key in table}
    if len(lengths) > 1:
        raise ValueError(
            f"Expected classes to hold numbers alone, or colours of one length. Received keys {_shown(table)}. Pass "
            "one kind: a file is of either."
        )
    return LabelTable(tuple(sorted(table.items())), default)


def labelled(raw: np.ndarray, table: LabelTable, stays: set[int]) -> np.ndarray:
    """Return the labels of a mask, uint8 `(..., 1)`.

    Args:
        raw: Stored numbers `(..., 1)`, or for colours `(..., channels)`.
        table: Applied to all at once, so that `{1: 2, 2: 1}` swaps.
        stays: Numbers that keep their value where the table lacks them.

    Raises:
        ValueError: If a stored value is missing in the table; the message names it and how to add it.
    """
    return _labelled_colours(raw, table) if table.of_colours else _labelled_numbers(raw, table, stays)


def _stored(key: Any) -> Any:
    """Return a key as Python's own integer or tuple of integers."""
    if key is None:
        return None
    if isinstance(key, tuple | list | np.ndarray):
        colour = tuple(integer(f"the colour {tuple(key)} of classes", value, "[0, 65535]") for value in key)
        if len(colour) not in (3, 4):
            raise ValueError(
                f"Expected a colour of classes to be (red, green, blue), with or without opacity. Received {colour}. "
                "Pass three numbers; a grey value is one number."
            )
        return colour
    if isinstance(key, bool | np.bool_) or not isinstance(key, numbers.Integral):
        raise TypeError(
            f"Expected keys of classes to be integers, colours (red, green, blue), or None for all others. Received "
            f"{key!r}. Convert it with int()."
        )
    return int(key)


def _labelled_numbers(raw: np.ndarray, table: LabelTable, stays: set[int]) -> np.ndarray:
    values, indices, counts = np.unique(raw, return_inverse=True, return_counts=True)
    known = dict(table.entries)
    labels = [_label(value, known, table.default, stays) for value in values.tolist()]
    lacking = [index for index, label in enumerate(labels) if label is None]
    if lacking:
        raise ValueError(_lacking_numbers(values[lacking], counts[lacking], table))
    return np.asarray(labels, np.uint8)[indices].reshape(raw.shape)


def _label(value: float, known: dict[Any, int], default: int | None, stays: set[int]) -> int | None:
    if value in known:
        return known[value]
    if not float(value).is_integer():  # nor are NaN and infinity: no default is meant for them
        return None
    return default if default is not None else int(value) if value in stays else None


def _lacking_numbers(values: np.ndarray, counts: np.ndarray, table: LabelTable) -> str:
    names = [f"{value:.17g}" for value in values.tolist()]
    received = f"Expected the numbers in classes. Received {_counted(names, counts.tolist())}"
    if any(not float(value).is_integer() for value in values.tolist()):
        return f"{received}, which are not integers. Threshold or round the mask."
    if values[0] in table.labels:
        return (
            f"{received}, although another number becomes {names[0]}. Add {names[0]}: {names[0]} if it is the same "
            "class, another label, or None: label for all others."
        )
    return f"{received}. Add {names[0]} with its label, or None: label for all others."


def _labelled_colours(raw: np.ndarray, table: LabelTable) -> np.ndarray:
    codes = _codes(_in_colour(raw, len(table.entries[0][0])))
    found, indices, counts = np.unique(codes, return_inverse=True, return_counts=True)
    colours = _colours(found, len(table.entries[0][0]))
    known = dict(table.entries)
    labels = [known.get(colour, table.default) for colour in colours]
    lacking = [index for index, label in enumerate(labels) if label is None]
    if lacking:
        named = [str(colours[index]) for index in lacking]
        raise ValueError(
            f"Expected the colours in classes. Received {_counted(named, counts[lacking].tolist())}. Add {named[0]} "
            "with its label, or None: label for all others. Many colours that are nearly one come from JPEG or "
            "smooth resizing."
        )
    return np.asarray(labels, np.uint8)[indices].reshape((*raw.shape[:-1], 1))


def colour_counts(raw: np.ndarray) -> str:
    """Return the first colours of `(..., channels)` with their numbers of pixels, for a message."""
    found, counts = np.unique(_codes(raw), return_counts=True)
    return _counted(map(str, _colours(found, raw.shape[-1])), counts.tolist())


def _codes(pixels: np.ndarray) -> np.ndarray:
    """Return one number for each colour `(..., 3 or 4)`."""
    shifts = 16 * np.arange(pixels.shape[-1], dtype=np.uint64)[::-1]
    return np.bitwise_or.reduce(pixels.astype(np.uint64) << shifts, axis=-1)


def _colours(codes: np.ndarray, length: int) -> list[tuple[int, ...]]:
    return [tuple(code >> 16 * channel & 65535 for channel in reversed(range(length))) for code in codes.tolist()]


def _in_colour(raw: np.ndarray, length: int) -> np.ndarray:
    """Return colours `(..., length)`: grey in three channels, and opacity only where it is asked for or constant."""
    if raw.dtype.kind not in "bui" or raw.shape[-1] > 4:
        raise ValueError(
            f"Expected colours of integers. Received {raw.shape[-1]} channels of {raw.dtype}. Use numbers as keys of "
            "classes."
        )
    colours, opacity = (raw, None) if raw.shape[-1] in (1, 3) else (raw[..., :-1], raw[..., -1:])
    if colours.shape[-1] == 1:
        colours = np.repeat(colours, 3, axis=-1)
    if length == 3:
        if opacity is not None and (opacity != opacity.flat[0]).any():
            raise ValueError(
                "Expected a mask without opacity. Received opacity that differs. Give colours of classes as (red, "
                "green, blue, opacity)."
            )
        return colours
    full = np.iinfo(raw.dtype).max if raw.dtype.kind != "b" else 1
    return np.concatenate([colours, np.full_like(colours[..., :1], full) if opacity is None else opacity], axis=-1)


def _counted(names: Iterable[str], counts: Iterable[int]) -> str:
    """Return numbers or colours with how many pixels have them."""
    listed = list(names)
    shown = ", ".join(f"{name} in {count} pixels" for name, count in zip(listed[:_SHOWN], counts, strict=False))
    return shown + (", ..." if len(listed) > _SHOWN else "")


def _shown(keys: Iterable[Any]) -> str:
    return ", ".join(map(repr, list(keys)[:_SHOWN]))
