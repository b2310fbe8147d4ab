"""Errors for unknown names of a module: one that other libraries use is answered with its name here."""

import dis
import sys
from collections.abc import Iterable, Mapping
from types import FrameType

from resunet_kit._shared.renamed_options import cure_of_name


def missing_name(module: str, name: str, known: Iterable[str], hints: Mapping[str, str]) -> Exception:
    """Return the error for an unknown attribute, to be raised by a module's `__getattr__`.

    Python discards the message of an `AttributeError` that `from module import name` causes, so there the error is an
    `ImportError`, whose message is kept.

    Args:
        module: The module's name.
        name: The attribute.
        known: The module's public names.
        hints: What to write instead, keyed by the names that other libraries use.

    Returns:
        An `AttributeError`, or an `ImportError` in an import statement.

    Example:
        >>> print(missing_name("shop", "DiceLoss", ["Dice", "Jaccard"], {"IoULoss": "It is Jaccard here."}))
        module 'shop' has no attribute 'DiceLoss'. Did you mean Dice?
    """
    if name.startswith("__"):  # looked up by Python itself
        return AttributeError(f"module {module!r} has no attribute {name!r}")
    cure = cure_of_name(name, known, hints)
    if _is_import(sys._getframe(1).f_back):
        return ImportError(f"cannot import name {name!r} from {module!r}. {cure}", name=name)
    return AttributeError(f"module {module!r} has no attribute {name!r}. {cure}")


def _is_import(frame: FrameType | None) -> bool:
    """Return whether a frame is executing `from … import …`."""
    return frame is not None and dis.opname[frame.f_code.co_code[frame.f_lasti]] == "IMPORT_FROM"
