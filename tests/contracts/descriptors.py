"""Small instances of every public block and builder, for the tests that hold for all of them.

A new public name fails `test_coverage.py` until it has a descriptor here.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from resunet_kit import blocks, models
from tests.contracts.pages import blocks_of_page

Shape = tuple[int | None, ...]

IMAGE, VOLUME = 4, 5

# Names of `__all__` that are neither blocks nor builders.
NOT_DESCRIBED = {
    "set_trainable": "changes a model, makes none; see tests/models/test_transfer.py",
    "trainable_summary": "makes no model; see tests/models/test_transfer.py",
}


@dataclass(frozen=True)
class Descriptor:
    """One instance of a public block or builder.

    Attributes:
        of: The public name.
        build: From an input shape without the batch axis to a model.
        output: From a static input shape without the batch axis to the output's; to a list for several outputs.
        case: Distinguishes this instance from others of the same name.
        ranks: Ranks of the tensors accepted.
        spatial_shape: Odd and prime sizes to run with; volumes take the first three, images the first two.
        always_float32: Whether the output is float32 under every dtype policy.
        no_gradient: Parts of the paths of weights without a gradient, and why.
        no_float16_volumes: For each backend on whose CPU float16 volumes do not run, why.
        heavy: Whether the instance is too large to build for every policy and rank.
        slow: Whether it belongs to the slow tests.
    """

    of: str
    build: Callable[[Shape], keras.Model]
    output: Callable[[Shape], Shape | list[Shape]]
    case: str = ""
    ranks: tuple[int, ...] = (IMAGE, VOLUME)
    spatial_shape: tuple[int, int, int] = (13, 9, 7)
    always_float32: bool = False
    no_gradient: Mapping[str, str] = field(default_factory=dict)
    no_float16_volumes: Mapping[str, str] = field(default_factory=dict)
    heavy: bool = False
    slow: bool = False

    def __str__(self) -> str:
        return f"{self.of}-{self.case}" if self.case else self.of

    def shape(self, rank: int, channels: int = 3, *, static: bool = True) -> Shape:
        spatial = self.spatial_shape[: rank - 2] if static else (None,) * (rank - 2)
        return (*spatial, channels)

    def outputs(self, shape: Shape) -> list[Shape]:
        """Return the shape of each output, for one output too."""
        found = self.output(shape)
        return found if isinstance(found, list) else [found]


def images(shape: Shape, *, batch: int = 2, seed: int = 0) -> np.ndarray:
    """Return random images of a static shape."""
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
    blocks.atrous_residual_block,
)

NO_FLOAT16_MAX = {"tensorflow": "TensorFlow has no float16 kernel of 3-D max-pooling for the CPU"}

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

CONTEXT = [
    Descriptor("squeeze_excite", _model(lambda x: blocks.squeeze_excite(blocks.conv_block(x, 8))), _same(8)),
    Descriptor(
        "attention_gate",
        _model(lambda x: blocks.attention_gate(blocks.conv_block(x, 4), blocks.conv_block(x, 6))),
        _same(4),
    ),
    Descriptor("aspp", _model(lambda x: blocks.aspp(x, 4, dilation_rates=(2, 4))), _same(4)),
    Descriptor("pyramid_pooling", _model(lambda x: blocks.pyramid_pooling(x, 8)), _same(8)),
    Descriptor(
        "pyramid_pooling", _model(lambda x: blocks.pyramid_pooling(x, 8, bins=(1, 3), norm="layer")), _same(8), "layer"
    ),
]

RESAMPLING = [
    *(
        Descriptor(
            "upsample",
            _model(lambda x, method=method: blocks.upsample(x, method=method)),
            _doubled,
            method,
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


def _tiny_backbone(shape: Shape) -> keras.Model:
    return _model(lambda x: blocks.conv_block(blocks.conv_block(x, 4, strides=2), 6, strides=2))(shape)


# Stands for an encoder of the image's rank and channels, of variable shape.
ANY_ENCODER = "any"


def _res_unet(case: str, **options: Any) -> Descriptor:
    def build(shape: Shape) -> keras.Model:
        brought = {}
        if options.get("encoder") == ANY_ENCODER:
            brought["encoder"] = _tiny_backbone((*[None] * (len(shape) - 1), shape[-1]))
        return models.res_unet(shape, **{"filters": (4, 6, 8), **options, **brought})

    scores = _same(options.get("num_classes", 1))
    levels = len(options["filters"]) if options.get("deep_supervision") else 1
    return Descriptor(
        "res_unet",
        build,
        scores if levels == 1 else lambda shape: [scores(shape)] * levels,
        case,
        always_float32=True,
        no_float16_volumes=NO_FLOAT16_MAX if options.get("downsampling") == "max_pool" else {},
    )


BUILDERS = [
    _res_unet("default"),
    _res_unet("residual, add", block="residual", skip="add", num_classes=3, filters=(4, 6)),
    _res_unet("bottleneck, linear", block="bottleneck", filters=(8, 12), upsampling="linear", norm="group"),
    _res_unet("pointwise, pooled", block="pointwise", downsampling="max_pool", filters=(4, 6)),
    _res_unet("transpose, logits", upsampling="transpose", filters=(4, 6), activation=None, num_classes=2),
    _res_unet("atrous, attention", block="atrous", skip="attention", filters=(4, 6)),
    _res_unet("encoder", encoder=ANY_ENCODER, filters=(4, 6), skip="attention"),
    _res_unet("deep supervision", filters=(4, 6, 8), deep_supervision=True, num_classes=2),
    Descriptor(
        "strip_deep_supervision",
        lambda shape: models.strip_deep_supervision(models.res_unet(shape, filters=(4, 6), deep_supervision=True)),
        _same(1),
        always_float32=True,
    ),
    Descriptor(
        "res_unet_a",
        lambda shape: models.res_unet_a(shape, 2, filters=(4, 6), multitask=True),
        lambda shape: [_same(2)(shape)] * 3,
        "tasks",
        always_float32=True,
        slow=True,
    ),
    *(
        Descriptor(
            of,
            lambda shape, of=of: getattr(models, of)(shape, 2, filters=(4, 6, 8)),
            _same(2),
            always_float32=True,
            no_float16_volumes=NO_FLOAT16_MAX if of == "res_unet_plus_plus" else {},
            slow=of == "res_unet_a",
        )
        for of in ("deep_res_unet", "res_unet_plus_plus", "res_unet_a")
    ),
    Descriptor(
        "healthcare_ai_res_unet",
        models.healthcare_ai_res_unet,
        _same(1),
        ranks=(IMAGE,),
        spatial_shape=(37, 33, 0),
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
        spatial_shape=(61, 37, 0),
        heavy=True,
    ),
    Descriptor(
        "healthcare_ai_classifier",
        models.healthcare_ai_classifier,
        _classes(2),
        ranks=(IMAGE,),
        spatial_shape=(97, 101, 0),
        always_float32=True,
        heavy=True,
    ),
]


# === Blocks of a user ===

PAGE = Path(__file__).parents[2] / "docs" / "pages" / "guides" / "build_your_own_block.md"


def _own(block: Callable[..., Any]) -> list[Descriptor]:
    found = [_block(block), _res_unet(block.__name__, block=block, filters=(4, 6))]
    return [*found, _block(block, "strided", strides=2)] if "strides" in inspect.signature(block).parameters else found


# The tests of the wheel run without the documentation.
OWN = [descriptor for block in (blocks_of_page(PAGE) if PAGE.exists() else {}).values() for descriptor in _own(block)]

DESCRIPTORS = [*BLOCKS, *CONTEXT, *RESAMPLING, *HEADS, *BUILDERS, *OWN]
LIGHT = [descriptor for descriptor in DESCRIPTORS if not descriptor.heavy]

# Without the ResNet-50 of keras.applications: 100 MB, and its head is described by itself.
ALL_BUT_LARGEST = [descriptor for descriptor in DESCRIPTORS if descriptor.of != "healthcare_ai_classifier"]


def first_of_each_name(descriptors: list[Descriptor]) -> list[Descriptor]:
    """Return the first instance of each public name."""
    return list({descriptor.of: descriptor for descriptor in reversed(descriptors)}.values())


def ranks_to_run(descriptor: Descriptor, turn: int = 0) -> tuple[int, ...]:
    """Return the ranks to run an instance with: all, but one on JAX, which compiles each for seconds.

    There the ranks alternate from instance to instance, and with `turn` from contract to contract.
    """
    if keras.backend.backend() != "jax":
        return descriptor.ranks
    return (descriptor.ranks[(DESCRIPTORS.index(descriptor) + turn) % len(descriptor.ranks)],)


def rank_marks(descriptor: Descriptor, rank: int, turn: int = 0) -> list[pytest.MarkDecorator]:
    """Return the marks of an instance's rank: slow, but for one rank that alternates between the instances."""
    first = descriptor.ranks[(DESCRIPTORS.index(descriptor) + turn) % len(descriptor.ranks)]
    return [] if rank == first else [pytest.mark.slow]


def rank_cases(descriptors: list[Descriptor], turn: int = 0) -> list[Any]:
    """Return each instance with each of its ranks, as parameters of a test."""
    return [
        pytest.param(descriptor, rank, marks=rank_marks(descriptor, rank, turn))
        for descriptor in descriptors
        for rank in ranks_to_run(descriptor, turn)
    ]


def label(value: object) -> str | None:
    """Return the name of a test's parameter."""
    return str(value) if isinstance(value, Descriptor) else None
