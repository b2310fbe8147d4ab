"""Compensated sums of counts, for totals beyond the integers that float32 can tell apart."""

from keras import ops

from resunet_kit._shared.overlap import Tensor


def add_compensated(total: Tensor, lost: Tensor, added: Tensor) -> None:
    """Add to `total`, and add to `lost` what rounding drops: `total + lost` is the sum of all numbers in any order.

    Beyond 2²⁴, float32 has no odd integers, and the counts of a small batch could be lost entirely.
    """
    before = ops.convert_to_tensor(total)
    after = before + added
    rounded = after - before
    lost.assign_add((before - (after - rounded)) + (added - rounded))
    total.assign_add(added)
