"""Training history: every metric against the epoch."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

import numpy as np
import plotly.graph_objects as go

from resunet_kit._shared.numbers import choice, integer
from resunet_kit.plots._arrays import by_text
from resunet_kit.plots._epochs import Series, ValidationFreq, align
from resunet_kit.plots._history_panels import Stage, option_of, panels
from resunet_kit.plots._style import styled

Mode = Literal["auto", "min", "max"]
_FALLING = ("loss", "error", "distance", "mse", "mae")


def training_history(
    history: Mapping[str, Sequence[float]] | Mapping[str, Any] | Any,
    *,
    title: str | None = None,
    monitor: str | Mapping[str, str] | None = None,
    mode: Mode = "auto",
    validation_freq: ValidationFreq | Mapping[str, ValidationFreq] = None,
    columns: int = 2,
) -> go.Figure:
    """Draw every metric against the epoch: training solid, validation dashed, the best epoch marked.

    Keras's history does not store epochs, and has fewer values for metrics that were not computed in every epoch. Where
    entries are shorter than the longest, their epochs follow from `validation_freq`; without it, validation is assumed
    at the multiples of the one number that gives so many values or, if there are several, of the one that divides the
    number of epochs. Shorter training entries are assumed to end with the last epoch. The axis says what was assumed,
    or that there was no validation. A recorded learning rate, as from Keras's `LearningRateScheduler` and
    `ReduceLROnPlateau`, has its own panel; the axis is logarithmic where the rate spans a factor of ten.

    Args:
        history: A mapping of name to one value per epoch, as in `keras.callbacks.History.history`, or that callback
            itself. `val_loss` is drawn in the panel of `loss`. NaN, infinity and None leave a gap, which the axis of
            the panel states. For several trainings, such as both stages of a cascade, pass a mapping from stage to
            history.
        title: The figure's title; by default it names the best epoch.
        monitor: The entry by which the best epoch is chosen; by default "val_loss", else "loss", else the first. A
            mapping names one for each stage.
        mode: Whether the minimum ("min") or the maximum ("max") is best; "auto" takes "min" for names that contain
            "loss", "error", "distance", "mse" or "mae".
        validation_freq: The value passed to `fit`: an integer, or a list of epochs counted from 1. A mapping gives one
            for each stage.
        columns: Panels per row, at least 1; more than two are for wide pages. A stage starts a new row, and the last
            panel fills its row.

    Returns:
        A figure with one panel per metric; x is the epoch, counted from 1.

    Raises:
        TypeError: If history is not a mapping or a History callback, some entries of a mapping are histories and
            others values, a value is not a number, or columns is not an integer.
        ValueError: If there are no entries, their lengths do not determine their epochs, or monitor or mode is unknown.

    Example:
        >>> figure = training_history({"loss": [0.9, 0.5, 0.4], "val_loss": [0.8, 0.6, 0.7]})
        >>> figure.layout.title.text
        'Best epoch 2 of 3 · val_loss 0.6'
        >>> figure = training_history({"loss": [0.9, 0.5, 0.4, 0.3], "val_loss": [0.8, 0.6]})
        >>> figure.data[2].x, figure.layout.xaxis.title.text
        ((2, 4), 'Epoch (validation every 2, assumed)')
        >>> both = {"classifier": {"loss": [0.7, 0.5]}, "segmenter": {"loss": [0.9, 0.6, 0.8]}}
        >>> training_history(both).layout.title.text
        'Best epoch: classifier 2 of 2,<br>segmenter 2 of 3'
    """
    choice("mode", mode, get_args(Mode))
    columns = integer("columns", columns, "[1, inf)")
    histories = _by_stage(history)
    stages = [
        _stage(name, one, option_of(monitor, name), mode, option_of(validation_freq, name))
        for name, one in histories.items()
    ]
    for option, given in (("monitor", monitor), ("validation_freq", validation_freq)):
        _check_stages(option, given, histories)
    figure, height, lines = panels(stages, columns)
    text = _title(stages) if title is None else title
    return styled(figure, title=text, height=height, legend=True, panel_title_lines=lines)


def _by_stage(history: Any) -> dict[str, Any]:
    """Return the histories by the names of their stages; a single one has the name ""."""
    if not isinstance(history, Mapping):
        return {"": history}
    nested = [_is_history(value) for value in history.values()]
    if not any(nested):
        return {"": history}
    if not all(nested):
        found = {str(name): type(value).__name__ for name, value in history.items()}
        raise TypeError(
            f"Expected history to be one history, or a mapping of stage to history. Received both: {found}. Pass "
            "one mapping for each stage, as in {'classifier': {'loss': [...]}, 'segmenter': {'loss': [...]}}."
        )
    return by_text(history, "history")


def _is_history(value: Any) -> bool:
    return isinstance(value, Mapping) or isinstance(getattr(value, "history", None), Mapping)


def _stage(name: str, history: Any, monitor: str | None, mode: Mode, validation_freq: ValidationFreq) -> Stage:
    try:
        entries = align(history, validation_freq)
    except (TypeError, ValueError) as error:
        if name:
            error.add_note(f"This is the history of {name!r}.")
        raise
    default = next((key for key in ("val_loss", "loss") if key in entries), next(iter(entries)))
    chosen = default if monitor is None else monitor
    choice(f"monitor of {name!r}" if name else "monitor", chosen, entries)
    return Stage(name, entries, chosen, _best_epoch(entries[chosen], chosen, mode))


def _check_stages(option: str, given: Any, histories: Mapping[str, Any]) -> None:
    """Raise for an option that names a stage that is not drawn."""
    if isinstance(given, Mapping):
        for stage in given:
            choice(f"a stage in {option}", stage, histories)


def _best_epoch(series: Series, name: str, mode: Mode) -> int | None:
    """Return the epoch of the best finite value."""
    falling = mode == "min" or (mode == "auto" and any(part in name.lower() for part in _FALLING))
    array = np.asarray(series.values)
    if not np.any(np.isfinite(array)):
        return None
    worst = np.inf if falling else -np.inf
    array = np.where(np.isfinite(array), array, worst)
    return series.epochs[int(np.argmin(array) if falling else np.argmax(array))]


def _title(stages: list[Stage]) -> str:
    found = [(stage, stage.best) for stage in stages if stage.best is not None]
    if not found:
        return "Training"
    if len(stages) > 1:
        return "Best epoch: " + ", ".join(f"{stage.name} {best} of {stage.span[1]}" for stage, best in found)
    [(stage, best)] = found
    return f"Best epoch {best} of {stage.span[1]} · {stage.monitor} {stage.entries[stage.monitor].at(best):.4g}"
