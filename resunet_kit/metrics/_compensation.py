"""Sums of counts beyond the integers that float32 can tell apart."""

from keras import ops

from resunet_kit._shared.overlap import Tensor


def add_compensated(total: Tensor, lost: Tensor, added: Tensor) -> None:
    """Add to a variable, and to `lost` what rounding drops: the sum of both is that of all numbers in any order.

    Beyond 2²⁴ float32 has no odd numbers, and a small batch would be lost whole.
    """
    before = ops.convert_to_tensor(total)
    after = before + added
    rounded = after - before
    lost.assign_add((before - (after - rounded)) + (added - rounded))
    total.assign_add(added)
