"""Keras's `Metric` as the base of the streaming metrics."""

from typing import Any

import keras

# mypy treats this name as true. Keras ships no types, and for a class with an unknown base mypy accepts any option.
MYPY = False

if MYPY:

    class KerasMetric:
        """What mypy knows about a Keras metric: its name, and that any other attribute may be used."""

        name: str

        def __init__(self, dtype: Any = None, name: str | None = None) -> None: ...

        def __getattr__(self, name: str) -> Any: ...

        def __setattr__(self, name: str, value: Any) -> None: ...

        def __call__(self, *args: Any, **kwargs: Any) -> Any: ...
else:
    KerasMetric = keras.metrics.Metric
