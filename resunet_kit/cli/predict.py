"""`python -m resunet_kit predict`: one mask per image, all at once or in shards."""

import argparse
import sys

from resunet_kit.cli._model_arguments import add_model_arguments, loaded_model

EXAMPLES = """examples:
  python -m resunet_kit predict --run run --out predictions new_images
  python -m resunet_kit predict --run run --out predictions --shard 3/16 new_images

Shards may run at once and in any order. Afterwards the same command without --shard writes one table of all images.
A command that is repeated continues where it was interrupted.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("images", nargs="+", metavar="IMAGES", help="image files, or folders that are searched below")
    add_model_arguments(parser, required=True)
    parser.add_argument("--out", required=True, metavar="DIR", help="folder for masks and predictions.csv")
    parser.add_argument("--shard", metavar="K/N", help="predict the K-th of N parts only, K from 1 to N")
    parser.add_argument("--probabilities", metavar="DIR", help="folder for probabilities too")
    parser.add_argument("--quiet", action="store_true", help="without a progress bar")


def run(arguments: argparse.Namespace) -> int:
    """Predict the masks, and return 1 if an image could not be predicted."""
    from resunet_kit.inference import predict_folder
    from resunet_kit.inference._image_files import shard_of

    shard_of(arguments.shard)  # before the model is loaded
    model, options, _ = loaded_model(arguments)
    found = predict_folder(
        model,
        arguments.images,
        out=arguments.out,
        shard=arguments.shard,
        probabilities=arguments.probabilities,
        errors="continue",
        verbose=int(sys.stdout.isatty() and not arguments.quiet),
        **options,
    )
    print(f"{found.predicted} predicted, {found.skipped} predicted before, {len(found.errors)} errors: {found.table}")
    for name, why in found.errors.items():
        print(f"error: {name}: {' '.join(why.split())}", file=sys.stderr)
    return 1 if found.errors else 0
