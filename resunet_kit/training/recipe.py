"""Training and assessment of a model from two folders, by a default recipe."""

import hashlib
import importlib.metadata
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import keras
import numpy as np

import resunet_kit
from resunet_kit._shared.numbers import choice, flag, integer, number
from resunet_kit.data import pair_by_name
from resunet_kit.data.files.label_table import Classes
from resunet_kit.data.files.paths import PathLike
from resunet_kit.data.files.resizing import ImageSize
from resunet_kit.data.pairing.listing import Files
from resunet_kit.data.pairing.pairing import Key, Unmatched
from resunet_kit.metrics import Evaluation
from resunet_kit.training import _folder_assessment as assessment
from resunet_kit.training import _folder_results as results
from resunet_kit.training import run_folder
from resunet_kit.training._folder_network import Network, check_network, fixed_size, made_network
from resunet_kit.training._folder_plan import FolderPlan, made_plan
from resunet_kit.training._folder_precision import with_precision
from resunet_kit.training._folder_recipe import Precision, Recipe, checked_options, made_recipe
from resunet_kit.training._folder_split import PARTS
from resunet_kit.training._folder_training import MONITOR, best_epoch, train
from resunet_kit.training._name_groups import Groups
from resunet_kit.training.run_folder import RunSettings

Verbose = Literal["auto", 0, 1, 2]


@dataclass(frozen=True)
class FitResult:
    """Result of `fit_folder`, printed as its scores.

    Attributes:
        model: The trained network, with the weights of its best epoch.
        settings: How images are read for it, and what its outputs mean.
        split: The image files of each part: "train", "validation" and "test".
        scores: Every score of each test image, and for each class and score the mean over the groups with its 95 %
            interval, as `resunet_kit.evaluation.evaluate` returns them.
        history: One list per metric, with one value per epoch.
        decisions: What was chosen and why, one sentence each.
        report: The path of the report.
        out: The run folder, which `load_run` and the commands `predict` and `evaluate` accept.
    """

    model: keras.Model
    settings: RunSettings
    split: Mapping[str, list[str]]
    scores: Evaluation
    history: Mapping[str, list[float]]
    decisions: Sequence[str]
    report: Path
    out: Path

    def __str__(self) -> str:
        return f"{self.scores}\n\nReport: {self.report}"


def fit_folder(
    images_dir: Files,
    masks_dir: Files,
    *,
    out: PathLike,
    model: Network | None = None,
    groups: Groups = "auto",
    key: Key | tuple[Key, Key] | None = None,
    unmatched: Unmatched = "raise",
    num_classes: int | None = None,
    ignore_class: int | None = None,
    classes: Classes | None = None,
    foreground: bool = False,
    channel: int | None = None,
    channels: int | None = None,
    full_scale: float | None = None,
    nan: float | None = None,
    exif_rotation: bool | None = None,
    image_size: ImageSize | None = None,
    normalize: Any = "auto",
    validation_fraction: float = 0.15,
    test_fraction: float = 0.15,
    filters: Sequence[int] | None = None,
    augment: Any = "auto",
    batch_size: int | None = None,
    epochs: int = 50,
    learning_rate: float = 1e-3,
    patience: int | None = None,
    precision: Precision = "auto",
    callbacks: Sequence[keras.callbacks.Callback] = (),
    seed: int = 0,
    resume: bool = False,
    verbose: Verbose = "auto",
) -> FitResult:
    r"""Train and assess a network on a folder of images and a folder of masks, by a recipe that suits most data.

    Every pair is read once before training, so that unusable files are named at once. What you leave open is then
    chosen from the files, and printed with its reason: groups, classes, channels, size, intensities, batch size and
    network. Images of one group, such as a patient, stay in one part of the split, and so do images with equal pixels.
    The loss is Dice over the batch plus cross-entropy; the learning rate of AdamW rises during the first twentieth of
    all steps, then falls along a cosine; images are augmented; the weights of the epoch with the highest validation
    Dice are kept; the threshold and the smallest component are chosen on validation images; the scores are those of
    test images that influenced no choice, with intervals over the groups.

    The files that `resunet_kit.training.run_folder` lists are written to `out`, `settings.json` last: without it, the
    run is not finished. With `resume=True`, an interrupted run continues after its last epoch, with the batches that it
    would have had.

    Args:
        images_dir: Folder of images, searched at any depth; a glob pattern, such as `"data/*/*.tif"`; or a list of
            paths.
        masks_dir: Folder of masks with the same names, or with a prefix or suffix.
        out: The run folder, new or empty.
        model: A built `keras.Model` from images to probabilities, trained as it is; or a function
            `(input_shape, num_classes) -> keras.Model`. None builds `res_unet`.
        groups: Which images belong together: `"auto"` looks for patients in folders and names, `"folder"` takes
            the first folder in which the paths differ, any other string is a regular expression with a group, searched
            in the path with forward slashes. Or a function of the path, or a list in the order of `pair_by_name`. None
            makes each image a group of its own.
        key: What identifies a pair if names differ in more than a prefix or suffix: a regular expression with groups,
            as in `r"(\d+)_(left|right)"`, or a function of the path. A tuple gives one for images and one for masks.
        unmatched: `"raise"` refuses files that have no partner, `"drop"` leaves them out.
        num_classes: Number of classes in the masks, including the background; 1 and 2 mean binary masks, with one
            output channel. None finds it from the masks.
        ignore_class: A label that is not a class, often 255: its pixels count neither in the loss nor in scores.
        classes: What stored numbers or colours mean, as a dictionary: `{4: 3}` reads 4 as class 3, `{(0, 0, 0): 0,
            (128, 0, 0): 1}` reads colours; the key None stands for everything that is not listed.
        foreground: True reads every number above 0, in colour files every colour except black, as 1, which suits masks
            of instances.
        channel: Channel of mask files that holds the labels.
        channels: 1 to read images as grey, 3 as RGB. None finds it from the files.
        full_scale: The stored value of images that corresponds to 1; None takes what each file says.
        nan: The number that NaN in images is read as; None refuses NaN.
        exif_rotation: True rotates and mirrors images and masks as their EXIF tags say, as viewers do; False reads the
            stored pixels. None does the same as False, and warns if a tag says otherwise.
        image_size: `(height, width)` that images are resized to, or one integer. None takes the median size, at most
            512 on the longer side, as a multiple of 16. Scores and predictions are at each image's own size.
        normalize: `"auto"` divides 8-bit images by 255, and brings others to mean 0 and standard deviation 1 by the
            statistics of the training images; `"image"` does so by the statistics of each image alone; `(mean, std)`
            uses these; None leaves the values in [0, 1].
        validation_fraction: Fraction of images for validation, on which choices are made.
        test_fraction: Fraction of images for the scores.
        filters: Channels of the default network's levels. None takes more for more images.
        augment: An `Augment`, or another callable `augment(images, masks, seed=seed)` on batches of NumPy arrays; None
            for no augmentation, `"auto"` for small movements and changes of exposure.
        batch_size: None takes 8, or fewer for few images.
        epochs: Passes over the training images.
        learning_rate: Maximum of the learning rate, after the warm-up.
        patience: Number of epochs without a better validation score after which training stops; None trains all epochs.
        precision: `"float32"` or `"mixed_bfloat16"`; `"auto"` takes Keras's dtype policy if one was set, and otherwise
            the faster of both, which `tune_for_machine` measures if training takes long compared with measuring. A
            resumed run keeps its precision, and a built model its own.
        callbacks: Additional Keras callbacks.
        seed: Seed of the split, weights, order and augmentation. Sets Keras's seed.
        resume: Whether to continue an unfinished run in `out`; a finished one is loaded, and a new one started.
        verbose: 0 prints nothing, 1 a progress bar for each epoch, 2 a line for each; `"auto"` is 1, or 2 if the output
            is not a terminal.

    Returns:
        The model, split, scores, report and more.

    Raises:
        TypeError: If an option is of a wrong type.
        ValueError: Before training, if files cannot be read, paired or grouped, masks lack foreground or skip labels,
            an option is out of range, or the model does not fit; while training, if the loss is not finite.

    Example:
        >>> from resunet_kit.training import fit_folder
        >>> fit_folder("no_such_folder", "masks", out="run")
        Traceback (most recent call last):
        ...
        ValueError: Expected images to be a list of paths, a folder or a pattern. Received 'no_such_folder', which is
        not a folder. Check it; pass a single file as a list.
    """
    options = checked_options(
        filters=filters,
        augment=augment,
        batch_size=batch_size,
        epochs=epochs,
        learning_rate=learning_rate,
        patience=patience,
        precision=precision,
    )
    fractions = _fractions(validation_fraction, test_fraction)
    seed = integer("seed", seed, "[0, 4294967295]")
    check_network(model)
    bar, folder = _verbosity(verbose), _folder(out)
    if results.check_out(folder, resume=flag("resume", resume)):
        return _finished(folder)
    pairs = pair_by_name(images_dir, masks_dir, key=key, unmatched=unmatched)
    plan = made_plan(
        *([os.fspath(path) for path in paths] for paths in pairs),
        groups=groups,
        num_classes=num_classes,
        image_size=fixed_size(model) if image_size is None else image_size,
        normalize=normalize,
        fractions=fractions,
        reading={
            "ignore_class": ignore_class,
            "classes": classes,
            "foreground": foreground,
            "channel": channel,
            "channels": channels,
            "full_scale": full_scale,
            "nan": nan,
            "exif_rotation": exif_rotation,
        },
        seed=seed,
        verbose=1 if bar == 1 else 0,
    )
    recipe = made_recipe(plan, options, seed=seed)
    recipe, why_precision = with_precision(recipe, plan, model, folder)
    keras.utils.set_random_seed(seed)
    network = made_network(model, plan, recipe)
    plan.sentences += [_network_said(network, recipe, model), why_precision]
    begun_with = {**_as_begun(plan, recipe, network), "precision_reason": why_precision}
    state = results.begin(folder, begun_with, resume=resume)
    _say(plan.sentences, bar)
    epochs_done = train(network, plan, recipe, state, callbacks=callbacks, verbose=bar)
    return _assessed(folder, network, plan, recipe, epochs_done, bar)


def _assessed(
    folder: Path,
    network: keras.Model,
    plan: FolderPlan,
    recipe: Recipe,
    epochs: dict[int, dict[str, float]],
    verbose: int,
) -> FitResult:
    """Choose the threshold, score the test images, and write everything."""
    from resunet_kit.training._folder_report import write_run_report  # loads Plotly

    settings = RunSettings(
        num_classes=plan.num_classes,
        image_size=plan.image_size,
        seed=recipe.seed,
        recipe={**recipe.described(), "network": network.name, "parameters": network.count_params()},
        versions=_versions(),
        **plan.reading,
    )
    tuned = assessment.tuned(network, plan, settings, recipe.batch_size)
    settings = replace(settings, postprocess=tuned.best)
    scores = assessment.scored(network, plan, settings, recipe.batch_size, verbose=1 if verbose == 1 else 0)
    history = {name: [epochs[epoch][name] for epoch in sorted(epochs)] for name in epochs[min(epochs)]}
    best = best_epoch(epochs)
    sentences = [
        *plan.sentences,
        f"Weights: of epoch {best + 1} of {len(epochs)}, validation Dice {epochs[best][MONITOR]:.3f}.",
        tuned.sentence,
    ]
    results.write_results(folder, network, plan, history, scores)
    report = folder / run_folder.REPORT
    write_run_report(report, network, plan, settings, history, tuned, scores, sentences)
    settings = replace(settings, recipe={**settings.recipe, "decisions": sentences})
    results.finish(folder, settings)
    split = {part: plan.part(part)[0] for part in PARTS}
    found = FitResult(network, settings, split, scores, history, sentences, report, folder)
    _say([*sentences[-2:], str(found)], verbose)
    return found


def _finished(folder: Path) -> FitResult:
    """Return the result of a finished run from its files."""
    model, settings = run_folder.load_run(folder)
    return FitResult(
        model,
        settings,
        results.read_split(folder),
        results.read_scores(folder),
        results.read_json(folder / run_folder.HISTORY),
        settings.recipe.get("decisions", []),
        folder / run_folder.REPORT,
        folder,
    )


def _fractions(validation: float, test: float) -> tuple[float, float]:
    found = number("validation_fraction", validation, "(0, 1)"), number("test_fraction", test, "(0, 1)")
    if sum(found) >= 1:
        raise ValueError(
            f"Expected validation_fraction and test_fraction to leave images for training. Received {validation} and "
            f"{test}. Lower them, so that their sum is below 1."
        )
    return found


def _verbosity(verbose: Any) -> int:
    """Return 0, 1 or 2, as Keras defines them; `"auto"` is a bar in a terminal, else a line for each epoch."""
    if isinstance(verbose, str):
        choice("verbose", verbose, ("auto",), also="0, 1 or 2")
        return 1 if sys.stdout.isatty() else 2
    return integer("verbose", verbose, "[0, 2]")


def _folder(out: Any) -> Path:
    if not isinstance(out, str | os.PathLike):
        raise TypeError(f"Expected out to be the path of a folder. Received out={out!r}. Pass one, as in out='run'.")
    return Path(out)


def _network_said(network: keras.Model, recipe: Recipe, given: Any) -> str:
    name = f"res_unet with filters {recipe.filters}" if given is None else f"{network.name}, as model says"
    return (
        f"Network: {name}, {network.count_params():,} parameters; {recipe.epochs} epochs of {recipe.steps} batches of "
        f"up to {recipe.batch_size} images."
    )


def _as_begun(plan: FolderPlan, recipe: Recipe, network: keras.Model) -> dict[str, Any]:
    """Return what must be the same when a training is resumed."""
    digest = hashlib.blake2b(digest_size=16)
    for pair in plan.pairs:
        digest.update(pair.digest + pair.counts.tobytes() + repr(pair.shape).encode())
    return {
        **recipe.described(),
        "seed": recipe.seed,
        "network": [network.name, network.count_params()],
        "num_classes": plan.num_classes,
        "image_size": plan.image_size,
        **{name: str(value) for name, value in plan.reading.items()},
        "split": {part: plan.part(part)[0] for part in PARTS},
        "contents": digest.hexdigest(),
    }


def _versions() -> dict[str, str]:
    backend = keras.backend.backend()
    return {
        "resunet_kit": resunet_kit.__version__,
        "keras": keras.__version__,
        backend: importlib.metadata.version(backend),
        "numpy": np.__version__,
        "python": platform.python_version(),
    }


def _say(sentences: Sequence[str], verbose: int) -> None:
    if verbose:
        print("\n".join(sentences), flush=True)
