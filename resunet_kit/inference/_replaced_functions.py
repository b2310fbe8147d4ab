"""Temporary replacement of the functions of layers, in one thread."""

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

Function = Callable[..., Any]

_LOCK = threading.RLock()


class Replacement(NamedTuple):
    """A function to replace, given as an attribute of a layer, and a wrapper from the original to the substitute."""

    owner: Any
    attribute: str
    wrap: Callable[[Function], Function]


@contextlib.contextmanager
def replaced_functions(replacements: Iterable[Replacement]) -> Iterator[None]:
    """Replace functions within the context for this thread; other threads call the originals, or wait to replace them.

    Nothing that is called after the context may be compiled within it.
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

    # Not with setattr, which Keras intercepts.
    vars(owner)[attribute] = function
    try:
        yield
    finally:
        if own:
            vars(owner)[attribute] = original
        else:
            del vars(owner)[attribute]
