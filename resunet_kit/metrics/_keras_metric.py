"""Keras's `Metric` as the base of the streaming metrics."""

from typing import Any

import keras

# mypy takes this name as true. Keras ships no types, and of a class with an unknown base mypy takes any option.
MYPY = False

if MYPY:

    class KerasMetric:
        """What mypy knows of a Keras metric: its name, and that anything else may be called."""

        name: str

        def __init__(self, dtype: Any = None, name: str | None = None) -> None: ...

        def __getattr__(self, name: str) -> Any: ...

        def __setattr__(self, name: str, value: Any) -> None: ...

        def __call__(self, *args: Any, **kwargs: Any) -> Any: ...
else:
    KerasMetric = keras.metrics.Metric
