"""Slices on disk in the layout of a cohort, for tests: noise, and a bright square where the mask says tumour."""

import numpy as np
from PIL import Image

A, B = "TCGA_AA_0001_20000101", "TCGA_BB_0002_20000202"
ALL = [(patient, number) for patient in (A, B) for number in (1, 2, 10)]


def image_of(folder, patient, number):
    return folder / patient / f"{patient}_{number}.tif"


def mask_of(folder, patient, number):
    return folder / patient / f"{patient}_{number}_mask.tif"


def save(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path)


def write_slice(folder, patient, number, *, tumour=True, size=(8, 8), seed=0):
    image = np.random.default_rng([seed, number, *map(ord, patient)]).integers(0, 90, (*size, 3), dtype=np.uint8)
    mask = np.zeros(size, np.uint8)
    if tumour:
        square = tuple(slice(length // 4, length // 2) for length in size)
        mask[square] = 255
        image[square] += 140
    save(image_of(folder, patient, number), image)
    save(mask_of(folder, patient, number), mask)


def keys(index):
    return [(item.patient, item.number) for item in index.slices]
