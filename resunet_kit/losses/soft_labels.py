"""Check for soft labels, which some losses cannot score correctly."""

from keras import ops

from resunet_kit._shared.overlap import Tensor
from resunet_kit._shared.truth import TOLERANCE
from resunet_kit._shared.value_checks import refuse


def refuse_fractions(loss: str, truth: Tensor) -> None:
    """Refuse a truth between 0 and 1, in compiled steps too.

    Args:
        loss: The loss's name, for the message.
        truth: Masks, values in [0, 1].

    Raises:
        ValueError: If a value is neither 0 nor 1.
    """
    refuse(
        ops.any(ops.logical_and(truth > TOLERANCE, truth < 1 - TOLERANCE)),
        f"Expected y_true of 0 and 1 for {loss}, which is not smallest at a soft truth. Received fractions. Round "
        "y_true, or take CrossEntropy() or a loss with soft_labels=True, as Dice(soft_labels=True).",
    )
