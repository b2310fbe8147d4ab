"""The text of the card: what the model is and is for, its data, and what is not known about it."""

from typing import Any

from examples.brain_mri.formats import option_rows, precision_text
from examples.brain_mri.provenance import first_line, origin
from examples.brain_mri.wording import ENOUGH, leaks_text, marking_text, part_rows, refit_text


def details(name: str, options: Any, summary: dict[str, Any]) -> list[Any]:
    """Return what the model is, and the options that it was trained with."""
    thresholds = summary["thresholds"]
    return [
        f"Run `{name}`: two networks for slices of brain MRI with the sequences pre-contrast, FLAIR and post-contrast. "
        "The first, a classifier, gives the probability that a slice shows tumour; the second, a segmenter, marks the "
        f"tumour's pixels in slices with a probability of {thresholds['classifier']:.4g} or more. "
        f"{marking_text(summary)}",
        first_line(summary["provenance"]),
        "Made by the brain MRI example of resunet_kit (MIT licence). The options that the run was trained with:",
        option_rows(options),
        precision_text(options),
    ]


def intended_use() -> list[Any]:
    """Return what the model is for, and what it is not for."""
    return [
        "**Not a medical device.** For teaching and for research on methods, by people who train and examine models.",
        "Not for diagnosis, treatment, triage, screening or any choice about a patient; not for other organs, diseases "
        "or sequences, nor for images after surgery.",
    ]


def factors() -> list[Any]:
    """Return what the scores are broken down by, and what they are not."""
    return [
        "Scores are given by institution, since scanners and protocols differ between them, and by the tumour's size. "
        "Not evaluated: age, sex, ethnicity, grade and genetic subtype of the tumour, scanner, field strength, and "
        "patients with a missing sequence as a separate group.",
    ]


def metrics(summary: dict[str, Any]) -> list[Any]:
    """Return what is measured, and by which rules."""
    weights = summary["tversky_weights"]
    return [
        "Dice, IoU and Tversky measure the overlap of marked and true pixels; a patient's slices are scored as one "
        f"volume. {summary['empty_rule']} Tversky weights false positives by {weights['fp_weight']:g} and false "
        f"negatives by {weights['fn_weight']:g}. Sensitivity and specificity count slices. A lesion is a connected "
        "component of the volume, detected where at least a tenth of it is marked. Intervals are 95 % percentile "
        "bootstrap intervals that resample whole patients.",
        "Weights and thresholds were chosen on training and validation patients; nothing was chosen on test patients.",
    ]


def evaluation_data(options: Any, summary: dict[str, Any]) -> list[Any]:
    """Return the test patients, and how they were set apart."""
    found, fractions = summary["provenance"], ", ".join(f"{part:g}" for part in options.fractions)
    patients = {
        "all": "All test patients are simulated.",
        "some": f"{found['simulated_test_patients']} of {found['test_patients']} test patients are simulated.",
        "none": "No test patient is marked as simulated.",
    }
    return [
        f"{patients[origin(found)]} Slices were split once for both stages, by person, so that all examinations of a "
        f"person are in one part: fractions {fractions} of the slices for training, validation and test, with about "
        f"the same fraction of slices with tumour in each, seed {options.seed}.",
        part_rows(summary),
        leaks_text(summary),
    ]


def training_data(options: Any, summary: dict[str, Any]) -> list[Any]:
    """Return the patients that weights and thresholds come from."""
    train, validation = summary["split"]["train"], summary["split"]["validation"]
    return [
        f"Weights: {train['patients']} patients with {train['slices']} slices, {train['with_tumour']} with tumour. "
        f"Calibration and thresholds: {validation['patients']} patients with {validation['slices']} slices, "
        f"{validation['with_tumour']} with tumour. All are from the data folder `{options.data}`.",
        refit_text(options),
    ]


def ethics(summary: dict[str, Any]) -> list[Any]:
    """Return what could harm, and whose data it is."""
    whose = {
        "all": "Simulated heads are nobody's data.",
        "some": "Some of the data are of people: keep to their licence, and do not try to identify anybody.",
        "none": "The data are of people: keep to their licence, and do not try to identify anybody.",
    }
    return [
        f"{whose[origin(summary['provenance'])]} A missed tumour and a false alarm both do harm, and readers tend to "
        "trust a drawn outline. The report shows the worst patients and slices for that reason. Whether the model is "
        "equally good for all people is unknown (see Factors).",
    ]


def caveats(summary: dict[str, Any]) -> list[Any]:
    """Return the limits of these figures."""
    patients = summary["split"]["test"]["patients"]
    few = f"{patients} test patients are few: another split would give other figures. " if patients < ENOUGH else ""
    simulated = {
        "all": "Simulated tumours, noise and anatomy are simpler than real ones: no figure here carries over. ",
        "some": "The figures mix simulated and other patients, and hold for neither. ",
        "none": "",
    }
    return [
        f"{simulated[origin(summary['provenance'])]}{few}All patients are from one data set, and data from another "
        "hospital were not tried. No spacing is read, so nothing is in millimetres. The public set's slices are "
        "resampled 8-bit exports, and FLAIR is repeated where a sequence is missing, so that three channels need not "
        "be three sequences. Its truth is one outline per slice, drawn on FLAIR; two experts agree with each other at "
        "a Dice of about 0.84 (Buda 2019, arXiv 1906.03720), and a higher score says nothing more.",
        "Before any use in research: evaluate on patients of your own, read the worst cases, and choose thresholds "
        "anew on validation patients.",
    ]
