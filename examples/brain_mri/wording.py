"""The summary of an evaluation as rows and sentences, the same in the report and in the model card."""

from typing import Any

from examples.brain_mri.formats import score, signed, with_interval
from examples.brain_mri.scoring import PROBABLE, STAGES

UNITS = {
    "per slice": "per_slice",
    "per slice with tumour": "per_slice_with_tumour",
    "per patient": "per_patient",
    "pooled": "pooled",
}
RATES = {"accuracy": "Accuracy", "sensitivity": "Sensitivity", "specificity": "Specificity"}
SCORES = (("Dice", "dice"), ("IoU", "iou"), ("Tversky", "tversky"))
SHAPES = {
    "hausdorff_distance_95_px": "95 % Hausdorff distance, median",
    "average_surface_distance_px": "average surface distance, median",
    "surface_dice": "surface Dice, mean",
    "lesion_f1": "lesion F1, mean",
    "lesions_detected": "lesions detected, all patients",
    "lesions_missed": "lesions missed, all patients",
    "lesions_false_positive": "false lesions, all patients",
}
ENOUGH = 20  # number of patients below which a bootstrap interval is too narrow


def stage_rows(summary: dict[str, Any], *, scores: int = len(SCORES)) -> list[dict[str, str]]:
    """Return the first few overlap scores of the segmenter alone and of the cascade, side by side."""
    return [
        {"Score": name, "Stage": stage, **{unit: score(summary[stage][key][of]) for unit, key in UNITS.items()}}
        for name, of in SCORES[:scores]
        for stage in STAGES
    ]


def slice_rows(summary: dict[str, Any]) -> list[dict[str, str]]:
    """Return how well slices with tumour are told from others, by the classifier and by the cascade's masks."""
    stages = {
        f"Classifier, probability of {PROBABLE} or more": summary["classifier"],
        "Cascade, any pixel marked": summary["cascade_by_slice"],
    }
    return [
        {
            "By slice": name,
            **{of: with_interval(found[key], found["intervals"].get(key)) for key, of in RATES.items()},
            "ROC AUC": "" if found is summary["cascade_by_slice"] else score(found["roc_auc"]),
        }
        for name, found in stages.items()
    ]


def difference_text(summary: dict[str, Any]) -> str:
    """Return in words what the cascade gains or loses against its segmenter."""
    found = summary["cascade_minus_segmenter"]["dice"]
    return (
        f"**Cascade minus segmenter**, Dice of each patient's volume, paired: {signed(found)}. The cascade scores "
        f"higher on {found['patients_above']} patients and lower on {found['patients_below']}."
    )


def interval_text(patients: int) -> str:
    """Return what the intervals are, and how far to trust them."""
    if patients < 2:
        return "There is one test patient, so no score has an interval."
    few = f" With {patients} of them, fewer than {ENOUGH}, it is too narrow." if patients < ENOUGH else ""
    return f"In parentheses: the 95 % interval, by a bootstrap over the {patients} test patients.{few}"


def part_rows(summary: dict[str, Any]) -> list[dict[str, Any]]:
    """Return patients, slices and tumour of each part."""
    return [
        {
            "Part": part,
            "Patients": found["patients"],
            "Slices": found["slices"],
            "With tumour": found["with_tumour"],
            "Fraction with tumour": f"{found['with_tumour'] / found['slices']:.3f}",
            "Institutions": ", ".join(f"{code} {count}" for code, count in found["institutions"].items()),
        }
        for part, found in summary["split"].items()
    ]


def leaks_text(summary: dict[str, Any]) -> str:
    """Return what the parts have in common, and which patients of the data the run does not know."""
    people, images = summary["leaks"]["people"], summary["leaks"]["identical_images"]
    added = summary["added_since_training"]
    text = "The parts share no patient, and no two images of different parts are identical."
    if people or images:
        text = (
            f"**The parts leak.** {len(people)} patients have slices in two parts{_first(people)}, and {len(images)} "
            f"pairs of images in different parts are identical{_first(images)}. The test scores are too high."
        )
    if added:
        text += f" {len(added)} patients were added to the data since training and are in no part{_first(added)}."
    return text


def _first(found: list[Any]) -> str:
    return f" (first: {found[0]})" if found else ""


def gate_rows(summary: dict[str, Any]) -> list[dict[str, str]]:
    """Return one row per quantity, without the gate and with it."""
    gate = summary["gate"]
    spent = gate["seconds_per_patient"]
    alarms, pixels = gate["false_alarms"], gate["false_positive_px"]
    return [
        {"": name, "Segmenter alone": alone, "Cascade": cascade}
        for name, alone, cascade in (
            ("slices that the segmenter sees", str(gate["slices"]), str(gate["slices"] - gate["held_back"])),
            ("seconds per patient", f"{spent['without_gate']:.2f}", f"{spent['with_gate']:.2f}"),
            (
                f"false alarms, of {gate['slices_without_tumour']} slices without tumour",
                f"{alarms['segmenter']}, rate {score(gate['false_alarm_rate']['segmenter'])}",
                f"{alarms['cascade']}, rate {score(gate['false_alarm_rate']['cascade'])}",
            ),
            ("false positive pixels of all volumes", f"{pixels['segmenter']:,}", f"{pixels['cascade']:,}"),
            (f"tumour slices held back, of {gate['slices_with_tumour']}", "0", str(gate["held_back_with_tumour"])),
            ("true tumour pixels that the segmenter marked, lost", "0", f"{gate['true_pixels_held_back']:,}"),
        )
    ]


def gate_text(summary: dict[str, Any]) -> str:
    """Return in words what the gate does."""
    gate = summary["gate"]
    spent = gate["seconds_per_patient"]
    saved = spent["without_gate"] - spent["with_gate"]
    opened = "" if summary["thresholds"]["classifier"] else "The gate is open: every slice passes. "
    return (
        f"{opened}The gate holds back {score(gate['held_back_fraction'])} of the slices and "
        f"{'saves' if saved >= 0 else 'costs'} {abs(saved):.2f} seconds per patient, measured on this machine on "
        f"{spent['patients_timed']} patients, for the networks alone. The classifier itself takes "
        f"{spent['classifier']:.2f} seconds. A false alarm is a slice without tumour in which at least one pixel is "
        "marked."
    )


def validation_text(summary: dict[str, Any]) -> str:
    """Return both stages' scores on the validation patients, on whom the thresholds were chosen."""
    found = summary["validation"]
    return (
        f"On the {summary['split']['validation']['patients']} validation patients, on whom the thresholds were "
        f"chosen: mean Dice of the volumes {found['segmenter_dice']:.3f} for the segmenter alone, "
        f"{found['cascade_dice']:.3f} for the cascade; the gate's sensitivity by slice {found['sensitivity']:.3f}, "
        f"specificity {found['specificity']:.3f}."
    )


def refit_text(options: Any) -> str:
    """Return which networks the scores are of, and which ones `predict` uses."""
    if not options.refit:
        return "`predict` uses the networks that are scored here."
    return (
        "`predict` uses other networks than those that are scored here: after the scored training, both stages were "
        "trained once more on all patients, the test patients included. No patients are left to score those on."
    )


def marking_text(summary: dict[str, Any]) -> str:
    """Return which pixels are marked, from the options of the post-processing."""
    chosen = summary["postprocess"]
    low, hole = chosen["low_threshold"], chosen["max_hole"]
    steps = [
        f"Pixels with a probability of {chosen['threshold']:g} or more are marked",
        f"so are pixels with {low:g} or more that are connected to them, across slices too" if low is not None else "",
        ("holes are filled" + ("" if hole is None else f" up to {hole} pixels")) if hole != 0 else "",
    ]
    return "; ".join(filter(None, steps)) + "."


def shape_rows(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Return surface distances and lesions of both stages, side by side."""
    rows = []
    for name, label in SHAPES.items():
        row: dict[str, Any] = {"Score": label}
        for stage in STAGES:
            value = found[stage][name]
            infinite = f", infinite in {value['infinite']}" if isinstance(value, dict) and value.get("infinite") else ""
            row[stage.capitalize()] = f"{value:,}" if isinstance(value, int) else score(value) + infinite
        rows.append(row)
    rows[2]["Score"] += f", tolerance {found['tolerance_px']:g} pixel"
    return rows
