import math

import keras
import pytest

from resunet_kit.models._backbones.basic_resnets import basic_resnet


# torchvision publishes 11,689,512 and 21,797,672 weights; 513,000 of them are its classifier of 1000 classes.
@pytest.mark.parametrize(("depth", "published"), [(18, 11_689_512), (34, 21_797_672)])
def test_depths_have_the_published_number_of_weights(depth, published):
    model = basic_resnet(depth, (None, None, 3))
    trainable = sum(math.prod(weight.shape) for weight in model.trainable_weights)
    assert trainable == published - (512 * 1000 + 1000)
    assert model.output_shape == (None, None, None, 512)
    keras.utils.clear_session()
