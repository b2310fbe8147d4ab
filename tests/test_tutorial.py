"""The brain MRI tutorial says what its run gave: the numbers that are kept with the figures."""

import json
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parent.parent / "docs"
PAGE = (DOCS / "pages" / "tutorials" / "brain_mri.md").read_text(encoding="utf-8")
KEPT = json.loads((DOCS / "figures" / "tutorial" / "brain_mri.json").read_text(encoding="utf-8"))
NUMBERS = KEPT["numbers"]
WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
NEW_RUN = "Write what `python -m docs.tutorial_figures` kept of the run"


def prose(text: str) -> str:
    """Return the text of a page without code, comments and the targets of links, in single spaces."""
    text = re.sub(r"^```.*?^```$|<!--.*?-->|`[^`\n]*`|\]\([^)]*\)", " ", text, flags=re.MULTILINE | re.DOTALL)
    return " ".join(text.split())


def said() -> list[str]:
    """Return what the page has to say, in the numbers that were kept."""
    patients, gate, dice = (NUMBERS[name] for name in ("patients", "gate", "dice"))
    auc, unseen_auc = (NUMBERS["auc_by_epoch"][name] for name in ("auc", "val_auc"))
    calibration = NUMBERS["calibration"]
    (_, low, _, high, _), (_, of_low, _, of_high, _) = calibration["probability"], calibration["with_tumour"]
    passed = NUMBERS["with_tumour"] - gate["held_back_with_tumour"]
    assert passed == NUMBERS["with_tumour"]
    training, validation, test = (WORDS[patients[part]] for part in ("train", "validation", "test"))
    rows = {
        "per patient, the slices as one volume": dice["per_patient"],
        "per slice with tumour": dice["per_slice_with_tumour"],
        "per slice, the healthy ones too": dice["per_slice"],
    }
    return [
        "{train} patients for training, {validation} for validation, {test} for testing".format(**patients),
        f"and the {test} are not looked at until the end",
        f"validation AUC falls from {unseen_auc[0]:.2f} to {unseen_auc[-1]:.2f} while that of training rises from "
        f"{auc[0]:.2f} to {auc[-1]:.2f}",
        f"{training.capitalize()} patients are few",
        f"ROC AUC is {NUMBERS['roc_auc']:.3f} on the test patients",
        f"a probability of {NUMBERS['threshold']}, which costs the {validation} validation patients no Dice",
        f"it lets all {passed} slices with tumour pass",
        f"a fraction of {of_low:.2f} of the slices at {low:.2f} does, and of {of_high:.2f} at {high:.2f}",
        f"as far as {NUMBERS['test_slices']} slices of {test} patients can tell",
        f"at a probability of {NUMBERS['healthy_probability']:.2f}, with",
        *(
            f"| {row} | {score['mean']:.3f} | {score['interval'][0]:.3f} to {score['interval'][1]:.3f} |"
            for row, score in rows.items()
        ),
        f"by {WORDS[len(NUMBERS['tumour_pixels_of_missed_slices'])]} slices whose tumour was missed",
        f"say how many there were: {test}",
        f"at {NUMBERS['threshold']} it holds back {gate['held_back']} of {NUMBERS['test_slices']} slices, none with "
        "tumour",
    ]


@pytest.mark.parametrize("sentence", said())
def test_the_tutorial_says_what_the_run_gave(sentence):
    assert sentence in prose(PAGE), NEW_RUN


def test_the_tutorial_has_no_other_decimal_number():
    rest = prose(PAGE)
    for sentence in said():
        rest = rest.replace(sentence, "")
    # What any point of the diagonal means.
    explained = "that of all slices with a probability of 0.7, seven in ten show tumour"
    assert explained in rest
    assert re.findall(r"\d+\.\d+", rest.replace(explained, "")) == [], NEW_RUN


def test_what_the_tutorial_concludes_still_follows():
    gate, calibration = NUMBERS["gate"], NUMBERS["calibration"]
    auc = NUMBERS["auc_by_epoch"]
    assert auc["auc"][-1] > auc["auc"][0]
    assert auc["val_auc"][-1] < auc["val_auc"][0]
    assert calibration["with_tumour"][1] == pytest.approx(calibration["probability"][1], abs=0.05)  # about right
    assert calibration["with_tumour"][-2] > calibration["probability"][-2]  # too low
    assert gate["held_back_with_tumour"] == 0
    assert set(gate["false_alarms"].values()) == {0}
    assert NUMBERS["dice"]["per_patient"]["mean"] == NUMBERS["segmenter_dice"]


def test_every_kept_figure_is_shown_and_light():
    shown = re.findall(r"<!-- figure: (tutorial_\w+) -->", PAGE)
    assert sorted(shown) == sorted(KEPT["figures"])
    assert max(len(json.dumps(figure)) for figure in KEPT["figures"].values()) < 250_000


def test_the_figures_show_the_same_run():
    drawn = json.dumps(KEPT["figures"])
    for text in (f"AUC {NUMBERS['roc_auc']:.3f}", f"mean {NUMBERS['dice']['per_patient']['mean']:.3f}"):
        assert text in drawn
    assert (
        f"probability of {NUMBERS['healthy_probability']:.2f}"
        in KEPT["figures"]["tutorial_gate"]["layout"]["title"]["text"]
    )
