import keras
import numpy as np

from resunet_kit.models import deep_res_unet


def test_the_network_is_that_of_table_one():
    model = deep_res_unet()
    kernels = {weight.path: weight.shape for weight in model.trainable_weights if weight.path.endswith("/kernel")}
    sizes = {side: sum(int(np.prod(shape)) for shape in kernels.values() if shape[0] == side) for side in (1, 3)}
    assert sizes[3] == 7_780_032
    assert sum(sizes.values()) == 8_210_368

    # Table I, conv 1 to 15: channels and strides of the 3x3 convolutions, two a level.
    widths = {"encoder1": 64, "encoder2": 128, "encoder3": 256, "bridge": 512}
    widths |= {"decoder3": 256, "decoder2": 128, "decoder1": 64}
    for label, width in widths.items():
        first, second = (model.get_layer(f"{label}_{i}_conv") for i in (1, 2))
        assert (first.filters, second.filters, first.kernel_size, second.kernel_size) == (width, width, (3, 3), (3, 3))
        halves = label in ("encoder2", "encoder3", "bridge")
        assert (first.strides, second.strides) == ((2, 2) if halves else (1, 1), (1, 1))
    convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    assert sum(layer.kernel_size == (3, 3) for layer in convolutions) == 14
    assert model.get_layer("segmentation_conv").kernel_size == (1, 1)
    # The first unit convolves the image before it normalises.
    assert model.get_layer("encoder1_1_conv").input is model.input
    keras.utils.clear_session()
