"""Batches of training slices: patients are sampled equally often, and slices with tumour are oversampled."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import keras
import numpy as np

from examples.brain_mri.cohort.slices import Slice, read_volume
from examples.brain_mri.preparation import FLAIR, prepare
from examples.brain_mri.progress import progress_bar
from resunet_kit.data import Augment

# Heads differ in pose and size and are nearly symmetric; scanners in brightness, contrast and noise.
AUGMENT = Augment(
    flip=True,
    rotation=20,
    zoom=0.2,
    shift=0.08,
    elastic=0.5,
    brightness=0.1,
    contrast=0.25,
    gamma=0.25,
    noise=(0, 0.04),
    clip=(0, 1),
)
GAIN = 0.1  # of each sequence by itself: plus or minus
# Fraction of the slices in which pre- or post-contrast T1 is replaced by FLAIR: on 15 unseen patients with FLAIR alone,
# a Dice of 0.78 instead of 0.56.
MISSING = 0.3
TUMOUR = 0.6  # fraction of the sampled slices that show tumour; in the data, it is a third


@dataclass(frozen=True)
class Patient:
    """One patient's prepared slices; as bytes, like those in the files.

    Attributes:
        name: Name of the patient.
        images: `(slices, size, size, 3)` uint8.
        masks: `(slices, size, size)` uint8 of 0 and 1.
        shows_tumour: `(slices,)`.
    """

    name: str
    images: np.ndarray
    masks: np.ndarray
    shows_tumour: np.ndarray


def read_patients(slices: Sequence[Slice], size: int, *, progress: bool = True) -> list[Patient]:
    """Read and prepare the slices of patients, one patient at a time, to save memory."""
    by_patient = [(name, list(of)) for name, of in groupby(slices, key=lambda item: item.patient)]
    patients = []
    for name, of in progress_bar(by_patient, "Preparing patients", disable=not progress, unit="patient"):
        images, masks = read_volume(of)
        prepared = prepare(images, size)
        small = prepared.masks(masks)
        patients.append(
            Patient(name, np.rint(prepared.images * 255).astype("uint8"), small, np.asarray(small.any(axis=(1, 2))))
        )
    return patients


class TrainingBatches(keras.utils.PyDataset):
    """Random batches of augmented slices: the same ones for the same seed, epoch and position.

    Args:
        patients: Patients to sample from.
        batch_size: Slices per batch.
        steps: Batches per epoch.
        seed: Seed of every random choice.
        labels: Whether the targets are 1 for slices with tumour and 0 for others, instead of masks.
    """

    def __init__(
        self, patients: Sequence[Patient], *, batch_size: int, steps: int, seed: int, labels: bool = False
    ) -> None:
        # Two, so that Keras reads ahead itself: tf.data's autotuning otherwise delays the end of epochs, on one core by
        # up to 20 seconds (TensorFlow 2.21).
        super().__init__(workers=2)
        self.patients = patients
        self.batch_size = batch_size
        self.steps = steps
        self.seed = seed
        self.labels = labels
        self.epoch = 0

    def __len__(self) -> int:
        """Return the number of batches per epoch."""
        return self.steps

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Return images `(batch, size, size, 3)` in [0, 1]; masks `(batch, size, size, 1)` or labels `(batch, 1)`."""
        random = np.random.default_rng((self.seed, self.epoch, index))
        drawn = [self._draw(random) for _ in range(self.batch_size)]
        images, masks = map(np.stack, zip(*drawn, strict=True))
        images, masks = AUGMENT(images, masks[..., None], seed=int(random.integers(1 << 31)))
        # From the augmented mask: a tumour may have been shifted out of the image.
        targets = np.any(masks, axis=(1, 2, 3), keepdims=True)[..., 0, 0] if self.labels else masks
        return images, targets.astype("float32")

    def _draw(self, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Return one slice of a random patient and its mask."""
        patient = self.patients[int(random.integers(len(self.patients)))]
        wanted = np.flatnonzero(patient.shows_tumour == (random.random() < TUMOUR))
        index = random.choice(wanted if len(wanted) else len(patient.images))  # a patient may have only one kind
        image = patient.images[index].astype("float32") / 255
        for channel in range(image.shape[-1]):
            if channel != FLAIR and random.random() < MISSING:
                image[..., channel] = image[..., FLAIR]
        return image * (1 + random.uniform(-GAIN, GAIN, image.shape[-1])).astype("float32"), patient.masks[index]


class ResumeEpoch(keras.callbacks.Callback):
    """Tell the batches their epoch, which after an interruption is not the first one."""

    def __init__(self, batches: TrainingBatches) -> None:
        super().__init__()
        self.batches = batches

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002 (Keras's call)
        """Set the epoch before its batches are made."""
        self.batches.epoch = epoch


def validation_batch(patients: Sequence[Patient], *, labels: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Return all slices of patients as arrays, images in [0, 1], with masks or labels as the training batches have."""
    images = np.concatenate([patient.images for patient in patients]).astype("float32") / 255
    if labels:
        targets = np.concatenate([patient.shows_tumour for patient in patients])
    else:
        targets = np.concatenate([patient.masks for patient in patients])
    return images, targets[..., None].astype("float32")
