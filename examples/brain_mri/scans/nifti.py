"""NIfTI volumes: one file of one or three sequences, or a file for each sequence."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from examples.brain_mri.scans.axial import axial_spacing, from_axial, slice_numbers, to_axial
from examples.brain_mri.scans.scan import CHANNELS, Check, Scan, Stack, reason, unusable
from examples.brain_mri.scans.sequences import sequence_of
from resunet_kit.data import Geometry, read_geometry, read_image, write_volume

SUFFIXES = (".nii", ".nii.gz")
_NAN = float(np.finfo(np.float32).min)  # stands for NaN until the darkest value is known


@dataclass(frozen=True)
class NiftiVolume(Scan):
    """One patient's volume.

    Attributes:
        sequences: The sequence of each file; None for a file whose name tells none.
        left_out: Files of sequences that the run does not take.
    """

    sequences: tuple[str | None, ...] = (None,)
    left_out: tuple[Path, ...] = ()

    @property
    def main(self) -> Path:
        """The file whose geometry and name the mask takes: FLAIR."""
        for sequence in ("flair", None):
            if sequence in self.sequences:
                return self.files[self.sequences.index(sequence)]
        return self.files[0]

    def outputs(self) -> list[tuple[Path, str]]:
        """Return the main file with the mask's name."""
        return [(self.main, mask_name(self.main))]

    def check(self) -> Check:
        """Read all files once."""
        try:
            stacks = self.read()
        except ValueError as error:
            bad = next((file for file in self.files if repr(str(file)) in str(error)), self.main)
            return Check(unreadable={bad: reason(bad, error)})
        geometry = read_geometry(self.main)
        notes = [f"{file} is of a sequence that is not used." for file in self.left_out]
        if geometry.form is None:
            notes.append(f"{self.main} does not say its orientation; taken as right, anterior, superior.")
        elif geometry.form_contradicted:
            notes.append(f"{self.main} has two orientations that differ; its sform is taken.")
        return Check(sum(len(stack.images) for stack in stacks), notes=notes)

    def without(self, files: Collection[Path]) -> "NiftiVolume | None":
        """Return None: without one of its files, a patient would be predicted from other sequences than intended."""
        return None if set(files) & set(self.files) else self

    def read(self) -> list[Stack]:
        """Return one stack of axial slices."""
        self._check_sequences()
        main, geometry = self.main, read_geometry(self.main)
        volumes = {sequence: self._volume(file, geometry) for sequence, file in self._sequence_files()}
        affine = _affine(geometry)
        try:
            spacing = axial_spacing(_steps(geometry), affine)
        except ValueError as error:
            raise unusable(main, str(error)) from error
        values = _channels(main, volumes)

        def write(mask: np.ndarray, folder: Path) -> None:
            turned = from_axial(mask.astype(np.uint8), affine).reshape(geometry.shape)
            write_volume(folder / mask_name(main), turned, like=geometry)

        images = to_axial(values, affine)
        count = len(images)
        known = spacing if len(geometry.file_shape) > 2 else None  # two axes do not say how thick the slice is
        _, numbers = slice_numbers(values.shape, affine)
        return [Stack(images, [main] * count, numbers, [mask_name(main)] * count, known, write)]

    def _sequence_files(self) -> Iterable[tuple[str | None, Path]]:
        return zip(self.sequences, self.files, strict=True)

    def _check_sequences(self) -> None:
        for sequence in CHANNELS:
            if self.sequences.count(sequence) > 1:
                index = len(self.sequences) - 1 - self.sequences[::-1].index(sequence)
                raise unusable(
                    self.files[index],
                    f"Expected one {sequence} volume of a patient. Received another of that sequence in the folder. "
                    "Leave one out.",
                )
        if not {None, "flair"} & set(self.sequences):
            raise unusable(
                self.main,
                f"Expected FLAIR. Received {self.sequences[0]} by its name, without a FLAIR volume of that name in the "
                "folder. Add it; or name the file otherwise if it is FLAIR.",
            )

    def _volume(self, file: Path, geometry: Geometry) -> np.ndarray:
        values = _without_nan(read_image(file, normalize=(0.0, 1.0), nan=_NAN))
        own = read_geometry(file)
        if own.shape != geometry.shape or not np.allclose(own.affine, geometry.affine, rtol=0, atol=1e-2):
            raise unusable(
                file,
                f"Expected the grid of {self.main.name}, of the same patient. Received another. Resample it to that "
                "grid.",
            )
        return values[:, :, None] if values.ndim == 3 else values


def group_volumes(files: Iterable[Path]) -> list[NiftiVolume]:
    """Return one scan for each file, or for the files of a folder whose names differ in the sequence alone."""
    groups: dict[tuple[Path, str, str | None], list[tuple[str | None, Path]]] = {}
    for file in files:
        sequence, rest = sequence_of(stem(file))
        groups.setdefault((file.parent, rest, None if sequence else file.name), []).append((sequence, file))
    return [_volume(members) for members in groups.values()]


def stem(file: Path) -> str:
    """Return the name of a file without .nii or .nii.gz."""
    name = file.name[:-3] if file.name.lower().endswith(".gz") else file.name
    return Path(name).stem


def mask_name(file: Path) -> str:
    """Return the name of a volume's mask."""
    return f"{stem(file)}_pred.nii.gz"


def _volume(members: list[tuple[str | None, Path]]) -> NiftiVolume:
    used = [member for member in members if member[0] != "other"] or members
    left_out = tuple(file for sequence, file in members if (sequence, file) not in used)
    sequences, files = zip(*used, strict=True)
    volume = NiftiVolume("", files, sequences, left_out)
    return NiftiVolume(stem(volume.main), files, sequences, left_out)


def _without_nan(values: np.ndarray) -> np.ndarray:
    """Return values with NaN, which programs write outside the brain, replaced by air: 0, or what is darker.

    In standardised images 0 is the mean, and not air.
    """
    absent = values == np.float32(_NAN)
    return np.where(absent, min(values[~absent].min(), np.float32(0)), values) if absent.any() else values


def _channels(main: Path, volumes: dict[str | None, np.ndarray]) -> np.ndarray:
    """Return `(i, j, k, 3)`; a missing sequence is replaced by FLAIR, as in the data set."""
    flair = volumes["flair"] if "flair" in volumes else volumes[None]
    if len(volumes) == 1 and flair.shape[-1] == len(CHANNELS):
        return flair
    if any(volume.shape[-1] != 1 for volume in volumes.values()):
        counts = sorted({volume.shape[-1] for volume in volumes.values()})
        raise unusable(
            main,
            f"Expected one sequence, or {len(CHANNELS)} in the order {', '.join(CHANNELS)}. Received {counts[-1]} in "
            "one file. Save those.",
        )
    return np.concatenate([volumes.get(sequence, flair) for sequence in CHANNELS], axis=-1)


def _affine(geometry: Geometry) -> np.ndarray:
    return np.diag([*_steps(geometry), 1.0]) if geometry.form is None else geometry.affine


def _steps(geometry: Geometry) -> tuple[float, ...]:
    return tuple(np.linalg.norm(geometry.affine[:3, :3], axis=0).tolist())
