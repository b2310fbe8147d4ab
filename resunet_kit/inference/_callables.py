"""Identity of functions across processes, from their code and values, without addresses in memory."""

import functools
import hashlib
import re
import types
from collections.abc import Mapping
from typing import Any

import numpy as np

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


def described(function: Any) -> str:
    """Return a text that is the same for functions that do the same: the name, and a digest of everything in it.

    Code, defaults, variables of an enclosing function, global numbers and arrays that it names, arguments of
    `functools.partial` and attributes of an object count; the content of other functions that it calls does not.

    Args:
        function: A function, `functools.partial`, method or callable object.
    """
    name = getattr(function, "__qualname__", type(function).__qualname__)
    return f"{name} {hashlib.blake2b(repr(_parts(function, 0)).encode(), digest_size=16).hexdigest()}"


def _parts(value: Any, depth: int) -> Any:
    """Return the content of a value as strings, numbers and lists."""
    if depth > 8:  # objects that refer to each other
        return type(value).__qualname__
    inner = functools.partial(_parts, depth=depth + 1)
    if isinstance(value, types.CodeType):
        return [value.co_code.hex(), value.co_names, value.co_freevars, [inner(one) for one in value.co_consts]]
    if isinstance(value, functools.partial):
        return ["partial", inner(value.func), inner(value.args), inner(value.keywords)]
    if isinstance(value, types.MethodType):
        return ["method", inner(value.__func__), inner(value.__self__)]
    if isinstance(value, types.FunctionType):
        return _parts_of_function(value, inner)
    if isinstance(value, np.ndarray) and value.dtype != object:
        return [str(value.dtype), value.shape, hashlib.blake2b(np.ascontiguousarray(value).tobytes()).hexdigest()]
    if isinstance(value, Mapping):
        return [[str(key), inner(one)] for key, one in value.items()]
    if isinstance(value, list | tuple):
        return [inner(one) for one in value]
    if isinstance(value, set | frozenset):
        return sorted(repr(inner(one)) for one in value)
    if callable(value) and not isinstance(value, type | types.BuiltinFunctionType) and hasattr(value, "__dict__"):
        return [type(value).__qualname__, inner(type(value).__call__), inner(vars(value))]
    return _ADDRESS.sub("", repr(value))


def _parts_of_function(function: types.FunctionType, inner: Any) -> list[Any]:
    cells = [cell.cell_contents for cell in function.__closure__ or ()]
    named = {name: function.__globals__[name] for name in function.__code__.co_names if name in function.__globals__}
    values = {name: one for name, one in named.items() if not callable(one) and not isinstance(one, types.ModuleType)}
    parts = (function.__code__, function.__defaults__, function.__kwdefaults__, cells, values)
    return [function.__qualname__, *map(inner, parts)]
