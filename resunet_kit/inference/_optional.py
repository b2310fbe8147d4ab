"""Optional packages of an extra, imported where they are used."""

import importlib
from typing import Any

from resunet_kit.inference._quiet import quiet


def optional(name: str, *, extra: str = "inference") -> Any:
    """Import a package of an extra, suppressing what it prints.

    Raises:
        ImportError: If it is not installed; the message names the extra.

    Example:
        >>> optional("json").loads("1")
        1
    """
    try:
        with quiet():
            return importlib.import_module(name)
    except ImportError as error:
        raise ImportError(
            f"Expected the package {name}. Received an installation without it ({error}). Run: pip install "
            f'"resunet-kit[{extra}]"'
        ) from error
