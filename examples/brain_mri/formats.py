"""Scores and options as text, the same in the report, the model card and the comparison."""

from dataclasses import fields
from typing import Any


def with_interval(value: float | str | None, interval: list[Any] | None) -> str:
    """Return a score with its interval, if it has one.

    Example:
        >>> with_interval(0.8, [0.7, 0.9]), with_interval(0.8, None), with_interval(None, None)
        ('0.800 (0.700 to 0.900)', '0.800', 'undefined')
    """
    if value is None:
        return "undefined"
    return number(value) + (f" ({number(interval[0])} to {number(interval[1])})" if interval else "")


def number(value: float | str) -> str:
    """Return a number with three decimals; infinity, which is text in JSON, unchanged."""
    return "infinite" if value == "Infinity" else f"{float(value):.3f}"


def score(found: Any) -> str:
    """Return a score of the summary: a mapping with its mean or median and interval, or a number alone."""
    if not isinstance(found, dict):
        return with_interval(found, None)
    return with_interval(found["mean"] if "mean" in found else found["median"], found["interval"])


def signed(found: dict[str, Any]) -> str:
    """Return a difference with its sign and interval."""
    low_high = found["interval"]
    ends = f" ({low_high[0]:+.3f} to {low_high[1]:+.3f})" if low_high else ""
    return f"{found['mean']:+.3f}{ends}"


def of_group(found: dict[str, Any], patients: int) -> str:
    """Return the score of a group, with a remark if it is a single patient, which gives no interval."""
    return score(found) + (" (one patient, no interval)" if patients == 1 and found["mean"] is not None else "")


def option_rows(options: Any) -> list[dict[str, str]]:
    """Return the options of a run, one row each, with their meaning."""
    return [
        {"Option": option.name, "Value": str(getattr(options, option.name)), "Meaning": option.metadata["help"]}
        for option in fields(options)
        if option.name != "precision_reason"
    ]


def precision_text(options: Any) -> str:
    """Return the precision with the reason for it, which is too long for a table."""
    why = f": {options.precision_reason}" if options.precision_reason else ""
    return f"The networks compute in {options.precision}{why}."
