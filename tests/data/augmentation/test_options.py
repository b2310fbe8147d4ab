import numpy as np
import pytest

from resunet_kit.data.augmentation.options import check_clip, check_fill, check_flip, check_switch, flip_axes, plain


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
    with pytest.raises(
        ValueError,
        match=r"Expected axis of 2-D flips to be one of 'horizontal', 'vertical'. Received axis of 2-D flips=",
    ):
        check_flip("depth", 2, {})
    with pytest.raises(ValueError, match=r"`flip` in \[0, 1\]"):
        check_flip(2, 2, {})
    with pytest.raises(ValueError, match="Pass flip=True"):
        check_flip(0.5, 2, {"flip": 0.5})
    with pytest.raises(TypeError, match="flip"):
        check_flip(None, 2, {})


def test_fills():
    for fill, mask_fill in ((0.0, 0), (-1, 255), ("edge", 0), ("reflect", 0)):
        check_fill(fill, mask_fill)
    with pytest.raises(ValueError, match="Did you mean 'reflect'"):
        check_fill("reflekt", 0)
    with pytest.raises(ValueError, match="mask_fill needs a number"):
        check_fill("edge", 255)
    for fill in (None, float("nan"), True, (0, 0)):
        with pytest.raises(TypeError, match="`fill` as a finite number"):
            check_fill(fill, 0)
    with pytest.raises(TypeError, match=r"Expected mask_fill to be an integer. Received mask_fill="):
        check_fill(0, 0.5)


def test_limits_and_switches():
    for clip in (None, "auto", (0, 1), (-1.5, 2)):
        check_clip(clip)
    for clip in ((1, 0), (0,), "image", 1, (0, "x")):
        with pytest.raises(ValueError, match="`clip`"):
            check_clip(clip)
    check_switch("in_plane", True)
    with pytest.raises(TypeError, match="`in_plane` as True or False, received 0"):
        check_switch("in_plane", 0)


def test_plain_values():
    assert plain([np.float64(1), np.int64(2)]) == (1, 2)
    assert type(plain(np.float32(0.5))) is float
    assert plain(np.array([3, 1])) == (3, 1)
    assert plain("edge") == "edge"
