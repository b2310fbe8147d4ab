"""From what a mask file stores, numbers or colours, to class labels, by a table."""

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
        default: The label of all that is not in the table; None if there is none.
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
        return {label for _, label in self.entries} | ({self.default} - {None})  # type: ignore[operator]


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
            f"Expected classes to hold numbers alone, or colours of one length. Received keys {_shown(table)}. Pass one "
            "kind: a file is of either."
        )
    return LabelTable(tuple(sorted(table.items())), default)


def labelled(raw: np.ndarray, table: LabelTable, stays: set[int]) -> np.ndarray:
    """Return the labels of a mask, uint8 `(..., 1)`.

    Args:
        raw: Stored numbers `(..., 1)`, or for colours `(..., channels)`.
        table: Applied to all at once, so that `{1: 2, 2: 1}` swaps.
        stays: Numbers that keep their value if the table neither has them nor gives them to other numbers.

    Raises:
        ValueError: If something is stored that the table lacks; the message names it and how to add it.
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
    values, indices = np.unique(raw, return_inverse=True)
    known = dict(table.entries)
    taken = {label for _, label in table.entries}
    labels, lacking = [], []
    for value in values.tolist():
        label = known.get(value, table.default)
        if label is None and value in stays and value not in taken:
            label = int(value)
        if label is None:
            lacking.append(value)
        labels.append(label or 0)
    if lacking:
        counts = [int((raw == value).sum()) if value == value else int(np.isnan(raw).sum()) for value in lacking[:_SHOWN]]
        example = f"{lacking[0]:g}"
        others = ", whose label other numbers get" if lacking[0] in taken else ""
        raise ValueError(
            f"Expected the numbers in classes. Received {_counted([f'{v:g}' for v in lacking], counts)}{others}. Add them, "
            f"as in {{{example}: label}} ({{{example}: {example}}} leaves one as it is), or None: label for all others."
        )
    return np.asarray(labels, np.uint8)[indices].reshape(raw.shape)


def _labelled_colours(raw: np.ndarray, table: LabelTable) -> np.ndarray:
    length = len(table.entries[0][0])
    pixels = _in_colour(raw, length).astype(np.int64)
    codes = sum(pixels[..., channel] << (16 * channel) for channel in range(length))
    found, indices = np.unique(codes, return_inverse=True)
    known = {sum(value << (16 * channel) for channel, value in enumerate(key)): label for key, label in table.entries}
    labels = [known.get(code, table.default) for code in found.tolist()]
    lacking = [code for code, label in zip(found.tolist(), labels, strict=True) if label is None]
    if lacking:
        colours = [str(tuple(code >> (16 * channel) & 65535 for channel in range(length))) for code in lacking]
        counts = [int((codes == code).sum()) for code in lacking[:_SHOWN]]
        raise ValueError(
            f"Expected the colours in classes. Received {_counted(colours, counts)}. Add them, as in "
            f"{{{colours[0]}: label}}, or None: label for all others; grey edges come from JPEG or smooth resizing."
        )
    return np.asarray([label or 0 for label in labels], np.uint8)[indices].reshape((*raw.shape[:-1], 1))


def _in_colour(raw: np.ndarray, length: int) -> np.ndarray:
    """Return `(..., length)` numbers of colours: grey in three channels, opacity only if it is asked for or constant."""
    if raw.dtype.kind not in "bui":
        raise ValueError(f"Expected colours of integers. Received {raw.dtype}. Use numbers as keys of classes.")
    colours, opacity = (raw, None) if raw.shape[-1] in (1, 3) else (raw[..., :-1], raw[..., -1:])
    if colours.shape[-1] == 1:
        colours = np.repeat(colours, 3, axis=-1)
    if length == 3:
        if opacity is not None and (opacity != opacity.flat[0]).any():
            raise ValueError(
                "Expected a mask without opacity. Received opacity that differs. Give colours of classes as (red, green, "
                "blue, opacity)."
            )
        return colours
    full = np.iinfo(raw.dtype).max if raw.dtype.kind != "b" else 1
    return np.concatenate([colours, np.full_like(colours[..., :1], full) if opacity is None else opacity], axis=-1)


def _counted(names: Iterable[str], counts: Iterable[int]) -> str:
    """Return numbers or colours with how many pixels have them."""
    listed = list(names)
    shown = ", ".join(f"{name} in {count} pixels" for name, count in zip(listed, counts, strict=False))
    return shown + (", ..." if len(listed) > _SHOWN else "")


def _shown(keys: Iterable[Any]) -> str:
    return ", ".join(map(repr, list(keys)[:_SHOWN]))
