import keras
import numpy as np
import pytest

from resunet_kit._shared.keras_options import float_dtype, object_name


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [
        (None, "float32"),
        ("float16", "float32"),
        ("mixed_bfloat16", "float32"),
        ("float64", "float64"),
        (np.float64, "float64"),
        (np.dtype("float32"), "float32"),
        (keras.DTypePolicy("float64"), "float64"),
        (keras.DTypePolicy("mixed_float16"), "float32"),
    ],
)
def test_floating_dtypes_compute_in_float32_or_float64(dtype, expected):
    assert float_dtype(dtype) == expected


@pytest.mark.parametrize("dtype", ["int32", "bool", "uint8", np.int64, np.dtype("bool"), int])
def test_other_dtypes_are_refused(dtype):
    with pytest.raises(
        ValueError, match=r"^Expected dtype to be floating-point\. Received dtype=.*\. Pass \"float32\""
    ):
        float_dtype(dtype)


@pytest.mark.parametrize("dtype", ["flaot32", "", "mixed_flaot16"])
def test_names_of_no_dtype_are_refused(dtype):
    with pytest.raises(ValueError, match=r"^Expected dtype to be a dtype that Keras knows\. Received dtype='"):
        float_dtype(dtype)


@pytest.mark.parametrize("dtype", [3, 0, [], ["float32"], {}, object(), keras])
def test_what_is_not_a_dtype_is_refused(dtype):
    with pytest.raises(TypeError, match=r"^Expected dtype to be a dtype that Keras knows\. Received dtype="):
        float_dtype(dtype)


def test_names_are_strings_without_a_slash():
    assert [object_name(name) for name in (None, "", "dice")] == [None, "", "dice"]
    with pytest.raises(ValueError, match=r"Received name='a/b'\. Write 'a_b'\."):
        object_name("a/b")
    for wrong in (3, b"dice", ["dice"]):
        with pytest.raises(TypeError, match=r"^Expected name to be a string\. Received name="):
            object_name(wrong)
