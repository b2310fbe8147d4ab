"""Small instances of every public block and builder, for the tests that hold for all of them.

A new public name fails `test_coverage.py` until it has a descriptor here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np

from resunet_kit import blocks, models

Shape = tuple[int | None, ...]

IMAGE, VOLUME = 4, 5

# Names of `__all__` that are neither blocks nor builders.
NOT_DESCRIBED = {"set_trainable": "changes a model, makes none; see tests/models/test_transfer.py"}


@dataclass(frozen=True)
class Descriptor:
    """One instance of a public block or builder.

    Attributes:
        of: The public name.
        build: From an input shape without the batch to a model.
        output: From a known input shape without the batch to the output's.
        case: What tells this instance from others of the same name.
        ranks: Ranks of the tensors accepted.
        sides: Odd and prime sides to run with; volumes take the first three, images the first two.
        always_float32: Whether the output is float32 under every dtype policy.
        no_gradient: Parts of the paths of weights that get no gradient, and why.
        no_float16_volumes: Why float16 volumes do not run on a CPU, where they do not.
        heavy: Whether the instance is too large to build for every policy and rank.
    """

    of: str
    build: Callable[[Shape], keras.Model]
    output: Callable[[Shape], Shape]
    case: str = ""
    ranks: tuple[int, ...] = (IMAGE, VOLUME)
    sides: tuple[int, int, int] = (13, 9, 7)
    always_float32: bool = False
    no_gradient: Mapping[str, str] = field(default_factory=dict)
    no_float16_volumes: str = ""
    heavy: bool = False

    def __str__(self) -> str:
        return f"{self.of}-{self.case}" if self.case else self.of

    def shape(self, rank: int, channels: int = 3, *, known: bool = True) -> Shape:
        sides = self.sides[: rank - 2] if known else (None,) * (rank - 2)
        return (*sides, channels)


def images(shape: Shape, *, batch: int = 2, seed: int = 0) -> np.ndarray:
    """Return random images of a known shape."""
    return np.random.default_rng(seed).normal(size=(batch, *shape)).astype("float32")


def randomise(model: keras.Model, seed: int = 0) -> keras.Model:
    """Move every weight, statistics and biases too, away from what a fresh model has."""
    generator = np.random.default_rng(seed)
    model.set_weights([weight + generator.uniform(-0.05, 0.05, weight.shape) for weight in model.get_weights()])
    return model


# === Blocks ===


def _half(side: int | None) -> int | None:
    return None if side is None else -(-side // 2)


def _same(channels: int) -> Callable[[Shape], Shape]:
    return lambda shape: (*shape[:-1], channels)


def _classes(count: int) -> Callable[[Shape], Shape]:
    return lambda _: (count,)


def _halved(channels: int) -> Callable[[Shape], Shape]:
    return lambda shape: (*(_half(side) for side in shape[:-1]), channels)


def _doubled(shape: Shape) -> Shape:
    return (*(None if side is None else 2 * side for side in shape[:-1]), shape[-1])


def _model(function: Callable[[Any], Any]) -> Callable[[Shape], keras.Model]:
    def build(shape: Shape) -> keras.Model:
        inputs = keras.Input(shape)
        return keras.Model(inputs, function(inputs))

    return build


def _block(block: Callable[..., Any], case: str = "", **options: Any) -> Descriptor:
    # Read here, so that a descriptor can say of its own options why a weight has no gradient.
    no_gradient = options.pop("no_gradient", {})
    output = (_halved if options.get("strides") == 2 else _same)(4)
    return Descriptor(block.__name__, _model(lambda x: block(x, 4, **options)), output, case, no_gradient=no_gradient)


def _lost_bias(*paths: str) -> dict[str, str]:
    reason = "instance normalisation subtracts each channel's mean, and with it the bias of the convolution before"
    return dict.fromkeys(paths, reason)


# Every block that takes `filters` and `strides`, the way a builder calls it.
STRIDED_BLOCKS: tuple[Callable[..., Any], ...] = (
    blocks.conv_block,
    blocks.residual_block,
    blocks.bottleneck_block,
    blocks.pointwise_residual_block,
    blocks.preactivation_block,
)

NO_FLOAT16_MAX = "TensorFlow has no float16 kernel of 3-D max-pooling for the CPU"
NO_FLOAT16_MEAN = "TensorFlow has no float16 kernel of 3-D average pooling, which smooths volumes, for the CPU"

BLOCKS = [
    *(_block(block) for block in STRIDED_BLOCKS),
    *(_block(block, "strided", strides=2) for block in STRIDED_BLOCKS),
    _block(blocks.residual_block, "group", norm="group", activation="swish"),
    _block(blocks.residual_block, "instance", norm="instance"),
    _block(blocks.preactivation_block, "layer", norm="layer", dropout=0.2),
    _block(blocks.preactivation_block, "no norm", norm=None, dilation_rate=2),
    _block(blocks.preactivation_block, "first", preactivate_input=False),
    _block(
        blocks.pointwise_residual_block,
        "instance",
        norm="instance",
        name="unit",
        no_gradient=_lost_bias("unit_shortcut_conv/bias", "unit_1_conv/bias", "unit_2_conv/bias"),
    ),
]

RESAMPLING = [
    *(
        Descriptor(
            "upsample",
            _model(lambda x, method=method: blocks.upsample(x, method=method)),
            _doubled,
            method,
            no_float16_volumes=NO_FLOAT16_MEAN if method == "linear" else "",
        )
        for method in ("nearest", "linear", "transpose")
    ),
    Descriptor(
        "upsample_concat",
        _model(lambda x: blocks.upsample_concat(blocks.conv_block(x, 4, strides=2), x)),
        lambda shape: (*shape[:-1], shape[-1] + 4),
    ),
    Descriptor(
        "crop_like",
        _model(lambda x: blocks.crop_like(blocks.upsample(blocks.conv_block(x, 4, strides=2)), x)),
        _same(4),
    ),
]

HEADS = [
    *(
        Descriptor(
            "segmentation_head",
            _model(lambda x, classes=classes: blocks.segmentation_head(x, classes)),
            _same(classes),
            f"{classes} classes",
            always_float32=True,
        )
        for classes in (1, 3)
    ),
    *(
        Descriptor(
            "classification_head",
            _model(lambda x, pooling=pooling: blocks.classification_head(x, 2, hidden_units=(8,), pooling=pooling)),
            _classes(2),
            pooling,
            always_float32=True,
        )
        for pooling in ("avg", "max")
    ),
]


# === Builders ===


def _res_unet(case: str, **options: Any) -> Descriptor:
    volumes = ""
    if options.get("upsampling") == "linear":
        volumes = NO_FLOAT16_MEAN
    elif options.get("downsampling") == "max_pool":
        volumes = NO_FLOAT16_MAX
    return Descriptor(
        "res_unet",
        lambda shape: models.res_unet(shape, **{"filters": (4, 6, 8), **options}),
        _same(options.get("num_classes", 1)),
        case,
        always_float32=True,
        no_float16_volumes=volumes,
    )


def _tiny_backbone(shape: Shape) -> keras.Model:
    return _model(lambda x: blocks.conv_block(blocks.conv_block(x, 4, strides=2), 6, strides=2))(shape)


BUILDERS = [
    _res_unet("default"),
    _res_unet("residual, add", block="residual", skip="add", num_classes=3, filters=(4, 6)),
    _res_unet("bottleneck, linear", block="bottleneck", filters=(8, 12), upsampling="linear", norm="group"),
    _res_unet("pointwise, pooled", block="pointwise", downsampling="max_pool", filters=(4, 6)),
    _res_unet("transpose, logits", upsampling="transpose", filters=(4, 6), activation=None, num_classes=2),
    Descriptor(
        "healthcare_ai_res_unet",
        models.healthcare_ai_res_unet,
        _same(1),
        ranks=(IMAGE,),
        sides=(37, 33, 0),
        always_float32=True,
    ),
    Descriptor(
        "resnet_classifier",
        lambda shape: models.resnet_classifier(shape, backbone=_tiny_backbone(shape), hidden_units=(8,)),
        _classes(2),
        ranks=(IMAGE,),
        always_float32=True,
    ),
    Descriptor(
        "resnet",
        lambda shape: models.resnet(18, shape),
        lambda shape: (*(-(-side // 32) for side in shape[:-1] if side), 512),
        ranks=(IMAGE,),
        sides=(61, 37, 0),
        heavy=True,
    ),
    Descriptor(
        "healthcare_ai_classifier",
        models.healthcare_ai_classifier,
        _classes(2),
        ranks=(IMAGE,),
        sides=(97, 101, 0),
        always_float32=True,
        heavy=True,
    ),
]

DESCRIPTORS = [*BLOCKS, *RESAMPLING, *HEADS, *BUILDERS]
LIGHT = [descriptor for descriptor in DESCRIPTORS if not descriptor.heavy]

# Each light instance with each rank that it takes.
CASES = [(descriptor, rank) for descriptor in LIGHT for rank in descriptor.ranks]


def label(value: object) -> str | None:
    """Return the name of a test's parameter."""
    return str(value) if isinstance(value, Descriptor) else None
