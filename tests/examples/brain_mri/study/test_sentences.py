import pandas as pd
import pytest

from examples.brain_mri.study.grid import COMPARISONS
from examples.brain_mri.study.results import summary_table
from examples.brain_mri.study.sentences import sentences, verdict
from tests.examples.brain_mri.study.test_results import training


@pytest.mark.parametrize(
    ("pairs", "low", "high", "said"),
    [
        (6, 0.1, 0.2, "Pays"),
        (6, -0.2, -0.1, "Does harm"),
        (6, -0.1, 0.2, "No difference"),
        (5, 0.1, 0.2, "Higher, with too few pairs"),
        (1, float("nan"), float("nan"), "Higher, with too few pairs"),
    ],
)
def test_verdicts(pairs, low, high, said):
    assert verdict({"pairs": pairs, "low": low, "high": high, "difference": 0.1}).startswith(said)


def said_of(finished):
    return sentences(summary_table(finished, [COMPARISONS["starts"]]), COMPARISONS["starts"], "segmenter")


def test_when_transfer_pays_and_when_not():
    gains = {2: (0.2, 0.3), 4: (-0.1, 0.1), 8: (-0.3, -0.2)}
    finished = [
        training(start, seed, [0, 0.5 + gain], patients=patients)
        for patients, both in gains.items()
        for seed in range(6)
        for start, gain in (("random", 0), ("imagenet", both[seed % 2]))
    ]
    [text] = said_of(finished)
    assert text.startswith("**Segmenter, ImageNet against random weights.** ")
    assert "Pays: with 2 training patients Dice +0.250 (+0.217 to +0.283), from 0.500 to 0.750." in text
    assert "No difference shown: with 4 training patients Dice +0.000" in text
    assert "Does harm: with 8 training patients Dice -0.250" in text
    assert "Over all numbers of patients, no difference shown: Dice +0.000" in text


def test_how_much_sooner():
    pair = [training("random", 0, [0, 0.2, 0.4]), training("imagenet", 0, [0, 0.8, 0.9])]
    assert "arrives at the final score of the second, in the median after 25% of the steps" in said_of(pair)[0]
    assert "In no pair does the first run arrive" in said_of([pair[0], training("imagenet", 0, [0, 0.1, 0.2])])[0]


def test_nothing_is_said_of_time_where_the_other_has_not_improved():
    [text] = said_of([training("random", 0, [0.1, 0.2, 0.0]), training("imagenet", 0, [0.0, 0.1, 0.2])])
    assert "time cannot be compared" in text


def test_nothing_is_said_of_nothing():
    assert sentences(pd.DataFrame(), COMPARISONS["starts"], "segmenter") == []
    assert said_of([training("random", 0, [0, 0.5])]) == []
