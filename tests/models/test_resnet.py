import keras
import numpy as np
import pytest

from resunet_kit.models import resnet


def test_width_scales_the_channels():
    quarter, full = resnet(18, (32, 32, 3), width=0.25), resnet(18, (32, 32, 3))
    assert quarter.output_shape == (None, 1, 1, 128)
    assert full.output_shape == (None, 1, 1, 512)
    assert 15 < full.count_params() / quarter.count_params() < 17


@pytest.mark.parametrize(
    ("depth", "width", "error", "message"),
    [
        (18, 0, ValueError, "Expected width to be a number of at least 0.015625"),
        (18, "1", TypeError, "Received width='1'"),
        (50, 0.5, ValueError, "Expected width=1"),
        (17, 1, ValueError, "Expected depth to be one of 18, 34, 50, 101, 152"),
        ("18", 1, TypeError, "Received depth='18'"),
    ],
)
def test_other_depths_and_widths_are_refused(depth, width, error, message):
    with pytest.raises(error, match=message):
        resnet(depth, (32, 32, 3), width=width)


@pytest.mark.parametrize("shape", [(31, 64, 3), (64, 64), (3, 64, 64), (64, 64, 64, 3)])
def test_shapes_that_are_too_small_or_of_another_rank_are_refused(shape):
    with pytest.raises(ValueError, match=r"at least 32|Expected (input_shape|channels-last)"):
        resnet(18, shape)


def test_imagenet_weights_that_keras_does_not_have_are_refused_with_the_cure():
    with pytest.raises(ValueError, match=r"Keras publishes no weights of ResNet18.*Choose ResNet50"):
        resnet(18, (64, 64, 3), weights="imagenet")


def test_an_absent_weights_file_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"existing file.*absent\.weights\.h5"):
        resnet(18, (64, 64, 3), weights=tmp_path / "absent.weights.h5")


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("channels", [1, 4])
def test_weights_for_three_channels_serve_any(tmp_path, channels):
    file = tmp_path / "rgb.weights.h5"
    rgb = resnet(18, (None, None, 3), width=0.1)
    rgb.save_weights(file)
    model = resnet(18, (None, None, channels), weights=file, width=0.1)
    gray = np.random.default_rng(0).normal(size=(2, 32, 32, 1)).astype("float32")
    expected, found = (
        keras.ops.convert_to_numpy(network(np.repeat(gray, count, axis=-1), training=False))
        for network, count in ((rgb, 3), (model, channels))
    )
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_the_bottleneck_depths_are_those_of_keras():
    model = resnet(50, (32, None, 1))
    # Keras counts 23,587,712 for three channels; the first kernel is 7x7 with 64 filters.
    assert model.count_params() == 23_587_712 - 2 * 7 * 7 * 64
    assert model.output_shape == (None, 1, None, 2048)
    keras.utils.clear_session()


def test_weights_files_that_do_not_fit_are_named(tmp_path):
    file = tmp_path / "other.weights.h5"
    inputs = keras.Input((8, 8, 3))
    keras.Model(inputs, keras.layers.Conv2D(2, 3)(inputs)).save_weights(file)
    for channels in (1, 3):
        with pytest.raises(ValueError, match="Expected weights of the architecture 'resnet18'") as error:
            resnet(18, (32, 32, channels), weights=file, width=0.1)
        assert str(file) in str(error.value)
