"""Export of models to files for other engines, which are compared with the model before they are kept."""

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import keras
import numpy as np

from resunet_kit._shared.errors import reason
from resunet_kit._shared.numbers import choice, number
from resunet_kit._shared.writing import atomic_write
from resunet_kit.inference import _runners
from resunet_kit.inference._export_checks import check_calibration, check_model, check_path
from resunet_kit.inference._export_comparison import Comparison, compare, difference, outputs_of
from resunet_kit.inference._float32_twin import float32_twin
from resunet_kit.inference._optional import optional
from resunet_kit.inference._quantization import write_int8
from resunet_kit.inference._quantized_dice import DiceScores, dice_scores, predictions
from resunet_kit.inference._writing import ENGINES, SUFFIXES, write

Format = Literal["onnx", "openvino", "litert", "tf_saved_model"]
Precision = Literal["float32", "int8"]


class ExportReport(float):
    """Largest difference between an exported file's outputs and the model's, with the comparisons behind it.

    As a number it equals `max_difference`.

    Attributes:
        path: The file, or the folder of a SavedModel. For OpenVINO the `.xml`; the weights are in the `.bin` beside it.
        format: Format of the file: `"onnx"`, `"openvino"`, `"litert"` or `"tf_saved_model"`.
        precision: Precision of the file: `"float32"` or `"int8"`.
        comparisons: Result of the comparison on each batch.
        dice: Dice of the int8 file's masks of the calibration images; None in float32.
        float32_dice: Dice of the model's masks of the same images.

    Example:
        >>> report = ExportReport(path=Path("model.onnx"), format="onnx", precision="float32", comparisons=[])
        >>> report.max_difference, report < 1e-4
        (0.0, True)
    """

    path: Path
    format: str
    precision: str
    comparisons: tuple[Comparison, ...]
    dice: float | None
    float32_dice: float | None

    def __new__(
        cls, *, path: Path, format: str, precision: str, comparisons: Sequence[Comparison],
        scores: DiceScores | None = None,
    ) -> "ExportReport":  # fmt: skip
        """Create a report whose value is the largest difference of the comparisons."""
        report = super().__new__(cls, max((found.judged for found in comparisons), default=0.0))
        report.path, report.format, report.precision = path, format, precision
        report.comparisons = tuple(comparisons)
        report.dice, report.float32_dice = scores or (None, None)
        return report

    @property
    def max_difference(self) -> float:
        """Largest difference of all comparisons, each divided by its amplification."""
        return float(self)

    def __repr__(self) -> str:
        dice = "" if self.dice is None else f", dice={self.dice:.4f}, float32_dice={self.float32_dice:.4f}"
        return (
            f"ExportReport(path={str(self.path)!r}, format={self.format!r}, precision={self.precision!r}, "
            f"max_difference={float(self):.2g}{dice}, comparisons={len(self.comparisons)})"
        )


def export(
    model: keras.Model,
    path: str | os.PathLike[str],
    *,
    format: Format = "onnx",
    tolerance: float = 1e-3,
    precision: Precision = "float32",
    calibration: Any = None,
    truths: Any = None,
    max_dice_drop: float = 0.05,
) -> ExportReport:
    """Write a model to a file for another engine, if that gives the same outputs.

    The file takes batches of any size, and images of any size if the model does. It is compared with the model on
    random images, zeros, ones, negative and large values, in several batch sizes, and in other image sizes if they are
    variable. `path` is written only if the outputs agree: after any failure, what was there before is still there.

    Args:
        model: A functional or sequential model of one input and any outputs. A model of mixed precision is written, and
            compared, in float32 with the same weights.
        path: The file, which is replaced; its suffix is that of the format: `.onnx`, `.xml` (the weights go into a
            `.bin` of the same name) or `.tflite`. A SavedModel is a new or empty folder.
        format: `"onnx"`, `"openvino"`, `"litert"` (once TensorFlow Lite) or `"tf_saved_model"`.
        tolerance: Largest accepted difference of the outputs from the model's, relative to the model's largest output
            if that is above 1. If the model itself amplifies rounding, as some do on large values, the difference is
            divided by the amplification, at most by 100.
        precision: `"float32"`, or `"int8"`: 8-bit integers between float32 inputs and outputs, not for SavedModel. It
            is judged by Dice, not by the tolerance.
        calibration: For int8, about 100 images as the model gets them, `(n, ...)`, from the training data. A LiteRT
            file takes images of their size.
        truths: For int8, the masks of these images, 0/1 or class labels: `(n, ...)`, `(n, ..., 1)` or one-hot.
        max_dice_drop: For int8, how far Dice may fall below that of float32, in [0, 1]. Without truths it is the Dice
            between the masks of both.

    Returns:
        The largest difference, with the comparisons, and for int8 the Dice of both; with several outputs, the first's.

    Raises:
        ImportError: If a package of the format is not installed; the message names the extra.
        TypeError: If the model is not a keras.Model, or an option is of a wrong type.
        ValueError: If the model is not built, has several inputs, weights that are not finite, or operations that the
            format lacks; if the path's suffix or an option is not as above; if the outputs differ by more than the
            tolerance, or Dice drops further than accepted.

    Example:
        >>> import tempfile
        >>> from resunet_kit.inference import export
        >>> from resunet_kit.models import res_unet
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     report = export(res_unet((32, 32, 1), filters=(4, 8)), f"{folder}/model.tflite", format="litert")
        >>> report.max_difference < 1e-3
        True
    """
    form, precision_name = choice("format", format, SUFFIXES), choice("precision", precision, ("float32", "int8"))
    tolerance = number("tolerance", tolerance, "[0, inf)")
    max_dice_drop = number("max_dice_drop", max_dice_drop, "[0, 1]")
    check_model(model)
    target = check_path(path, form)
    images = check_calibration(model, form, precision_name, calibration, truths)
    for package in ENGINES[form]:
        optional(package)
    twin = float32_twin(model)
    with _temporary(target, form) as temporary:
        if images is None:
            comparisons = _write_float32(twin, temporary, form, tolerance)
            scores = None
        else:
            comparisons, scores = _write_int8(twin, temporary, form, images, truths, max_dice_drop)
    return ExportReport(path=target, format=form, precision=precision_name, comparisons=comparisons, scores=scores)


@contextlib.contextmanager
def _temporary(target: Path, form: str) -> Iterator[Path]:
    """Yield a temporary path of the same suffix; what is there at the end is renamed to the target."""
    with contextlib.ExitStack() as stack:
        temporary = stack.enter_context(atomic_write(target, folder=form == "tf_saved_model"))
        if form != "openvino":
            yield temporary
            return
        weights = stack.enter_context(atomic_write(target.with_suffix(".bin")))
        written = temporary.with_suffix(".bin")  # where the engine looks for them
        stack.callback(written.unlink, missing_ok=True)
        yield temporary
        written.replace(weights)


def _write_float32(model: keras.Model, path: Path, form: str, tolerance: float) -> list[Comparison]:
    with _clear_errors(form):
        write(model, path, form)
        comparisons = compare(model, _runners.load(path, form))
    worst = max(comparisons, key=lambda found: found.judged)
    if not worst.judged <= tolerance:
        small = "Raise the tolerance if that is small, or choose another format."
        none = "One of them has NaN, infinities or another shape there. Choose another format."
        raise ValueError(
            f"Expected outputs of the {form} file within {tolerance:g} of the model's. Received a difference of "
            f"{worst.judged:.3g} on {worst.name} of shape {worst.shape}. {small if np.isfinite(worst.judged) else none}"
        )
    return comparisons


def _write_int8(
    model: keras.Model, path: Path, form: str, images: np.ndarray, truths: Any, max_dice_drop: float
) -> tuple[list[Comparison], DiceScores]:
    float32 = predictions(lambda batch: outputs_of(model, batch)[0], images)
    if truths is not None:  # before the long work
        dice_scores(float32, float32, truths)
    with _clear_errors(form):
        write_int8(model, path, form, images)
        run = _runners.load(path, form)
        int8 = predictions(lambda batch: run(batch)[0], images)
    if int8.shape != float32.shape or not np.isfinite(int8).all():
        raise ValueError(
            f"Expected finite outputs of shape {float32.shape} of the {form} file. Received shape {int8.shape}. Choose "
            "another format."
        )
    scores = dice_scores(float32, int8, truths)
    if not scores.float32_dice - scores.dice <= max_dice_drop:
        raise ValueError(
            f"Expected a Dice of the int8 file at most {max_dice_drop:g} below float32's. Received "
            f"{scores.dice:.4f} instead of {scores.float32_dice:.4f}. Pass more, and more varied, calibration images, "
            "or raise max_dice_drop."
        )
    return [Comparison("calibration images", images.shape, difference([float32], [int8]))], scores


@contextlib.contextmanager
def _clear_errors(form: str) -> Iterator[None]:
    """Turn an engine's error, whatever its type, into one that says what it is about."""
    try:
        yield
    except (ImportError, OSError):
        raise
    except Exception as error:
        if isinstance(error, ValueError) and str(error).startswith("Expected "):
            raise
        raise ValueError(
            f"Expected a model that {form} can express. Received the error: {reason(error)} Choose another format, or "
            "replace the operation that the error names."
        ) from error
