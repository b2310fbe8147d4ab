"""Segmentation building blocks for Keras 3.

Subpackages load on first use, so that `import resunet_kit` costs nothing and `resunet_kit.masks` and
`resunet_kit.plots` never load a deep-learning framework.
"""

import importlib
from types import ModuleType
from typing import TYPE_CHECKING

__version__ = "0.7.0"

__all__ = [
    "blocks",
    "cli",
    "data",
    "evaluation",
    "inference",
    "losses",
    "masks",
    "metrics",
    "models",
    "plots",
    "training",
]

if TYPE_CHECKING:
    from resunet_kit import blocks, cli, data, evaluation, inference, losses, masks, metrics, models, plots, training


def __getattr__(name: str) -> ModuleType:
    if name in __all__:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
