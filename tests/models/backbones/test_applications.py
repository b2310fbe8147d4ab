import keras
import pytest

from resunet_kit.models._backbones import applications


@pytest.mark.slow
def test_a_network_that_needs_a_static_shape_is_built_for_a_variable_one():
    model = applications.build(keras.applications.NASNetMobile, (None, None, 3))
    assert model.input_shape == (None, None, None, 3)
    assert model.compute_output_shape((1, 256, 256, 3)) == (1, 8, 8, 1056)
    keras.utils.clear_session()


def test_images_that_a_network_cannot_be_built_for_are_refused():
    with pytest.raises(ValueError, match=r"Expected images that InceptionV3 can be built for.*at least 75"):
        applications.build(keras.applications.InceptionV3, (64, 64, 3))


def test_imagenet_weights_that_cannot_be_downloaded_may_come_from_a_file():
    def unreachable(**options):
        raise Exception("URL fetch failure on https://example.org: None -- no route")  # as get_file does

    unreachable.__name__ = "MobileNetV2"
    with pytest.raises(ValueError, match=r"ImageNet weights of MobileNetV2. Received .*URL fetch.*path as weights"):
        applications.build(unreachable, (64, 64, 3), weights="imagenet")
