import keras
import numpy as np
import pytest

from resunet_kit.models import deep_res_unet, res_unet, res_unet_a, res_unet_plus_plus
from resunet_kit.models._inputs import check_filters, check_input_shape


@pytest.mark.parametrize(
    "shape", [(256, 256, 3), (None, None, 1), (5, 7, 11), (4, 32, 32, 1), (1, 1, 1), (3, 3, 3), (3, 16, 16)]
)
def test_channels_last_shapes_pass_unchanged(shape):
    assert check_input_shape(list(shape)) == shape


@pytest.mark.parametrize("shape", [(), (256, 256), (2, 8, 8, 8, 3), (8, 8, None)])
def test_other_shapes_are_refused_with_what_came(shape):
    with pytest.raises(ValueError, match=r"Expected input_shape \(height, width, channels\)") as error:
        check_input_shape(shape)
    assert f"Received input_shape={shape}" in str(error.value)


@pytest.mark.parametrize(
    ("shape", "error", "received"),
    [
        ((0, 8, 3), ValueError, r"input_shape\[0\]=0"),
        ((8, -8, 3), ValueError, r"input_shape\[1\]=-8"),
        ((8.0, 8, 3), TypeError, r"input_shape\[0\]=8.0"),
        ((8, True, 3), TypeError, r"input_shape\[1\]=True"),
        ("64", TypeError, r"input_shape\[0\]='6'"),
        (64, TypeError, "input_shape=64"),
    ],
)
def test_wrong_sizes_are_named(shape, error, received):
    with pytest.raises(error, match=f"Expected input_shape.*Received {received}"):
        check_input_shape(shape)


def test_ranks_narrow_what_is_accepted():
    with pytest.raises(ValueError, match=r"Expected input_shape \(height, width, channels\) without"):
        check_input_shape((8, 8, 8, 3), ranks=(3,))


@pytest.mark.parametrize("shape", [(3, 256, 256), (1, 64, 32), (4, 32, 20), (3, None, None), (4, 128, 128, 96)])
def test_channels_first_is_refused_with_the_cure(shape):
    with pytest.raises(ValueError, match=r"Expected channels-last data.*moveaxis"):
        check_input_shape(shape)


def test_a_thin_volume_is_not_mistaken_for_channels_first():
    assert check_input_shape((2, 64, 64, 16)) == (2, 64, 64, 16)


def test_the_channels_first_setting_of_keras_is_refused():
    before = keras.config.image_data_format()
    keras.config.set_image_data_format("channels_first")
    try:
        with pytest.raises(ValueError, match="image_data_format='channels_first'"):
            check_input_shape((256, 256, 3))
    finally:
        keras.config.set_image_data_format(before)


@pytest.mark.parametrize(
    ("filters", "widths"), [([8, 16], (8, 16)), ((np.int64(4),), (4,)), (np.array([4, 8]), (4, 8))]
)
def test_filters_become_a_tuple(filters, widths):
    assert check_filters(filters) == widths


@pytest.mark.parametrize(
    ("filters", "error", "message"),
    [
        (16, TypeError, r"Received filters=16. Pass a sequence such as \(64, 128, 256, 512\), the bridge last"),
        ("8", TypeError, r"Received filters='8'. Pass a sequence such as \(64"),
        (b"\x08\x10", TypeError, "Expected filters to be a sequence"),
        (np.int64(16), TypeError, "Expected filters to be a sequence"),
        (np.array(16), TypeError, "Expected filters to be a sequence"),
        (np.array([[8, 16]]), TypeError, r"filters\[0\]"),
        ({8, 16}, TypeError, "Expected filters to be a sequence"),
        ((width for width in (8, 16)), TypeError, "Expected filters to be a sequence"),
        ((8.0,), TypeError, r"Received filters\[0\]=8.0"),
        ((8, 0), ValueError, r"Received filters\[1\]=0"),
        ((), ValueError, "Expected filters to hold at least one integer"),
    ],
)
def test_wrong_filters_are_named(filters, error, message):
    with pytest.raises(error, match=message):
        check_filters(filters)


@pytest.mark.parametrize("builder", [res_unet, deep_res_unet, res_unet_a, res_unet_plus_plus])
@pytest.mark.parametrize("filters", [16, np.int64(16), np.array(16), "16", b"16"])
def test_a_single_number_is_refused_by_every_builder_with_widths_for_three_levels(builder, filters):
    with pytest.raises(TypeError, match=r"Expected filters .*Pass .*(\d+, \d+)"):
        builder((16, 16, 1), filters=filters)


def test_a_range_of_widths_passes():
    assert res_unet((16, 16, 1), filters=range(8, 17, 8)).output_shape == (None, 16, 16, 1)
