"""Layers that compute another function for a while, in one thread, and are as before afterwards."""

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

Function = Callable[..., Any]

_LOCK = threading.RLock()


class Replacement(NamedTuple):
    """A function to replace: an attribute of a layer, and from the original to what is called instead."""

    owner: Any
    attribute: str
    wrap: Callable[[Function], Function]


@contextlib.contextmanager
def replaced_functions(replacements: Iterable[Replacement]) -> Iterator[None]:
    """Replace functions within the context and for this thread; others call the originals, or wait to replace.

    Nothing may be compiled in the context that is called after it.
    """
    with _LOCK, contextlib.ExitStack() as stack:
        for replacement in replacements:
            stack.enter_context(_replaced(replacement))
        yield


@contextlib.contextmanager
def _replaced(replacement: Replacement) -> Iterator[None]:
    owner, attribute, wrap = replacement
    original, own = getattr(owner, attribute), attribute in vars(owner)
    other, thread = wrap(original), threading.get_ident()

    def function(*args: Any, **kwargs: Any) -> Any:
        return (other if threading.get_ident() == thread else original)(*args, **kwargs)

    # Not by setattr, which Keras watches.
    vars(owner)[attribute] = function
    try:
        yield
    finally:
        if own:
            vars(owner)[attribute] = original
        else:
            del vars(owner)[attribute]
