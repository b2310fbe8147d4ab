import math

import numpy as np
import pytest

from resunet_kit.data.augmentation.options import (
    STRENGTHS,
    check_clip,
    check_fill,
    check_flip,
    checked_probabilities,
    flip_axes,
    plain,
    strength_range,
)

# --- Strengths -------------------------------------------------------------------------------------------------------


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
    for strength in ("0.1", (1, "x"), {"low": 1}):
        with pytest.raises(TypeError, match=f"Expected {option}.* a number"):
            strength_range(option, strength)
    for strength in (-1, math.nan, (2, 1), (0.1,), (1, math.inf)):
        with pytest.raises(ValueError, match=f"Expected {option}"):
            strength_range(option, strength)


@pytest.mark.parametrize(
    ("option", "strength", "message"),
    [
        ("rotation", -5, r"of at least 0\. Received rotation=-5\. Pass one in \[0, inf\), or a range \(low, high\)"),
        ("zoom", 1, r"in \[0, 1\)"),
        ("gamma", (0, 1), r"gamma\[0\] to be a number above 0"),
        ("noise", (-0.1, 0.1), r"noise\[0\] to be a number of at least 0"),
        ("elastic", 1.5, r"in \[0, 1\]"),
        ("cutout", (0.5, 2), r"cutout\[1\] to be a number in \[0, 1\]"),
        ("shift", (0.2, 0.1), r"with low <= high\. Received shift=\(0\.2, 0\.1\)\. Swap the two"),
        ("shift", 10, r"in \[0, 1\)\. Received shift=10\. .* Divide pixels by the image's size"),
        ("shift", (-5, 5), r"shift\[0\] to be a number in \(-1, 1\)\. .* Divide pixels by the image's size"),
        ("rotation", 0.26, r"in degrees, .* Received rotation=0\.26\. .* rotation=14\.9; .* rotation=93\.6"),
        ("rotation", (-0.5, 0), r"in degrees, .* Received rotation=\(-0\.5, 0\)\. .* rotation=28\.6; .* rotation=180"),
        ("shift", (0, 0, 0), r"range \(low, high\)\. Received shift=\(0, 0, 0\)\. Pass two numbers"),
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
        with pytest.raises(error, match="Expected probabilities"):
            checked_probabilities(bad)
    with pytest.raises(ValueError, match=r"key of probabilities='elstic'\. Did you mean 'elastic'"):
        checked_probabilities({"elstic": 0.5})


# --- Flips, fill values, limits --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flip", "ndim", "expected"),
    [
        (True, 2, (0, 1)),
        (0.3, 2, (0, 1)),
        (False, 2, ()),
        (0, 2, ()),
        ("horizontal", 2, (1,)),
        ("horizontal", 3, (2,)),
        (("depth", "vertical"), 3, (0, 1)),
        ((), 2, ()),
    ],
)
def test_flip_axes(flip, ndim, expected):
    check_flip(flip, ndim, {})
    assert flip_axes(flip, ndim, tuple(range(ndim))) == expected


def test_flips_that_make_no_sense():
    known = r"flip to be one of 'horizontal', 'vertical', True, False or a probability\. Received flip="
    for flip, error in (("depth", ValueError), (("vertical", 1), TypeError)):
        with pytest.raises(error, match=known):
            check_flip(flip, 2, {})
    with pytest.raises(ValueError, match=r"flip to be a number in \[0, 1\]"):
        check_flip(2, 2, {})
    with pytest.raises(ValueError, match="Pass flip=True"):
        check_flip(0.5, 2, {"flip": 0.5})
    with pytest.raises(TypeError, match="flip"):
        check_flip(None, 2, {})


def test_fills():
    for fill, mask_fill in ((0.0, 0), (-1, 255), (0, -(2**63)), (0, 2**64 - 1), ("edge", 0), ("reflect", 0)):
        check_fill(fill, mask_fill)
    for fill, mask_fill, message in (
        ("reflekt", 0, "or a number. Received fill='reflekt'. Did you mean 'reflect'"),
        ("edge", 255, "Received mask_fill=255. Pass a number as fill"),
        (math.nan, 0, "Expected fill to be a number that is finite"),
        (0, 2**64, "Expected mask_fill to be an integer in"),
    ):
        with pytest.raises(ValueError, match=message):
            check_fill(fill, mask_fill)
    with pytest.raises(TypeError, match="Expected fill to be a number"):
        check_fill((0, 0), 0)
    with pytest.raises(TypeError, match="Expected mask_fill to be an integer"):
        check_fill(0, 0.5)


def test_limits():
    for clip in (None, "auto", (0, 1), (-1.5, 2), (0, math.inf)):
        check_clip(clip)
    for clip in ((1, 0), (1, 1), (0,), (0, math.nan), "image"):
        with pytest.raises(ValueError, match="Expected clip"):
            check_clip(clip)
    for clip in (1, (0, "x")):
        with pytest.raises(TypeError, match="Expected clip"):
            check_clip(clip)


def test_plain_values():
    assert plain([np.float64(1), np.int64(2)]) == (1, 2)
    assert type(plain(np.float32(0.5))) is float
    assert plain(np.array([3, 1])) == (3, 1)
    assert plain("edge") == "edge"
