"""What is wrong is named, with what to pass instead, before any layer is made."""

import functools

import keras
import pytest

from resunet_kit import blocks, models
from tests.contracts.descriptors import STRIDED_BLOCKS

STRIDED = {block.__name__: block for block in STRIDED_BLOCKS}
WITH_NORM = {**STRIDED, "aspp": blocks.aspp, "pyramid_pooling": blocks.pyramid_pooling}
RES_UNETS = {name: getattr(models, name) for name in ("res_unet", "deep_res_unet", "res_unet_plus_plus", "res_unet_a")}


@pytest.fixture
def made(monkeypatch):
    """Return the list of layers that are made from here on."""
    layers = []
    original = keras.layers.Layer.__init__

    def counted(self, *args, **kwargs):
        if not isinstance(self, keras.Model):  # looking at an encoder may take a model over its layers
            layers.append(self)
        original(self, *args, **kwargs)

    monkeypatch.setattr(keras.layers.Layer, "__init__", counted)
    return layers


def features(*shape):
    return keras.KerasTensor((None, *shape))


def test_made_layers_are_counted(made):
    blocks.conv_block(features(8, 8, 3), 4)
    assert len(made) == 3


WRONG_OPTIONS = [
    ({"norm": "bacth"}, r"Expected norm to be one of 'batch', 'group', 'instance', 'layer'. Received norm="),
    (
        {"activation": "rleu"},
        "Expected activation to be one of 'celu', 'elu', 'exponential', 'gelu', 'glu', 'hard_shrink', 'hard_s",
    ),
    ({"dropout": 1.0}, r"Expected dropout in \[0, 1\). Received dropout=1.0"),
    ({"dropout": None}, "Received dropout=None"),
]


@pytest.mark.parametrize("name", WITH_NORM)
@pytest.mark.parametrize(("options", "message"), WRONG_OPTIONS)
def test_blocks_refuse_unknown_options(made, name, options, message):
    with pytest.raises(ValueError, match=message):
        WITH_NORM[name](features(8, 8, 3), 4, **options)
    assert made == []


@pytest.mark.parametrize("name", WITH_NORM)
@pytest.mark.parametrize("shape", [(8, 3), (8, 8, 8, 8, 3), (8, 8, None)])
def test_blocks_refuse_other_ranks(made, name, shape):
    with pytest.raises(ValueError, match=r"Expected features of shape.*Received shape"):
        WITH_NORM[name](features(*shape), 4)
    assert made == []


@pytest.mark.parametrize("name", WITH_NORM)
@pytest.mark.parametrize("filters", [0, -4, 2.5, None, "4"])
def test_blocks_refuse_filters_that_are_no_positive_whole_number(made, name, filters):
    with pytest.raises(ValueError, match=r"Expected filters to be a whole number of at least 1. Received filters="):
        WITH_NORM[name](features(8, 8, 3), filters)
    assert made == []


@pytest.mark.parametrize("name", STRIDED)
@pytest.mark.parametrize("options", [{"strides": 0}, {"strides": (1, 2, 3)}, {"kernel_size": -1}, {"kernel_size": "3"}])
def test_blocks_refuse_sizes_that_do_not_fit(made, name, options):
    with pytest.raises(ValueError, match=f"Expected {next(iter(options))} to be"):
        STRIDED[name](features(8, 8, 3), 4, **options)
    assert made == []


WRONG_ARGUMENTS = [
    ({"input_shape": (64, 64)}, "Expected input_shape"),
    ({"input_shape": (3, 64, 64)}, "Expected channels-last data"),
    ({"input_shape": (4, 96, 96, 96)}, "Expected channels-last data"),
    ({"filters": ()}, "Expected filters to hold one positive whole number"),
    ({"filters": (8, -16)}, "Expected filters to hold"),
    ({"num_classes": 0}, "Expected num_classes to be a whole number of at least 1"),
    ({"num_classes": 1, "activation": "softmax"}, "Expected activation 'sigmoid' for one class"),
    (
        {"activation": "sigmod"},
        "Expected activation to be one of 'celu', 'elu', 'exponential', 'gelu', 'glu', 'hard_shrink', 'hard_s",
    ),
    ({"norm": "grup"}, r"Expected norm to be one of 'batch', 'group', 'instance', 'layer'. Received norm="),
    ({"dropout": -0.1}, r"Expected dropout in \[0, 1\)"),
]


@pytest.mark.parametrize("name", RES_UNETS)
@pytest.mark.parametrize(("arguments", "message"), WRONG_ARGUMENTS)
def test_builders_refuse_wrong_arguments(made, name, arguments, message):
    with pytest.raises(ValueError, match=message):
        RES_UNETS[name](**{"filters": (4, 6), **arguments})
    assert made == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"block": "residul"},
            r"Expected block to be one of 'atrous', 'bottleneck', 'pointwise', 'preactivation', 'residual'. Receiv",
        ),
        ({"block": ["residual"]}, "Expected block to be one of"),
        ({"skip": "atention"}, r"Expected skip to be one of 'add', 'attention', 'concat'. Received skip="),
        (
            {"upsampling": "bilinear"},
            r"Expected upsampling method to be one of 'linear', 'nearest', 'transpose'. Received upsampling method",
        ),
        ({"upsampling": ["nearest"]}, "Expected upsampling method to be one of"),
        ({"downsampling": "pool"}, r"Expected downsampling to be one of 'max_pool', 'stride'. Received downsampling="),
        ({"block_activation": "rleu"}, "Did you mean 'relu'"),
        (
            {"encoder": "resnet5"},
            "Expected encoder to be one of 'convnextbase', 'convnextlarge', 'convnextsmall', 'convnexttiny', 'co",
        ),
        ({"encoder": "resnet50", "value_range": (0, 1, 2)}, r"Expected value_range to be \(minimum, maximum\)"),
        ({"encoder": "resnet50", "value_range": (1, 0)}, r"Expected value_range to be \(minimum, maximum\)"),
        ({"encoder": "resnet50", "encoder_weights": "imagent"}, "Received encoder_weights='imagent', which is not"),
        ({"encoder": "resnet34", "encoder_weights": "imagenet"}, "Keras publishes no weights of ResNet34"),
        ({"encoder": "resnet50", "input_shape": (16, 16, 16, 3)}, "Pass a keras.Model that takes volumes"),
        ({"encoder": "resnet50", "downsampling": "max_pool"}, "Expected no stem and no downsampling"),
        ({"encoder_weights": "imagenet"}, "Expected encoder_weights together with encoder"),
        ({"filters": (8,), "deep_supervision": True}, "Expected filters of at least two levels"),
    ],
)
def test_res_unet_refuses_what_only_it_takes(made, arguments, message):
    with pytest.raises((TypeError, ValueError), match=message):
        models.res_unet(**{"filters": (4, 6), **arguments})
    assert made == []


def test_an_encoder_without_a_pyramid_is_refused(made):
    image = keras.Input((32, 32, 3))
    classifier = keras.Model(image, keras.layers.Dense(2)(keras.layers.Flatten()(image)))
    flat = keras.Model(image, blocks.conv_block(image, 4))
    made.clear()
    for encoder in (classifier, flat):
        with pytest.raises(ValueError, match="Expected an encoder whose features form a pyramid"):
            models.res_unet((32, 32, 3), encoder=encoder)
    assert made == []


def test_an_encoder_of_another_type_is_refused(made):
    for encoder in (3, keras.layers.Dense(2)):
        made.clear()
        with pytest.raises(TypeError, match=r"Expected encoder to be the name of a backbone or a keras\.Model"):
            models.res_unet((32, 32, 3), encoder=encoder)
        assert made == []


def test_a_block_with_fixed_options_is_a_block():
    dilated = functools.partial(blocks.residual_block, dilation_rate=2)
    assert models.res_unet((16, 16, 1), filters=(4, 6), block=dilated).output_shape == (None, 16, 16, 1)
