"""The patients of a study: held out for its scores, or for training, in an order that depends on the seed."""

from collections.abc import Sequence

import numpy as np

from examples.brain_mri.batches import Patient
from resunet_kit.data import split_by_group

HELD_OUT = 1 / 3  # fraction of the slices
PERSON = 12  # first characters of a patient's name: two examinations of one person stay together


def hold_out(patients: Sequence[Patient], seed: int) -> tuple[list[Patient], list[Patient]]:
    """Return the patients for training, and those held out.

    Raises:
        ValueError: If there are too few patients, or those held out lack slices with or without tumour.
    """
    owners = np.repeat(np.arange(len(patients)), [len(patient.images) for patient in patients])
    people = [patient.name[:PERSON] for patient in patients for _ in patient.images]
    tumour = np.concatenate([patient.shows_tumour for patient in patients])
    parts = split_by_group(people, (1 - HELD_OUT, HELD_OUT), stratify=tumour, seed=seed)
    training, held_out = ([patients[owner] for owner in np.unique(owners[part])] for part in parts)
    if tumour[parts[1]].all() or not tumour[parts[1]].any():
        raise ValueError(
            f"Expected slices with and without tumour of the patients held out. Received one kind alone, of "
            f"{', '.join(patient.name for patient in held_out)}. Add patients, or try another --seed."
        )
    return training, held_out


def drawn(training: Sequence[Patient], count: int, seed: int) -> list[Patient]:
    """Return a subset of the training patients; with the same seed, larger subsets include the smaller ones.

    Raises:
        ValueError: If they lack slices with or without tumour.
    """
    order = np.random.default_rng(seed).permutation(len(training))[:count]
    chosen = [training[index] for index in order]
    kinds = {bool(shown) for patient in chosen for shown in patient.shows_tumour}
    if len(kinds) < 2:
        raise ValueError(
            f"Expected slices with and without tumour of {count} training patients. Received one kind alone, of "
            f"{', '.join(patient.name for patient in chosen)}. Leave {count} out of --patients."
        )
    return chosen
