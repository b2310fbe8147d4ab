"""Training of both stages on one split by patient, with thresholds chosen on the validation patients."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from examples.brain_mri.cohort.index import Index
from examples.brain_mri.cohort.slices import Slice, read_volume
from examples.brain_mri.options import Options
from examples.brain_mri.precision import dtype_policy, with_precision
from examples.brain_mri.run_folder import PARTS, RunFolder
from resunet_kit.data import Augment, atomic_write, pairs_dataset, presence_labels, split_by_group
from resunet_kit.inference import Cascade
from resunet_kit.losses import FocalTversky
from resunet_kit.masks import PostProcess
from resunet_kit.metrics import DiceScore, IoU
from resunet_kit.models import healthcare_ai_res_unet, resnet, resnet_classifier
from resunet_kit.training import fuse_normalization

CACHE_BYTES = 1 << 30  # decoded slices are kept in memory up to this size
BYTES_PER_PIXEL = 4  # three 8-bit channels and a mask

# Heads are nearly symmetric, coils shade a scan, and each sequence has a contrast of its own. Air stays dark.
AUGMENT = Augment(flip="horizontal", bias_field=0.3, gamma=0.25, per_channel=True)

# Candidates for the segmenter's masks: probabilities, and pixels of a slice.
THRESHOLDS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
MIN_SIZES = (0, 25, 50, 100, 200)
NOISE = 0.01  # smaller differences in the Dice score of a few patients are no reason to leave the default


@dataclass(frozen=True)
class Stage:
    """One stage's data, its number of epochs, and the value by which the best weights are chosen."""

    name: str
    training: tf.data.Dataset
    validation: tf.data.Dataset
    epochs: int
    monitor: str
    mode: str


def split_patients(slices: Sequence[Slice], options: Options) -> dict[str, str]:
    """Return the part of each patient: one split for both stages, so that no stage has seen a test patient.

    Raises:
        ValueError: If there are too few patients, or a part has no slice with or none without tumour.
    """
    patients = np.array([item.patient for item in slices])
    people = [item.person for item in slices]  # two examinations of one person stay in one part
    tumour = np.array([item.has_tumour for item in slices])
    parts = split_by_group(people, options.fractions, stratify=tumour, seed=options.seed)
    for part, indices in zip(PARTS, parts, strict=True):
        if tumour[indices].all() or not tumour[indices].any():
            raise ValueError(
                f"Expected slices with and without tumour in the {part} part. Received one kind alone, of "
                f"{', '.join(sorted(set(patients[indices])))}. Add patients, or try another --seed."
            )
    return {str(patient): part for part, indices in zip(PARTS, parts, strict=True) for patient in patients[indices]}


def start(out: Path, index: Index, options: Options) -> RunFolder:
    """Split the cohort and make the run folder; errors of the data or the weights come before that."""
    split = split_patients(index.slices, options)
    training = sum(split[item.patient] == "train" for item in index.slices)
    options = with_precision(options, training, lambda: _segmenter(options))
    print(f"precision: {options.precision}, {options.precision_reason}", flush=True)
    build_classifier(options)
    return RunFolder.create(out, options, split, index.slices)


def train(run: RunFolder, index: Index) -> Cascade:
    """Train what the run still lacks, and write the cascade.

    A stage that was interrupted continues after its last whole epoch.
    """
    slices = {part: run.slices_of(part, index.slices) for part in PARTS}  # all, so that other data is refused at once
    if run.cascade.exists():
        return Cascade.load(run.cascade)
    options = run.options()
    training, validation = (_batches(slices[part], options, shuffle=part == "train") for part in PARTS[:2])
    # Slices without tumour belong into both stages: a segmenter that never sees one marks something everywhere.
    segmenting = Stage("segmenter", training, validation, options.segmenter_epochs, "val_dice_score", "max")
    present = [presence_labels(part) for part in (training, validation)]
    classifying = Stage("classifier", present[0], present[1], options.classifier_epochs, "val_loss", "min")
    stages = _fit(run, classifying, build_classifier(options)), _fit(run, segmenting, build_segmenter(options))
    cascade = Cascade(*stages, postprocess=tune_postprocess(Cascade(*stages), slices["validation"]))
    cascade.save(run.cascade)
    for stage in (classifying, segmenting):
        _best_file(run, stage.name).unlink()
    return cascade


def build_classifier(options: Options) -> keras.Model:
    """Return the first stage, compiled.

    Raises:
        ValueError: If its weights cannot be had.
    """
    keras.utils.set_random_seed(options.seed)
    shape, weights = (options.image_size, options.image_size, 3), options.classifier_weights
    backbone: str | keras.Model = options.backbone
    with dtype_policy(options.precision):
        if options.classifier_width != 1:
            depth = int(options.backbone.removeprefix("resnet"))
            backbone = resnet(depth, shape, weights=weights, width=options.classifier_width)
        model = resnet_classifier(
            shape,
            backbone=backbone,
            weights=weights if isinstance(backbone, str) else None,
            trainable="head" if weights else "all",
        )
    model.compile(keras.optimizers.Adam(options.learning_rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def build_segmenter(options: Options) -> keras.Model:
    """Return the second stage, compiled."""
    keras.utils.set_random_seed(options.seed)
    with dtype_policy(options.precision):
        model = _segmenter(options)
    model.compile(
        keras.optimizers.Adam(options.learning_rate),
        # Over the batch: false pixels of slices without tumour then count beside the others. Scored alone, such a
        # slice has next to no gradient until the network marks almost nothing.
        FocalTversky(reduce="batch", include_background=options.classes == 1),
        metrics=[DiceScore(average="pooled"), IoU(average="pooled")],
    )
    return model


def _segmenter(options: Options) -> keras.Model:
    return healthcare_ai_res_unet((options.image_size, options.image_size, 3), options.classes)


def tune_postprocess(cascade: Cascade, slices: Sequence[Slice]) -> PostProcess:
    """Return the threshold and minimum component size by the mean Dice of the patients' volumes.

    Of the candidates within `NOISE` of the highest score, the one nearest to the default is returned.

    Args:
        cascade: Its segmenter predicts.
        slices: Of validation patients, sorted by patient.
    """
    probabilities, truths = [], []
    for _, volume in groupby(slices, key=lambda item: item.patient):
        images, truth = read_volume(list(volume))
        probabilities.append(_stacked(cascade.segment(images)[..., -1]))
        truths.append(_stacked(truth))
    tuning = PostProcess.tune(probabilities, truths, threshold=THRESHOLDS, min_size=MIN_SIZES)
    good = [options for options, score in tuning.curve if score >= tuning.score - NOISE]
    return min(good, key=lambda options: (abs(options.threshold - PostProcess().threshold), options.min_size))


def _stacked(volume: np.ndarray) -> np.ndarray:
    """Return the slices of a volume as one image, below each other.

    Its Dice is that of the volume, and its components are those of the slices, which a row of background separates.
    """
    return np.pad(volume, ((0, 0), (0, 1), (0, 0))).reshape(-1, volume.shape[-1])  # (slices * (height + 1), width)


def _batches(slices: Sequence[Slice], options: Options, *, shuffle: bool) -> tf.data.Dataset:
    side = options.image_size
    return pairs_dataset(
        [item.image for item in slices],
        [item.mask for item in slices],
        image_size=(side, side),
        batch_size=options.batch_size,
        shuffle=shuffle,
        augment=AUGMENT if shuffle else None,
        cache=len(slices) * side * side * BYTES_PER_PIXEL < CACHE_BYTES,
        seed=options.seed,
    )


def _fit(run: RunFolder, stage: Stage, model: keras.Model) -> keras.Model:
    """Fit with a history on disk, resume after an interruption, and return the model of the best epoch."""
    best = _best_file(run, stage.name)
    done = run.epochs_done(stage.name)
    print(f"\n{stage.name}: {model.count_params():,} parameters, {stage.epochs} epochs", flush=True)
    if len(done) < stage.epochs:
        fuse_normalization(model)
        model.optimizer.build(model.trainable_variables)  # or Keras traces the first step twice
        table = keras.callbacks.CSVLogger(run.history(stage.name), append=True)
        callbacks = [
            KeepBest(best, stage.monitor, stage.mode, [row[stage.monitor] for row in done]),
            table,
            keras.callbacks.BackupAndRestore(run.path / f".{stage.name}.backup", double_checkpoint=True),
        ]
        try:
            model.fit(
                stage.training,
                validation_data=stage.validation,
                epochs=stage.epochs,
                shuffle=False,  # the dataset shuffles itself; Keras warns otherwise
                verbose=1 if sys.stdout.isatty() else 2,
                callbacks=callbacks,
            )
        except BaseException:
            table.on_train_end()  # Keras leaves the table open when training is interrupted
            raise
    return keras.models.load_model(best, compile=False)


class KeepBest(keras.callbacks.Callback):
    """Save the model whenever the monitored value improves on all epochs so far, those before a restart included."""

    def __init__(self, path: Path, monitor: str, mode: str, seen: Sequence[float]) -> None:
        super().__init__()
        self.path = path
        self.monitor = monitor
        self.sign = 1 if mode == "max" else -1
        self.best = max((self.sign * value for value in seen), default=-np.inf)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002 (Keras's call)
        """Compare and save; a value that is not a number never counts as better."""
        value = self.sign * (logs or {})[self.monitor]
        if value > self.best or not self.path.exists():
            self.best = max(self.best, value)
            with atomic_write(self.path) as file:
                self.model.save(file)


def _best_file(run: RunFolder, stage: str) -> Path:
    return run.path / f"{stage}.best.keras"
