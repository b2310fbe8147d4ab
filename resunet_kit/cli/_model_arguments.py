"""The model of a command, from a run folder or a file, and how its images are read."""

import argparse
from pathlib import Path
from typing import Any


def add_model_arguments(parser: argparse.ArgumentParser, *, required: bool) -> None:
    """Add the arguments that select a model and how it predicts."""
    source = parser.add_mutually_exclusive_group(required=required)
    source.add_argument("--run", dest="run_folder", metavar="RUN", help="run folder that fit wrote")
    source.add_argument("--model", metavar="FILE", help="model.keras, or what Cascade.save wrote")
    parser.add_argument("--threshold", type=float, metavar="P", help="with --model: minimum probability (0.5)")
    parser.add_argument("--channels", type=int, metavar="N", help="with --model: read images as 1 grey or 3 colours")
    parser.add_argument("--tile", type=int, nargs="+", metavar="N", help="predict in windows of this size")
    parser.add_argument("--overlap", type=float, default=0.5, metavar="F", help="overlap of windows (0.5)")
    parser.add_argument("--batch-size", type=int, metavar="N", help="images, or with --tile windows, a step")


def loaded_model(arguments: argparse.Namespace) -> tuple[Any, dict[str, Any], dict[str, Any]]:
    """Return the model, the options of `predict_folder`, and the options of masks.

    Raises:
        ValueError: If the model cannot be read, or an option does not apply to a run.
    """
    model, options, mask_options = _of_run(arguments) if arguments.run_folder else _of_file(arguments)
    if arguments.tile is not None:
        options.update(tile=_tile(arguments.tile), overlap=arguments.overlap, image_size=None)
    return model, {**options, "batch_size": arguments.batch_size}, mask_options


def _tile(sizes: list[int]) -> int | tuple[int, ...]:
    return sizes[0] if len(sizes) == 1 else tuple(sizes)


def _of_run(arguments: argparse.Namespace) -> tuple[Any, dict[str, Any], dict[str, Any]]:
    from resunet_kit.data.files.missing_values import nan_label
    from resunet_kit.training.run_folder import load_run

    for name in ("threshold", "channels"):
        if getattr(arguments, name) is not None:
            raise ValueError(
                f"Expected --{name} with --model. Received it with --run, which has its own. Leave it out."
            )
    model, settings = load_run(arguments.run_folder)
    options = {
        "image_options": settings.image_options,
        "image_size": settings.image_size,
        "postprocess": settings.postprocess,
    }
    nan = nan_label(settings.nan, settings.ignore_class)
    return model, options, {**settings.mask_options, "nan": nan, "exif_rotation": settings.exif_rotation}


def _of_file(arguments: argparse.Namespace) -> tuple[Any, dict[str, Any], dict[str, Any]]:
    from resunet_kit.inference import Cascade
    from resunet_kit.masks import PostProcess

    path = Path(arguments.model)
    if path.suffix != ".keras":
        model: Any = Cascade.load(path)
    else:
        model = _keras_model(path)
    options: dict[str, Any] = {}
    if arguments.threshold is not None:
        options["postprocess"] = PostProcess(threshold=arguments.threshold)
    if arguments.channels is not None:
        options["image_options"] = {"channels": arguments.channels}
    return model, options, {}


def _keras_model(path: Path) -> Any:
    import keras

    from resunet_kit._shared.errors import reason

    if not path.is_file():
        raise ValueError(f"Expected a model file. Received {str(path)!r}, which does not exist. Check the path.")
    try:
        return keras.models.load_model(path, compile=False)
    except Exception as error:  # Keras raises nearly anything on damaged files
        raise ValueError(
            f"Expected a model file. Received {str(path)!r}, which cannot be read: {reason(error)} Save it again "
            "with model.save."
        ) from error
