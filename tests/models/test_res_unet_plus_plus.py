import keras
import numpy as np
import pytest

from resunet_kit.models import res_unet_plus_plus


def size(weights):
    return sum(int(np.prod(weight.shape)) for weight in weights)


def test_the_network_is_that_of_the_authors():
    model = res_unet_plus_plus()
    # Counted on the network that the authors' code builds.
    assert model.count_params() == 4_070_385
    assert size(model.trainable_weights) == 4_062_993

    channels = {"encoder1": 16, "encoder2": 32, "encoder3": 64, "encoder4": 128}
    channels |= {"decoder3": 128, "decoder2": 64, "decoder1": 32}
    sizes = {"encoder1": 256, "encoder2": 128, "encoder3": 64, "encoder4": 32}
    sizes |= {"decoder3": 64, "decoder2": 128, "decoder1": 256}
    for label, width in channels.items():
        assert model.get_layer(f"{label}_channels_scale").output.shape[1:] == (sizes[label], sizes[label], width)
        assert model.get_layer(f"{label}_channels_squeeze").units == width // 8
    for label, shape in {"bridge": (32, 32, 256), "context": (256, 256, 16)}.items():
        rates = [model.get_layer(f"{label}_branch{i}_conv").dilation_rate[0] for i in (1, 2, 3, 4)]
        assert sorted(rates) == [1, 6, 12, 18]
        assert model.get_layer(f"{label}_mix_conv").output.shape[1:] == shape
    # Attention comes before the upsampling: it has the size of the level below.
    for level, shape in {3: (32, 32, 256), 2: (64, 64, 128), 1: (128, 128, 64)}.items():
        assert model.get_layer(f"decoder{level}_attention_scale").output.shape[1:] == shape
    keras.utils.clear_session()


@pytest.mark.parametrize("size", [(37, 21), (None, 16), (9, 6, 5)])
@pytest.mark.parametrize("filters", [(4, 6), (4, 4, 6, 8)])
def test_images_of_any_size_and_any_depth(size, filters):
    model = res_unet_plus_plus((*size, 2), 3, filters=filters)
    fed = [side or 13 for side in size]
    scores = keras.ops.convert_to_numpy(model(np.zeros((1, *fed, 2), "float32")))
    assert scores.shape == (1, *fed, 3)


def test_one_level_is_refused():
    with pytest.raises(ValueError, match="Expected filters of at least two levels"):
        res_unet_plus_plus((32, 32, 3), filters=(8,))
