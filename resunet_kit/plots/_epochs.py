"""Epochs of the values in a training history; Keras stores only the values."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from resunet_kit._shared.groups import entries as given_entries
from resunet_kit._shared.mask_checks import check_not_masked
from resunet_kit._shared.numbers import integer, integers
from resunet_kit.plots._arrays import by_text

ValidationFreq = int | Sequence[int] | None


@dataclass(frozen=True)
class Series:
    """One metric: its values, the epoch of each from 1, and what was assumed about the epochs."""

    values: list[float]
    epochs: list[int]
    note: str = ""

    def at(self, epoch: int) -> float | None:
        """Return the value at an epoch, None where there is no value."""
        value = dict(zip(self.epochs, self.values, strict=True)).get(epoch, math.nan)
        return value if math.isfinite(value) else None

    @property
    def missing(self) -> int:
        """Return the number of values that are NaN or infinite."""
        return int(np.count_nonzero(~np.isfinite(self.values)))

    @property
    def has_gaps(self) -> bool:
        """Whether a line alone would hide a value between two gaps."""
        return len(self.epochs) == 1 or bool(self.note) or self.missing > 0


def align(history: Any, validation_freq: ValidationFreq) -> dict[str, Series]:
    """Return each metric of a history with its epochs.

    Args:
        history: A mapping of name to values, or a `History` callback, whose `epoch` gives the epochs of a resumed
            training.
        validation_freq: As passed to `fit`; None infers it from the lengths.

    Raises:
        TypeError: If it is not one of these, or a value is not a number.
        ValueError: If there is no entry, or the lengths do not determine the epochs.
    """
    mapping = getattr(history, "history", history)
    if not isinstance(mapping, Mapping):
        raise TypeError(
            "Expected history to be a mapping of name to values, or a History callback. Received "
            f"{type(history).__name__}. Pass what `model.fit` returns."
        )
    entries = {name: _numbers(name, values) for name, values in by_text(mapping, "history").items()}
    if not entries:
        raise ValueError("Expected history with at least one metric. Received none. Train the model first.")
    lengths = {name: len(values) for name, values in entries.items()}
    if 0 in lengths.values():
        raise ValueError(f"Expected at least one entry. Received {_listed(lengths)}. Check the selection.")
    count = max(lengths.values())
    recorded = [int(epoch) + 1 for epoch in getattr(history, "epoch", ())]
    epochs = recorded if len(recorded) == count else list(range(1, count + 1))
    validated = _validated(epochs, lengths, validation_freq)
    return {name: _series(name, values, epochs, validated, validation_freq) for name, values in entries.items()}


def _numbers(name: str, values: Any) -> list[float]:
    check_not_masked(values, name)
    try:
        return [math.nan if value is None else float(value) for value in given_entries(name, values)]
    except (OverflowError, TypeError, ValueError) as error:
        raise TypeError(
            f"Expected {name} to be a sequence of numbers, one per epoch. Received {values!r}. Leave other entries out."
        ) from error


def _series(
    name: str, values: list[float], epochs: list[int], validated: list[int], validation_freq: ValidationFreq
) -> Series:
    if len(values) == len(epochs):
        return Series(values, epochs)
    if not name.startswith("val_"):  # a callback's value that came later, from then on in every epoch
        later = epochs[-len(values) :]
        return Series(values, later, f"{name} from {later[0]} on")
    if validation_freq is not None and not isinstance(validation_freq, int):
        return Series(values, validated, "validation as given")
    step = validated[0] if len(validated) == 1 else validated[1] - validated[0]
    origin = ", assumed" if validation_freq is None else ""
    return Series(values, validated, f"validation every {step}{origin}")


def _validated(epochs: list[int], lengths: dict[str, int], validation_freq: ValidationFreq) -> list[int]:
    """Return the epochs with validation; all of them where validation entries are as long as the others."""
    chosen = None if validation_freq is None else _chosen(epochs, validation_freq)
    counts = {length for name, length in lengths.items() if name.startswith("val_")} - {len(epochs)}
    if not counts:
        return epochs
    if len(counts) == 1:
        [count] = counts
        found = _inferred(epochs, count) if chosen is None else chosen
        if len(found) == count:
            return found
    raise ValueError(
        f"Expected values of every epoch, or of those of one validation_freq. Received {_listed(lengths)} with "
        f"{validation_freq=}. Pass validation_freq as fit got it: an integer, or the list of epochs from 1."
    )


def _chosen(epochs: list[int], validation_freq: int | Sequence[int]) -> list[int]:
    if isinstance(validation_freq, Sequence | np.ndarray):
        chosen = set(integers("validation_freq", validation_freq, "[1, inf)"))
        return [epoch for epoch in epochs if epoch in chosen]
    step = integer("validation_freq", validation_freq, "[1, inf)")
    return [epoch for epoch in epochs if epoch % step == 0]


def _inferred(epochs: list[int], count: int) -> list[int]:
    """Return the epochs of the one frequency that gives so many; of several, the divisor of the number of epochs."""
    found = [chosen for step in range(2, epochs[-1] + 1) if len(chosen := _chosen(epochs, step)) == count]
    if len(found) > 1 and epochs[0] == 1:
        found = [chosen for chosen in found if chosen[-1] == epochs[-1]]
    return found[0] if len(found) == 1 else []


def _listed(lengths: dict[str, int]) -> str:
    return ", ".join(f"{name}: {length}" for name, length in lengths.items())
