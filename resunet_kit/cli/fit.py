"""`python -m resunet_kit fit`: train a network on two folders, and assess it."""

import argparse
import ast
from typing import Any

EXAMPLES = """examples:
  python -m resunet_kit fit images masks --out run
  python -m resunet_kit fit scans labels --out run --epochs 100 --image-size 256 --groups "(patient_[0-9]+)"
  python -m resunet_kit fit data/images data/masks --out run --num-classes 21 --ignore-class 255
  python -m resunet_kit fit images masks --out run --resume

The run folder gets model.keras, settings.json, split.csv, scores.csv, scores.json, history.json and report.html.
Mark new images with it:
  python -m resunet_kit predict --run run --out predictions new_images
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("images", help="folder of images, or a pattern such as 'data/*_image.png'")
    parser.add_argument("masks", help="folder of masks, with the names of the images or something before or after them")
    parser.add_argument("--out", required=True, help="run folder to write, new or empty")
    parser.add_argument("--resume", action="store_true", help="continue an interrupted training in --out")
    parser.add_argument("--seed", type=int, default=0, help="of split, weights and order (default: %(default)s)")
    parser.add_argument("--quiet", action="store_true", help="print nothing but errors")
    _add_data(parser.add_argument_group("data"))
    _add_training(parser.add_argument_group("training"))


def _add_data(group: Any) -> None:
    group.add_argument(
        "--groups",
        default="auto",
        metavar="auto|folder|none|REGEX",
        help="what images belong together, so that no patient is in two parts: found in names and folders, each "
        "image's folder, nothing, or a regular expression with a group, searched in the path (default: %(default)s)",
    )
    group.add_argument("--key", help="regular expression whose groups say which image and mask are a pair")
    group.add_argument("--drop-unmatched", action="store_true", help="leave out files without a partner")
    group.add_argument("--num-classes", type=int, help="classes of the masks with the background (default: found)")
    group.add_argument("--ignore-class", type=int, help="label that is no class, often 255")
    group.add_argument(
        "--classes",
        type=table,
        metavar="TABLE",
        help="what stored numbers or colours mean, such as '{4: 3}' or '{(128, 0, 0): 1, None: 0}'",
    )
    group.add_argument("--foreground", action="store_true", help="every number above 0 is foreground")
    group.add_argument("--channels", type=int, choices=(1, 3), help="read images as grey or as RGB (default: found)")
    group.add_argument("--full-scale", type=float, help="stored number of images that stands for white")
    group.add_argument("--nan", type=float, help="what NaN in images is read as")
    group.add_argument(
        "--normalize",
        choices=("auto", "image", "none"),
        default="auto",
        help="intensities: by 255 or by "
        "the training images' statistics, by each image's own, or in [0, 1] (default: %(default)s)",
    )
    group.add_argument(
        "--image-size",
        type=int,
        nargs="+",
        metavar="PIXELS",
        help="height and width that images are resized to, or one number for both (default: found)",
    )
    group.add_argument("--validation-fraction", type=float, default=0.15, help="default: %(default)s")
    group.add_argument("--test-fraction", type=float, default=0.15, help="default: %(default)s")


def _add_training(group: Any) -> None:
    group.add_argument("--epochs", type=int, default=50, help="passes over the training images (default: %(default)s)")
    group.add_argument("--batch-size", type=int, help="images in a batch (default: 8, or fewer for few images)")
    group.add_argument("--filters", type=int, nargs="+", help="of each level of the network (default: by the images)")
    group.add_argument("--learning-rate", type=float, default=1e-3, help="its maximum (default: %(default)s)")
    group.add_argument("--patience", type=int, help="stop after so many epochs without a better validation")
    group.add_argument(
        "--precision",
        choices=("auto", "float32", "mixed_bfloat16"),
        default="auto",
        help="of the computation (default: %(default)s)",
    )
    group.add_argument("--no-augment", action="store_true", help="train on the images as they are")


def run(arguments: argparse.Namespace) -> int:
    """Train, and print what was chosen and the results."""
    from resunet_kit.training import fit_folder

    size = arguments.image_size
    fit_folder(
        arguments.images,
        arguments.masks,
        out=arguments.out,
        groups=None if arguments.groups == "none" else arguments.groups,
        key=arguments.key,
        unmatched="drop" if arguments.drop_unmatched else "raise",
        num_classes=arguments.num_classes,
        ignore_class=arguments.ignore_class,
        classes=arguments.classes,
        foreground=arguments.foreground,
        channels=arguments.channels,
        full_scale=arguments.full_scale,
        nan=arguments.nan,
        normalize=None if arguments.normalize == "none" else arguments.normalize,
        image_size=size[0] if size is not None and len(size) == 1 else size,
        validation_fraction=arguments.validation_fraction,
        test_fraction=arguments.test_fraction,
        epochs=arguments.epochs,
        batch_size=arguments.batch_size,
        filters=arguments.filters,
        learning_rate=arguments.learning_rate,
        patience=arguments.patience,
        augment=None if arguments.no_augment else "auto",
        precision=arguments.precision,
        seed=arguments.seed,
        resume=arguments.resume,
        verbose=0 if arguments.quiet else "auto",
    )
    return 0


def table(text: str) -> dict[Any, int]:
    """Return the dictionary written in a text, without running code."""
    try:
        found = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        found = None
    if not isinstance(found, dict):
        raise argparse.ArgumentTypeError(f"{text!r} is not a table such as {{4: 3}} or {{(128, 0, 0): 1, None: 0}}")
    return found
