import numpy as np
import pytest

from resunet_kit.data.augmentation.ranges import STRENGTHS, checked_probabilities, strength_range


@pytest.mark.parametrize(
    ("option", "strength", "expected"),
    [
        ("rotation", 10, (-10, 10)),
        ("zoom", 0.25, (0.75, 1.25)),
        ("noise", np.float32(0.5), (0, 0.5)),
        ("rotation", (5, 20), (5, 20)),
        ("gamma", [0.7, 1.5], (0.7, 1.5)),
        ("zoom", (1, 1), None),
        ("shift", (0, 0), None),
        ("brightness", (1, 1), (1, 1)),
    ],
)
def test_what_a_strength_stands_for(option, strength, expected):
    assert strength_range(option, strength) == expected


@pytest.mark.parametrize("option", STRENGTHS)
def test_zero_is_off_and_nonsense_is_named(option):
    assert strength_range(option, 0) is None
    for strength in (True, "0.1", None, (0.1,), (0.1, "x"), {"low": 1}):
        with pytest.raises(TypeError, match=f"`{option}` as a number or a range"):
            strength_range(option, strength)
    for strength in (-1, float("nan"), float("inf"), (2, 1), (0, float("inf")), (float("nan"), 1)):
        with pytest.raises(ValueError, match=f"`{option}`"):
            strength_range(option, strength)


@pytest.mark.parametrize(
    ("option", "strength", "message"),
    [
        ("zoom", 1, "factors above 0"),
        ("gamma", (0, 1), "factors above 0"),
        ("noise", (-0.1, 0.1), "0 or more"),
        ("elastic", 1.5, "from 0 to 1"),
        ("cutout", (0.5, 2), "from 0 to 1"),
    ],
)
def test_bounds(option, strength, message):
    with pytest.raises(ValueError, match=message):
        strength_range(option, strength)


def test_probabilities_are_copied_and_checked():
    given = {"flip": 1, "noise": np.float32(0.5)}
    copied = checked_probabilities(given)
    assert copied == {"flip": 1.0, "noise": 0.5}
    given["noise"] = 9
    assert copied["noise"] == 0.5
    for bad, error in (({"flip": 1.1}, ValueError), ({"flip": "x"}, TypeError), (0.5, TypeError)):
        with pytest.raises(error, match="probabilities"):
            checked_probabilities(bad)
    with pytest.raises(ValueError, match="Did you mean 'elastic'"):
        checked_probabilities({"elstic": 0.5})
