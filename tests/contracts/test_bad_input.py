"""Errors name the wrong argument and what to pass instead, before any layer is made."""

import functools

import keras
import pytest

from resunet_kit import blocks, models
from resunet_kit.blocks import _checks
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
        if not isinstance(self, keras.Model):  # examining an encoder may make a model of its layers
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
    ({"norm": "bacth"}, ValueError, "Expected norm to be one of 'batch', 'group', .* Received norm='bacth'"),
    ({"norm": keras.layers.BatchNormalization}, TypeError, "Expected norm to be a name, None or a function"),
    ({"activation": "rleu"}, ValueError, "Expected activation to be one of 'celu', .* Received activation='rleu'"),
    ({"dropout": 1.0}, ValueError, r"Expected dropout to be a number in \[0, 1\). Received dropout=1.0"),
    ({"dropout": None}, TypeError, "Received dropout=None"),
    ({"filters": 0}, ValueError, "Expected filters to be an integer of at least 1. Received filters=0"),
    ({"filters": "4"}, TypeError, "Received filters='4'"),
]


@pytest.mark.parametrize("name", WITH_NORM)
@pytest.mark.parametrize(("options", "error", "message"), WRONG_OPTIONS)
def test_blocks_refuse_wrong_options(made, name, options, error, message):
    with pytest.raises(error, match=message):
        WITH_NORM[name](features(8, 8, 3), **{"filters": 4, **options})
    assert made == []


@pytest.mark.parametrize("name", WITH_NORM)
@pytest.mark.parametrize("shape", [(8, 3), (8, 8, 8, 8, 3), (8, 8, None)])
def test_blocks_refuse_other_ranks(made, name, shape):
    with pytest.raises(ValueError, match=r"Expected features of shape.*Received shape"):
        WITH_NORM[name](features(*shape), 4)
    assert made == []


@pytest.mark.parametrize("name", WITH_NORM)
def test_a_block_checks_its_norm_once(monkeypatch, name):
    checked = []
    monkeypatch.setattr(_checks, "check_norm", checked.append)
    WITH_NORM[name](features(8, 8, 3), 4, norm="group")
    assert checked == ["group"]


WRONG_SIZES = [
    ({"strides": 0}, ValueError),
    ({"strides": (1, 2, 3)}, ValueError),
    ({"kernel_size": -1}, ValueError),
    ({"kernel_size": "3"}, TypeError),
]


@pytest.mark.parametrize("name", STRIDED)
@pytest.mark.parametrize(("options", "error"), WRONG_SIZES)
def test_blocks_refuse_sizes_that_do_not_fit(made, name, options, error):
    with pytest.raises(error, match=f"Expected {next(iter(options))} to be"):
        STRIDED[name](features(8, 8, 3), 4, **options)
    assert made == []


WRONG_ARGUMENTS = [
    ({"input_shape": (64, 64)}, ValueError, "Expected input_shape"),
    ({"input_shape": 64}, TypeError, "Expected input_shape"),
    ({"input_shape": (3, 64, 64)}, ValueError, "Expected channels-last data"),
    ({"filters": ()}, ValueError, "Expected filters to hold at least one integer"),
    ({"filters": (8, -16)}, ValueError, r"Received filters\[1\]=-16"),
    ({"filters": 16}, TypeError, r"Received filters=16. Pass a sequence such as \(64, 128, 256, 512\)"),
    ({"num_classes": 0}, ValueError, "Expected num_classes to be an integer of at least 1"),
    ({"num_classes": 1, "activation": "softmax"}, ValueError, "Expected activation='sigmoid' for one class"),
    ({"activation": "sigmod"}, ValueError, "Did you mean 'sigmoid'"),
    ({"norm": "grup"}, ValueError, "Did you mean 'group'"),
    ({"dropout": -0.1}, ValueError, "Received dropout=-0.1"),
]


@pytest.mark.parametrize("name", RES_UNETS)
@pytest.mark.parametrize(("arguments", "error", "message"), WRONG_ARGUMENTS)
def test_builders_refuse_wrong_arguments(made, name, arguments, error, message):
    with pytest.raises(error, match=message):
        RES_UNETS[name](**{"filters": (4, 6), **arguments})
    assert made == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"block": "residul"}, "Received block='residul'. Did you mean 'residual'"),
        ({"block": ["residual"]}, "Expected block to be one of"),
        ({"stem": "residul"}, "Received stem='residul'. Did you mean 'residual'"),
        (
            {"skip": "atention"},
            "Expected skip to be one of 'add', 'attention', 'concat', or a callable. Received skip=",
        ),
        ({"upsampling": "bilinear"}, "Expected upsampling to be one of 'linear', 'nearest', 'transpose'. Received ups"),
        ({"upsampling": ["nearest"]}, "Expected upsampling to be one of"),
        ({"downsampling": "pool"}, r"Expected downsampling to be one of 'max_pool', 'stride'. Received downsampling="),
        ({"block_activation": "rleu"}, "Received block_activation='rleu'. Did you mean 'relu'"),
        (
            {"encoder": "resnet5"},
            "Expected encoder to be one of 'convnextbase', 'convnextlarge', 'convnextsmall', 'convnexttiny', 'co",
        ),
        ({"encoder": "resnet50", "value_range": (0, 1, 2)}, r"Expected value_range to be \(minimum, maximum\)"),
        ({"encoder": "resnet50", "value_range": (1, 0)}, r"Expected value_range to be \(minimum, maximum\)"),
        ({"encoder": "resnet50", "encoder_weights": "imagent"}, "Received encoder_weights='imagent', which is not"),
        ({"encoder": "resnet34", "encoder_weights": "imagenet"}, "Keras publishes no weights of ResNet34"),
        ({"encoder": "resnet50", "input_shape": (16, 16, 16, 3)}, "Pass a keras.Model that takes volumes"),
        ({"encoder": "resnet50", "downsampling": "max_pool"}, "Expected an encoder without stem and downsampling"),
        ({"encoder_weights": "imagenet"}, "Expected encoder_weights with an encoder"),
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
