"""Checks of the values of tensors that hold in compiled steps as they do eagerly.

Eagerly a wrong value raises a `ValueError`. While a graph is traced nobody knows the values yet, so the check becomes
part of the graph: it stops the step with the same text where that loses nothing, and makes the result NaN where not.
TensorFlow has assertions, which XLA leaves out; an error within a step of JAX would delete the model's weights.
"""

import functools
import threading
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import keras
from keras import ops

from resunet_kit._shared.overlap import Tensor

# What a message is made of: text, and tensors of one number.
Part = str | Tensor


@dataclass
class Failures:
    """What the checks of a traced computation found.

    Attributes:
        found: For each check a boolean scalar: whether it failed.
        assertions: TensorFlow's operations that stop the step.
    """

    found: list[Tensor] = field(default_factory=list)
    assertions: list[Any] = field(default_factory=list)

    def nan_where(self, value: Tensor) -> Tensor:
        """Return `value`, as NaN throughout if any check failed."""
        return ops.where(self._any(), ops.cast(float("nan"), value.dtype), value) if self.found else value

    def without_gradient_where(self, x: Tensor) -> Tensor:
        """Return `x`, as zeros without a gradient if any check failed.

        A truth of NaN would otherwise make the weights NaN: NaN times a gradient of 0 is NaN.
        """
        return ops.where(self._any(), ops.zeros_like(x), x) if self.found else x

    def _any(self) -> Tensor:
        """Return whether any check failed; what depends on it waits for the assertions, as the weights' update does."""
        failed = functools.reduce(ops.logical_or, self.found)
        if not self.assertions:
            return failed
        import tensorflow as tf  # Keras has neither assertions nor an order of operations

        with tf.control_dependencies(self.assertions):
            return tf.identity(failed)


class _State(threading.local):  # replicas of tf.distribute trace in threads of their own
    def __init__(self) -> None:
        self.collectors: list[Failures] = []
        self.enabled = True


_STATE = _State()


@contextmanager
def collected() -> Iterator[Failures]:
    """Collect what `refuse` finds within the block; of nested blocks the outermost collects it all."""
    failures = _STATE.collectors[-1] if _STATE.collectors else Failures()
    _STATE.collectors.append(failures)
    try:
        yield failures
    finally:
        _STATE.collectors.pop()


@contextmanager
def unchecked() -> Iterator[None]:
    """Check nothing within the block: the branch of a condition, from which no tensor may leave on its own."""
    before, _STATE.enabled = _STATE.enabled, False
    try:
        yield
    finally:
        _STATE.enabled = before


def refuse(wrong: Tensor, *message: Part) -> None:
    """Raise a `ValueError` if `wrong` is true, or make the graph that is traced do so.

    Args:
        wrong: A boolean scalar.
        message: Its parts, in order.
    """
    if not _STATE.enabled:
        return
    found = known(wrong)
    if found:
        raise ValueError(_joined([part if isinstance(part, str) else ops.stop_gradient(part) for part in message]))
    if found is None:
        failures = _STATE.collectors[-1] if _STATE.collectors else Failures()
        failures.found.append(wrong)
        if not isinstance(wrong, keras.KerasTensor):
            failures.assertions += _stop_graph(wrong, message)


def known(condition: Tensor) -> bool | None:
    """Return the value of a boolean scalar where it is eagerly known, else None."""
    try:
        return bool(condition)
    except TypeError:  # what every backend's tracer, and KerasTensor, answers
        return None


def _joined(parts: Iterable[Part]) -> str:
    return "".join(part if isinstance(part, str) else f"{float(part):.4g}" for part in parts)


def _stop_graph(wrong: Tensor, parts: tuple[Part, ...]) -> list[Any]:
    """Return an assertion on TensorFlow; on JAX warn why the result is NaN."""
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        return [tf.debugging.Assert(tf.logical_not(wrong), list(parts))]
    if backend == "jax":
        _warn_in_jax(wrong, parts)
    return []


def _warn_in_jax(wrong: Tensor, parts: tuple[Part, ...]) -> None:
    import jax

    def warn(wrong: Any, *numbers: Any) -> None:
        if wrong:  # under vmap both branches run
            given = iter(numbers)
            text = _joined(part if isinstance(part, str) else next(given) for part in parts)
            warnings.warn(f"The result is NaN: {text}", RuntimeWarning, stacklevel=2)

    numbers = [part for part in parts if not isinstance(part, str)]
    jax.lax.cond(wrong, lambda: jax.debug.callback(warn, wrong, *numbers), lambda: None)
