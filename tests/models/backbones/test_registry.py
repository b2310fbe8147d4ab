import inspect

import keras
import pytest

from resunet_kit.models._backbones.registry import find_backbone


def test_every_network_of_keras_is_found_by_its_name():
    for name, builder in inspect.getmembers(keras.applications, inspect.isfunction):
        assert find_backbone(name).label == builder.__name__
    assert find_backbone("ResNet-18").label == "ResNet18"
    assert find_backbone("efficientnet_v2_b0").label == "EfficientNetV2B0"
    assert find_backbone("mobilenet-V2").label == "MobileNetV2"


@pytest.mark.parametrize(
    ("name", "nearest"), [("resnet51", "resnet50"), ("resnet_19", "resnet18"), ("eficientnetb0", "efficientnetb0")]
)
def test_the_nearest_name_is_proposed_for_an_unknown_one(name, nearest):
    with pytest.raises(ValueError, match=f"Received encoder='{name}'. Did you mean '{nearest}'"):
        find_backbone(name, option="encoder")
