"""The table of all encoders for the documentation: `python -m tests.encoder_table --write docs/pages/encoders.md`.

Parameters and operations are counted on the networks, built without values for their weights. With names, those rows
alone are printed: `python -m tests.encoder_table vgg16 resnet18`.
"""

import argparse
import math
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import keras

from resunet_kit.models._backbones.registry import Backbone, backbones

SIZE = 224
START, END = "<!-- encoders: start -->", "<!-- encoders: end -->"
KERAS, MOBILE, LITE, TORCH = "[1]", "[2]", "[3]", "[4]"  # the sources of the top-1 accuracies, below the table
PACKAGE = "package `pretrained`"
DOWNLOAD = "download by Keras"
STATE_DICT = "state dict of torchvision or timm"

# Top-1 accuracy on ImageNet in percent, at the size that each network was published for.
OF_KERAS = {
    "Xception": 79.0, "VGG16": 71.3, "VGG19": 71.3, "ResNet50": 74.9, "ResNet101": 76.4, "ResNet152": 76.6,
    "ResNet50V2": 76.0, "ResNet101V2": 77.2, "ResNet152V2": 78.0, "InceptionV3": 77.9, "InceptionResNetV2": 80.3,
    "MobileNet": 70.4, "MobileNetV2": 71.3, "DenseNet121": 75.0, "DenseNet169": 76.2, "DenseNet201": 77.3,
    "NASNetMobile": 74.4, "NASNetLarge": 82.5, "EfficientNetB0": 77.1, "EfficientNetB1": 79.1,
    "EfficientNetB2": 80.1, "EfficientNetB3": 81.6, "EfficientNetB4": 82.9, "EfficientNetB5": 83.6,
    "EfficientNetB6": 84.0, "EfficientNetB7": 84.3, "EfficientNetV2B0": 78.7, "EfficientNetV2B1": 79.8,
    "EfficientNetV2B2": 80.5, "EfficientNetV2B3": 82.0, "EfficientNetV2S": 83.9, "EfficientNetV2M": 85.3,
    "EfficientNetV2L": 85.7, "ConvNeXtTiny": 81.3, "ConvNeXtSmall": 82.3, "ConvNeXtBase": 85.3,
    "ConvNeXtLarge": 86.3, "ConvNeXtXLarge": 86.7,
}  # fmt: skip
TOP_1 = {
    **{name: (percent, KERAS) for name, percent in OF_KERAS.items()},
    "MobileNetV3Large": (75.6, MOBILE),
    "MobileNetV3Small": (68.1, MOBILE),
    "EfficientNet-Lite0": (75.1, LITE),
    "EfficientNet-Lite1": (76.7, LITE),
    "EfficientNet-Lite2": (77.6, LITE),
    "ResNet18": (69.8, TORCH),
    "ResNet34": (73.3, TORCH),
}


def rows(names: Collection[str] = ()) -> Iterator[tuple[str, float, str, float, str]]:
    """Yield name, millions of parameters, top-1, GFLOP and where the weights come from, by parameters.

    Args:
        names: Of the networks to count, as the table writes them; none for all.
    """
    found = []
    described = {name_of(backbone): backbone for backbone in (describe() for describe in backbones().values())}
    for name in names or described:
        backbone = described[name]
        with keras.StatelessScope(initialize_variables=False):  # no memory for the weights: hundreds of millions
            model = backbone.build((SIZE, SIZE, 3))
        parameters = sum(math.prod(weight.shape) for weight in model.weights)
        percent, source = TOP_1[backbone.label]
        row = (name, parameters / 1e6, f"{percent:.1f} {source}", 2 * multiplications(model) / 1e9, origin(backbone))
        found.append(row)
    yield from sorted(found, key=lambda row: row[1])


def name_of(backbone: Backbone) -> str:
    """Return a backbone's name as the table writes it."""
    return backbone.label.lower().replace("-", "_")


def origin(backbone: Backbone) -> str:
    """Return where the weights of a backbone come from."""
    if backbone.imagenet_file is not None:
        return PACKAGE
    kinds = [DOWNLOAD] * backbone.has_imagenet + [STATE_DICT] * (backbone.as_in_torch is not None)
    return " or ".join(kinds)


def multiplications(model: keras.Model) -> int:
    """Return the products of weights and features that the kernels of a model take for one image."""
    return sum(_of_layer(layer) for layer in model._flatten_layers() if not isinstance(layer, keras.Model))


def _of_layer(layer: Any) -> int:
    if not isinstance(layer, keras.layers.Dense) and not hasattr(layer, "kernel_size"):
        return 0
    positions = math.prod(layer.output.shape[1:-1])  # each kernel is applied at each position of its output
    return positions * sum(math.prod(weight.shape) for weight in layer.weights if len(weight.shape) > 1)


def table() -> str:
    """Return the table in Markdown."""
    lines = [
        "| name | parameters, millions | top-1, % | GFLOP | ImageNet weights |",
        "|---|---:|---:|---:|---|",
    ]
    return "\n".join([*lines, *map(line, rows())])


def line(row: tuple[str, float, str, float, str]) -> str:
    """Return a row in Markdown."""
    name, parameters, top_1, operations, weights = row
    return f"| `{name}` | {parameters:.1f} | {top_1} | {operations:.2f} | {weights} |"


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the table of encoders into a page, or print it.")
    parser.add_argument("--write", type=Path, help="the page; without it the table is printed")
    parser.add_argument("names", nargs="*", help="print the rows of these networks alone")
    arguments = parser.parse_args()
    page = arguments.write
    if page is None:
        print("\n".join(map(line, rows(arguments.names))) if arguments.names else table())
        return
    before, _, rest = page.read_text(encoding="utf-8").partition(START)
    page.write_text(f"{before}{START}\n{table()}\n{END}{rest.partition(END)[2]}", encoding="utf-8")


if __name__ == "__main__":
    main()
