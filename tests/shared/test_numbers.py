import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resunet_kit._shared.numbers import (
    choice,
    flag,
    integer,
    integers,
    integers_per_axis,
    number,
    numbers_per_axis,
    text,
)

INTEGERS = [3, np.int8(3), np.uint64(3), np.array(3)]
NUMBERS = [0.5, np.float32(0.5), np.float64(0.5), np.array(0.5)]
NO_NUMBERS = ["1", None, True, np.True_, [1], (1,), np.array([1]), 1j, b"1", object()]


@pytest.mark.parametrize("value", INTEGERS)
def test_integers_become_pythons_own(value):
    assert type(integer("count", value, "[1, inf)")) is int
    assert integer("count", value) == 3


@pytest.mark.parametrize("value", [*INTEGERS, *NUMBERS])
def test_numbers_become_pythons_own_floats(value):
    assert type(number("rate", value)) is float
    assert number("rate", value) == float(value)


@pytest.mark.parametrize("value", [*NO_NUMBERS, 1.0, np.float64(1)])
def test_what_is_not_an_integer_is_a_type_error(value):
    with pytest.raises(TypeError, match=r"Expected count to be an integer of at least 1. Received count=.* int\(\)"):
        integer("count", value, "[1, inf)")


@pytest.mark.parametrize("value", NO_NUMBERS)
def test_what_is_not_a_number_is_a_type_error(value):
    with pytest.raises(TypeError, match=r"Expected rate to be a number in \[0, 1\). Received rate="):
        number("rate", value, "[0, 1)")


@pytest.mark.parametrize(
    ("interval", "described"),
    [
        ("[0, 1]", " in [0, 1]"),
        ("(0, 1)", " in (0, 1)"),
        ("[1, inf)", " of at least 1"),
        ("(0, inf)", " above 0"),
        ("(-inf, 4]", " of at most 4"),
        ("(-inf, inf)", " that is finite"),
    ],
)
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_no_interval_holds_what_is_not_finite(interval, described, value):
    with pytest.raises(ValueError, match="Expected") as error:
        number("rate", value, interval)
    assert str(error.value) == f"Expected rate to be a number{described}. Received rate={value}. Pass one{described}."


@given(st.integers(-3, 3), st.integers(-3, 3), st.integers(-3, 3), st.sampled_from("[("), st.sampled_from("])"))
def test_bounds_belong_to_the_interval_where_their_bracket_says_so(value, low, high, opening, closing):
    inside = (low <= value if opening == "[" else low < value) and (value <= high if closing == "]" else value < high)
    for check in (integer, number):
        try:
            assert check("x", value, f"{opening}{low}, {high}{closing}") == value
            found = True
        except ValueError:
            found = False
        assert found == inside


def test_a_cure_takes_the_place_of_the_default():
    with pytest.raises(ValueError, match=r"Received x=2. Use less\.$"):
        integer("x", 2, "[0, 1]", cure="Use less.")


def test_flags():
    assert flag("cache", np.True_) is True
    for wrong in (0, 1, "yes", None, np.array([True])):
        with pytest.raises(TypeError, match=r"Expected cache to be True or False. Received cache="):
            flag("cache", wrong)


def test_choices():
    assert choice("skip", "add", ("add", "concat")) == "add"
    with pytest.raises(ValueError, match="Did you mean 'concat'"):
        choice("skip", "concta", ("add", "concat"))
    for wrong in (None, 1, ["add"]):
        with pytest.raises(TypeError, match=r"or a callable. Received skip="):
            choice("skip", wrong, ("add", "concat"), also="or a callable")


def test_sequences_of_integers():
    assert integers("bins", [1, np.int8(2)], "[1, inf)") == (1, 2)
    assert integers("bins", np.array([1, 2])) == (1, 2)
    with pytest.raises(ValueError, match="at least one integer"):
        integers("bins", ())
    with pytest.raises(ValueError, match=r"Expected bins\[1\] to be an integer of at least 1"):
        integers("bins", (1, 0), "[1, inf)")
    for wrong in ("12", 3, None, {1, 2}, (1, 2.5), ([1], [2])):
        with pytest.raises(TypeError, match="Expected bins"):
            integers("bins", wrong)


@pytest.mark.parametrize("check", [integers_per_axis, numbers_per_axis])
def test_one_value_serves_all_axes(check):
    assert check("size", 2, 3) == check("size", np.array(2), 3) == check("size", [2, 2, 2], 3) == (2, 2, 2)
    assert check("size", np.array([1, 2]), 2) == (1, 2)
    with pytest.raises(ValueError, match=r"one value for all axes, or one for each of 3. Received size=\(1"):
        check("size", (1, 2), 3)
    with pytest.raises(ValueError, match=r"Expected size\[1\]"):
        check("size", (1, 0), 2)
    for wrong in ("22", None, ([1], [2]), (1, "2")):
        with pytest.raises(TypeError, match="Expected size"):
            check("size", wrong, 2)


def test_integers_may_exceed_the_range_of_floats():
    assert integer("seed", 10**400, "[0, inf)") == 10**400


def test_an_integer_that_no_float_holds_is_not_a_number():
    with pytest.raises(ValueError, match="Expected a within the range of floats"):
        number("a", 10**400)


def test_texts():
    assert text("title", "Dice") == "Dice"
    with pytest.raises(TypeError, match=r"Expected title to be a text. Received title=5. Convert it"):
        text("title", 5)
