"""Data-parallel training by several processes: the items that each of them reads."""

from collections.abc import Iterable
from typing import TypeVar

from resunet_kit._shared.numbers import flag, integer

Item = TypeVar("Item")


def shard_for_process(
    items: Iterable[Item], batch_size: int, *, index: int, count: int, drop_remainder: bool = False
) -> tuple[list[Item], int]:
    """Return the items of one of several processes, and the size of its batches.

    Batch `i` of all processes together holds the items of batch `i` of a single process that reads them all in order. A
    step over all of them, as with `keras.distribution.DataParallel`, has the loss, gradients and metrics of that
    process.

    Every process gets the same number of batches of the same size: one with more would wait for the others forever.

    Args:
        items: The items of the dataset, such as the paths of images, in the same order in every process.
        batch_size: Number of items in a batch over all processes; a multiple of `count`.
        index: Index of the process, from 0.
        count: Number of processes.
        drop_remainder: Whether to leave out the last items that do not fill a batch. For training only, as scores would
            not cover these items.

    Returns:
        The process's items, every `count`-th from `index`, and `batch_size / count`.

    Raises:
        TypeError: If a number is not an integer.
        ValueError: If the index is not below the count, the batch size is not a multiple of the count, or the items do
            not fill the batches and `drop_remainder` is False.

    Example:
        >>> from resunet_kit.training import shard_for_process
        >>> shard_for_process(["a", "b", "c", "d", "e", "f", "g", "h"], batch_size=4, index=1, count=2)
        (['b', 'd', 'f', 'h'], 2)
    """
    count = integer("count", count, "[1, inf)")
    index = integer("index", index, f"[0, {count})")
    size = integer("batch_size", batch_size, "[1, inf)")
    if size % count:
        raise ValueError(
            f"Expected a batch_size that {count} processes can divide equally. Received {batch_size=}. Take "
            f"{size + count - size % count}, or another number of processes."
        )
    chosen = list(items)
    whole = len(chosen) - len(chosen) % size
    if whole < len(chosen) and not flag("drop_remainder", drop_remainder):
        raise ValueError(
            f"Expected items that fill batches of {size}, so that no process waits for another. Received {len(chosen)} "
            f"items. For training pass drop_remainder=True, which leaves out {len(chosen) - whole}; to evaluate take a "
            "batch size that divides their number, or one process."
        )
    if not whole:
        raise ValueError(
            f"Expected items for at least one batch of {size}. Received {len(chosen)} items. Take smaller batches or "
            "fewer processes."
        )
    return chosen[index:whole:count], size // count
