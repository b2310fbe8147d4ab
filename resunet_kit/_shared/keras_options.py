"""Checks of `name` and `dtype`, the options that Keras gives all losses and metrics."""

from typing import Any

import keras

from resunet_kit._shared.truth import compute_dtype

FLOATS = ("float64", "float32", "bfloat16", "float16")


def object_name(name: Any) -> str | None:
    """Return the name of a loss or metric; for None, Keras derives one from the name of the class.

    Raises:
        TypeError: If it is not a string.
        ValueError: If it contains a slash, which separates the parts of a path in Keras.

    Example:
        >>> object_name("dice/left")
        Traceback (most recent call last):
        ...
        ValueError: Expected name without a slash. Received name='dice/left'. Write 'dice_left'.
    """
    if name is not None and not isinstance(name, str):
        raise TypeError(f"Expected name to be a string. Received name={name!r}. Convert it with str().")
    if name and "/" in name:
        raise ValueError(
            f"Expected name without a slash. Received name={name!r}. Write {name.replace('/', '_').strip('_')!r}."
        )
    return name


def float_dtype(dtype: Any) -> str:
    """Return the dtype to compute in: `"float64"` where it is requested, else `"float32"`.

    Args:
        dtype: The name of a floating-point dtype, a backend's dtype, a Keras policy, or None for Keras's default.

    Raises:
        TypeError: If it is not a dtype.
        ValueError: If Keras does not know the name, or it is that of an integer or boolean dtype.

    Example:
        >>> float_dtype("mixed_float16"), float_dtype("float64")
        ('float32', 'float64')
        >>> float_dtype("int32")
        Traceback (most recent call last):
        ...
        ValueError: Expected dtype to be floating-point. Received dtype='int32'. Pass "float32", "float64" or None.
    """
    if dtype is None:
        return compute_dtype(None)
    cure = 'Pass "float32", "float64" or None.'
    try:
        found = keras.dtype_policies.get(dtype).compute_dtype
    except Exception as error:  # Keras raises several types, depending on what was passed
        kind = ValueError if isinstance(dtype, str) else TypeError
        raise kind(f"Expected dtype to be a dtype that Keras knows. Received dtype={dtype!r}. {cure}") from error
    if found not in FLOATS:
        raise ValueError(f"Expected dtype to be floating-point. Received dtype={dtype!r}. {cure}")
    return compute_dtype(dtype)
