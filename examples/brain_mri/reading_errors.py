"""Advice of the library's readers to callers in Python, rewritten for the command line."""

# How the advice begins, and what to do instead on the command line.
_CURES = {
    " Pass nan=": " Replace them by 0 and save the file again.",
    " Pass full_scale": " Save it as uint8 or uint16, or rescale its values to [0, 1].",
    " full_scale takes": " Save it as uint8 or uint16, or rescale its values to [0, 1].",
    " Of probabilities, ": " Of probabilities, threshold the mask and save it.",
    " Replace them, as in ": " Replace them, or rescale the values, and save the file again.",
    " Save each as one file": " Save each slice as one file, or the stack as NIfTI.",
    " Save the channels": " Save it as grey, or as RGB of the three sequences.",
}


def for_command_line(why: str) -> str:
    """Return an error's text with advice that names no option of a Python function.

    Example:
        >>> for_command_line("Expected numbers. Received NaN in 3 of 9 values. Pass nan=0.0, or another number.")
        'Expected numbers. Received NaN in 3 of 9 values. Replace them by 0 and save the file again.'
    """
    why = why.replace(" with channels=3", "")
    for start, cure in _CURES.items():
        before, found, _ = why.partition(start)
        if found:
            return before + cure
    return why
