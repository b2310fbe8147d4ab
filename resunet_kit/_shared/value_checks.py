"""Checks of tensor values that work both eagerly and in compiled steps.

In eager mode a wrong value raises a `ValueError`. While a graph is traced, the values are not known yet, so the check
becomes part of the graph: it stops the step with the same message where nothing is lost, and otherwise makes the result
NaN. TensorFlow has assertions, which XLA omits; an error within a JAX step would delete the model's weights.
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

# A part of a message: text, or a tensor with a single number.
Part = str | Tensor


@dataclass
class Failures:
    """Results of the checks in a traced computation.

    Attributes:
        found: One boolean scalar per check: whether it failed.
        assertions: TensorFlow operations that stop the step.
    """

    found: list[Tensor] = field(default_factory=list)
    assertions: list[Any] = field(default_factory=list)

    def nan_where(self, value: Tensor) -> Tensor:
        """Return `value`, or NaN everywhere if any check failed."""
        return ops.where(self._any(), ops.cast(float("nan"), value.dtype), value) if self.found else value

    def without_gradient_where(self, x: Tensor) -> Tensor:
        """Return `x`, or zeros without a gradient if any check failed.

        NaN in the truth would otherwise make the weights NaN: NaN times a gradient of 0 is NaN.
        """
        return ops.where(self._any(), ops.zeros_like(x), x) if self.found else x

    def _any(self) -> Tensor:
        """Return whether any check failed; operations that use it, such as the weight update, wait for assertions."""
        failed = functools.reduce(ops.logical_or, self.found)
        if not self.assertions:
            return failed
        import tensorflow as tf  # Keras has neither assertions nor control dependencies

        with tf.control_dependencies(self.assertions):
            return tf.identity(failed)


class _State(threading.local):  # replicas of tf.distribute trace in threads of their own
    def __init__(self) -> None:
        self.collectors: list[Failures] = []
        self.enabled = True


_STATE = _State()


@contextmanager
def collected() -> Iterator[Failures]:
    """Collect the failures that `refuse` finds within the block; of nested blocks, the outermost collects them all."""
    failures = _STATE.collectors[-1] if _STATE.collectors else Failures()
    _STATE.collectors.append(failures)
    try:
        yield failures
    finally:
        _STATE.collectors.pop()


@contextmanager
def unchecked() -> Iterator[None]:
    """Disable the checks within the block: in the branch of a conditional, whose inner tensors must not leave it."""
    before, _STATE.enabled = _STATE.enabled, False
    try:
        yield
    finally:
        _STATE.enabled = before


def refuse(wrong: Tensor, *message: Part) -> None:
    """Raise a `ValueError` if `wrong` is true, or add the check to the graph being traced.

    Args:
        wrong: A boolean scalar.
        message: The parts of the message, in order.
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
    """Return the value of a boolean scalar if it is known eagerly, else None."""
    try:
        return bool(condition)
    except TypeError:  # raised by every backend's tracer and by KerasTensor
        return None


def _joined(parts: Iterable[Part]) -> str:
    return "".join(part if isinstance(part, str) else f"{float(part):.4g}" for part in parts)


def _stop_graph(wrong: Tensor, parts: tuple[Part, ...]) -> list[Any]:
    """Return an assertion for TensorFlow; on JAX, warn why the result is NaN."""
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
