"""Training of both stages on one split by patient, with thresholds chosen on the validation patients."""

import json
from pathlib import Path

import keras
import numpy as np

from examples.brain_mri import fingerprints
from examples.brain_mri.batches import Patient, TrainingBatches, read_patients, validation_batch
from examples.brain_mri.choosing import calibration, tune, with_probability
from examples.brain_mri.cohort.index import Index
from examples.brain_mri.config import Options
from examples.brain_mri.devices import every_device
from examples.brain_mri.fitting import Stage, fit
from examples.brain_mri.networks import build_classifier, build_segmenter, with_probabilities
from examples.brain_mri.precision import with_precision
from examples.brain_mri.run_folder import RunFolder
from examples.brain_mri.split import PARTS, split_patients
from resunet_kit.data import atomic_write
from resunet_kit.inference import Cascade, augmented_model
from resunet_kit.losses import CrossEntropy, Dice
from resunet_kit.metrics import DiceScore, IoU

STAGES = ("classifier", "segmenter")
FINAL = "final_"  # begins the names of the stages that are trained once more, on all patients
VALUE_RANGE = (0, 1)  # of prepared slices


def start(out: Path, index: Index, options: Options) -> None:
    """Split the cohort and train; errors in the data or the weights are raised before the run folder is made.

    Raises:
        ImportError: If the weights come from a package that is not installed.
        ValueError: If the data cannot be split, the weights cannot be loaded, or another process has begun a run there.
    """
    split = split_patients(index.slices, options)
    build_classifier(options), build_segmenter(options)
    options = with_precision(options, lambda: build_segmenter(options))
    print(f"precision: {options.precision}, {options.precision_reason}", flush=True)
    out.mkdir(parents=True, exist_ok=True)
    with RunFolder(out).locked():
        train(RunFolder.create(out, options, split, index.slices), index)


def resume(run: RunFolder, index: Index) -> None:
    """Continue training after an interruption; do nothing if it has ended."""
    with run.locked():
        train(run, index)


def train(run: RunFolder, index: Index) -> None:
    """Train what the run still lacks: both stages on the training patients, and then, for `predict`, on all.

    A stage that was interrupted continues after its last complete epoch.
    """
    slices = {part: run.slices_of(part, index.slices) for part in PARTS}  # all, so that other data is refused at once
    fingerprints.check(run.path, index.slices)
    options = run.options()
    if not run.cascade.exists():
        training, validation = (read_patients(slices[part], options.image_size) for part in PARTS[:2])
        train_cascade(run, options, training, validation)
    if options.refit and not run.final_cascade.exists():
        train_final_cascade(
            run, options, read_patients([item for part in PARTS for item in slices[part]], options.image_size)
        )
    for stage in STAGES:
        run.network(stage).unlink(missing_ok=True)
        run.network(FINAL + stage).unlink(missing_ok=True)
        run.checkpoint(stage).unlink(missing_ok=True)
        run.checkpoint(FINAL + stage).unlink(missing_ok=True)


def train_cascade(run: RunFolder, options: Options, training: list[Patient], validation: list[Patient]) -> None:
    """Train both stages on the training patients, and choose their thresholds on the validation patients."""
    classifier, segmenter = fitted(run, options, training, validation)
    slope, shift = calibration(classifier, validation)
    cascade = Cascade(
        with_probability(classifier, slope, shift),
        predicting(segmenter, options),
        value_range=VALUE_RANGE,
    )
    scores = tune(cascade, validation)
    with atomic_write(run.validation) as file:
        file.write_text(json.dumps({**scores, "slope": slope, "shift": shift}, indent=2) + "\n", encoding="utf-8")
    cascade.save(run.cascade)
    print(
        f"validation patients: Dice of the segmenter {scores['segmenter_dice']:.3f}, of the cascade "
        f"{scores['cascade_dice']:.3f}"
    )


def train_final_cascade(run: RunFolder, options: Options, patients: list[Patient]) -> None:
    """Train both stages on all patients.

    No patients are left to choose thresholds on, so they are those from the validation patients. The first networks are
    not averaged in: trained on fewer patients, they made the mean worse on patients whom neither had seen.
    """
    scores = json.loads(run.validation.read_text(encoding="utf-8"))
    chosen = Cascade.load(run.cascade)
    classifier, segmenter = fitted(run, options, patients, None)
    cascade = Cascade(
        with_probability(classifier, scores["slope"], scores["shift"]),
        predicting(segmenter, options),
        threshold=chosen.threshold,
        postprocess=chosen.postprocess,
        value_range=VALUE_RANGE,
    )
    cascade.save(run.final_cascade)


def fitted(
    run: RunFolder, options: Options, training: list[Patient], validation: list[Patient] | None
) -> tuple[keras.Model, keras.Model]:
    """Train both stages where that is not done yet, and return their networks, classifier first."""
    with every_device(options.batch_size):
        trained = stages(options, training, validation)  # inside, since metrics have variables too
        for stage in trained:
            fit(run, stage, options)
    classifier, segmenter = (keras.models.load_model(run.network(stage.name), compile=False) for stage in trained)
    return classifier, segmenter


def predicting(segmenter: keras.Model, options: Options) -> keras.Model:
    """Return the segmenter with probabilities, averaged over flips where that is asked for."""
    model = with_probabilities(segmenter)
    return augmented_model(model) if options.flips else model


def stages(options: Options, training: list[Patient], validation: list[Patient] | None) -> tuple[Stage, Stage]:
    """Return both stages, classifier first; without validation patients, those of the final cascade."""

    def batches(*, labels: bool) -> TrainingBatches:
        sizes = {"batch_size": options.batch_size, "steps": options.steps_per_epoch}
        return TrainingBatches(training, **sizes, seed=options.seed, labels=labels)

    def validated(*, labels: bool) -> tuple[np.ndarray, np.ndarray] | None:
        return None if validation is None else validation_batch(validation, labels=labels)

    prefix = FINAL if validation is None else ""
    return (
        Stage(
            prefix + "classifier",
            build_classifier,
            batches(labels=True),
            validated(labels=True),
            options.classifier_epochs,
            keras.losses.BinaryCrossentropy(from_logits=True),
            [keras.metrics.BinaryAccuracy("accuracy", threshold=0.0), keras.metrics.AUC(name="auc", from_logits=True)],
        ),
        Stage(
            prefix + "segmenter",
            build_segmenter,
            batches(labels=False),
            validated(labels=False),
            options.segmenter_epochs,
            # Over the batch, so that false positives in slices without tumour count with the others. By itself, such a
            # slice has next to no gradient until the network marks almost nothing.
            Dice(reduce="batch", include_background=options.classes == 1, from_logits=True)
            + CrossEntropy(from_logits=True),
            [DiceScore(average="pooled", from_logits=True), IoU(average="pooled", from_logits=True)],
        ),
    )
