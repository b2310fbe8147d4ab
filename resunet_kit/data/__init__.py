"""Image and mask files: readers, `tf.data` and NumPy batches, augmentation, and splits by group.

Keras is imported with `PairBatches` and `presence_labels`, TensorFlow with `pairs_dataset`; the others need NumPy,
SciPy and Pillow, and nibabel for NIfTI files.
"""

import importlib
from typing import TYPE_CHECKING, Any

from resunet_kit._shared.writing import atomic_write
from resunet_kit.data.augmentation.augment import Augment
from resunet_kit.data.files.geometry import Geometry, read_geometry
from resunet_kit.data.files.labels import read_mask
from resunet_kit.data.files.normalization import z_score
from resunet_kit.data.files.reading import read_image
from resunet_kit.data.files.statistics import image_statistics
from resunet_kit.data.files.volume_writing import write_volume
from resunet_kit.data.pairing.pairing import pair_by_name
from resunet_kit.data.splits.leaks import Leaks, find_leaks
from resunet_kit.data.splits.splits import cross_validation_by_group, split_by_group
from resunet_kit.data.volumes import neighbouring_slices, slices_to_volumes, volumes_to_slices

if TYPE_CHECKING:
    from resunet_kit.data.batches.numpy_batches import PairBatches
    from resunet_kit.data.batches.presence import presence_labels
    from resunet_kit.data.batches.tf_dataset import pairs_dataset

__all__ = [
    "Augment",
    "Geometry",
    "Leaks",
    "PairBatches",
    "atomic_write",
    "cross_validation_by_group",
    "find_leaks",
    "image_statistics",
    "neighbouring_slices",
    "pair_by_name",
    "pairs_dataset",
    "presence_labels",
    "read_geometry",
    "read_image",
    "read_mask",
    "slices_to_volumes",
    "split_by_group",
    "volumes_to_slices",
    "write_volume",
    "z_score",
]

_NEED_KERAS = {"PairBatches": "numpy_batches", "pairs_dataset": "tf_dataset", "presence_labels": "presence"}


if not TYPE_CHECKING:  # a type checker would accept any name as an attribute of this module

    def __getattr__(name: str) -> Any:
        if name in _NEED_KERAS:
            return getattr(importlib.import_module(f"{__name__}.batches.{_NEED_KERAS[name]}"), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
