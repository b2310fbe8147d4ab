"""`python -m resunet_kit evaluate`: scores of masks, or of a run on images whose masks are known."""

import argparse
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

from resunet_kit.cli._model_arguments import add_model_arguments, loaded_model
from resunet_kit.cli._seen_images import PARTS, note_on_parts, seen
from resunet_kit.metrics._case_scores import Statistic

EXAMPLES = """examples:
  python -m resunet_kit evaluate --run run --images images --masks masks --out scores
  python -m resunet_kit evaluate --run run --images images --masks masks --part test
  python -m resunet_kit evaluate --predictions predictions --masks masks --groups 'patient_(\\d+)' --out scores

Distances are in millimetres where files are NIfTI or --spacing is given, else in pixels; the columns say which.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_model_arguments(parser, required=False)
    parser.add_argument("--images", metavar="DIR", help="with --run or --model: folder of images")
    parser.add_argument("--part", choices=PARTS, help="with --run: score only the images of this part of its split")
    parser.add_argument("--predictions", metavar="DIR", help="instead of a model: folder of predicted masks")
    parser.add_argument("--masks", required=True, metavar="DIR", help="folder of true masks")
    parser.add_argument("--out", metavar="DIR", help="folder for scores.csv and scores.json")
    parser.add_argument(
        "--groups",
        metavar="RULE",
        help="patients: 'folder', or a regular expression with a group; with --run those of the run, where it has "
        "seen all images",
    )
    parser.add_argument(
        "--spacing", type=float, nargs="+", metavar="MM", help="millimetres between pixels, an axis each"
    )
    parser.add_argument("--num-classes", type=int, metavar="N", help="classes with the background")
    parser.add_argument("--ignore-class", type=int, metavar="LABEL", help="label of the truth that is not scored")
    parser.add_argument("--empty", default="1", metavar="RULE", help="overlap of two empty masks; or skip, skip_both")
    parser.add_argument("--tolerance", type=float, default=1.0, metavar="MM", help="of the surface Dice (1)")
    parser.add_argument("--statistic", choices=get_args(Statistic), default="mean", help="over patients (mean)")
    parser.add_argument("--image-suffix", metavar="TEXT", help="what names of images, or predictions, end with")
    parser.add_argument("--mask-suffix", metavar="TEXT", help="what names of masks end with, as in _mask")
    parser.add_argument("--unmatched", choices=("raise", "drop"), help="files without a partner: refuse or leave out")
    parser.add_argument("--quiet", action="store_true", help="without a progress bar")


def run(arguments: argparse.Namespace) -> int:
    """Score the masks, print the summary and write both files."""
    from resunet_kit.evaluation import evaluate

    with_model = arguments.run_folder is not None or arguments.model is not None
    if with_model == (arguments.predictions is not None) or with_model != (arguments.images is not None):
        raise ValueError(
            "Expected --predictions, or --images with --run or --model. Received another choice of them. Pass one or "
            "the other."
        )
    if arguments.part is not None and arguments.run_folder is None:
        raise ValueError(f"Expected --part with --run. Received --part {arguments.part} without. Leave it out.")
    options = _score_options(arguments)
    masks, images = arguments.masks, arguments.images
    predictions: Any = arguments.predictions
    by_model: dict[str, Any] = {}
    mask_options: dict[str, Any] = {}
    if with_model:
        predictions, by_model, mask_options = loaded_model(arguments)
    if arguments.run_folder is not None:
        images, masks, groups = _chosen_pairs(arguments, options.pop("pairing"))
        options["groups"] = options["groups"] or groups
    found = evaluate(
        masks,
        predictions,
        images=images,
        mask_options=mask_options,
        verbose=int(with_model and sys.stdout.isatty() and not arguments.quiet),
        **options,
        **by_model,
    )
    print(found)
    if arguments.out is not None:
        found.to_csv(Path(arguments.out, "scores.csv"))
        found.to_json(Path(arguments.out, "scores.json"))
    return 0


def _chosen_pairs(arguments: argparse.Namespace, pairing: dict[str, Any]) -> tuple[list[Any], list[Any], Any]:
    """Return the images and masks to score, with the run's groups if it knows all of them.

    A warning on standard error says which of them it was trained on.
    """
    from resunet_kit.data import pair_by_name
    from resunet_kit.training._folder_results import split_rows

    images, masks = pair_by_name(arguments.images, arguments.masks, **pairing)
    rows = seen(images, split_rows(Path(arguments.run_folder)))
    if arguments.part is not None:
        chosen = [index for index, row in enumerate(rows) if row is not None and row["part"] == arguments.part]
        if not chosen:
            raise ValueError(
                f"Expected --images with images of the run's {arguments.part} part. Received {len(images)} images and "
                "none of them. Pass the folder that the run was trained on, or leave --part out."
            )
        images, masks = [images[index] for index in chosen], [masks[index] for index in chosen]
        rows = [rows[index] for index in chosen]
    elif (note := note_on_parts([None if row is None else row["part"] for row in rows])) is not None:
        print(note, file=sys.stderr)
    groups = [row["group"] for row in rows if row is not None]
    return images, masks, groups if len(groups) == len(images) else None


def _score_options(arguments: argparse.Namespace) -> dict[str, Any]:
    pairing = {name: getattr(arguments, name) for name in ("image_suffix", "mask_suffix", "unmatched")}
    spacing = arguments.spacing
    return {
        "groups": None if arguments.groups is None else _grouping(arguments.groups),
        "spacing": spacing[0] if spacing is not None and len(spacing) == 1 else spacing,
        "num_classes": arguments.num_classes,
        "ignore_class": arguments.ignore_class,
        "empty": _empty(arguments.empty),
        "tolerance": arguments.tolerance,
        "statistic": arguments.statistic,
        "pairing": {name: text for name, text in pairing.items() if text is not None},
    }


def _empty(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text  # a name, which is checked where it is used


def _grouping(rule: str) -> Callable[[Path], str]:
    """Return the function from a path to its group.

    Raises:
        ValueError: If the rule is not a regular expression with a group; when it is called, if a path does not match.
    """
    if rule == "folder":
        return lambda path: path.absolute().parent.name
    expected = "Expected --groups to be 'folder', or a regular expression with a group in brackets."
    try:
        pattern = re.compile(rule)
    except re.error as error:
        raise ValueError(f"{expected} Received {rule!r} ({error}). Pass one, as in 'patient_(\\d+)'.") from None
    if not pattern.groups:
        raise ValueError(f"{expected} Received {rule!r}. Put the patient in brackets, as in 'patient_(\\d+)'.")

    def group(path: Path) -> str:
        found = pattern.search(path.as_posix())
        if found is None:
            raise ValueError(
                f"Expected --groups to match every path. Received {path.as_posix()!r}, which {rule!r} does not match. "
                "Pass a rule that does."
            )
        return "_".join(part or "" for part in found.groups())

    return group
