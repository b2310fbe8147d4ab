import json
import re

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from examples.brain_mri import cli, comparison
from examples.brain_mri.cohort.slices import Slice
from examples.brain_mri.commands import compare as command
from examples.brain_mri.config import Options
from examples.brain_mri.report.comparison import difference_figure, distribution_figure, origin_text
from examples.brain_mri.run_folder import RunFolder

PATIENTS = [f"TCGA_SM_{number:04d}_21000101" for number in range(9)]
DICE = np.array([0.5, 0.6, 0.7, 0.8, 0.9])


TRUTH, FOUND = (0, 0, 1, 1), (0, 1, 1, 1)  # of the slices of each patient


def make(path, *, test=PATIENTS[:5], dice=DICE, pixels=None, truth=TRUTH, found=FOUND, evaluated=True, **options):
    """Write a run folder that tested some patients with these scores; `found` may hold a row for each patient."""
    others = [name for name in PATIENTS if name not in test]
    split = dict.fromkeys(test, "test") | dict.fromkeys(others[1:], "train") | {others[0]: "validation"}
    file = path.with_name("slice.tif")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"the same in all runs")
    slices = [Slice(name, 1, file, file, True) for name in split]
    RunFolder.create(path, Options(data="cohort", **options), split, slices)
    if evaluated:
        scores = {column: np.asarray(dice) * (0.9 if "iou" in column else 1) for column in comparison.SCORES}
        sizes = np.arange(len(test)) + 100 if pixels is None else pixels
        pd.DataFrame({"patient": test, "slices": len(truth), "truth_px": sizes, **scores}).to_csv(
            path / "metrics_per_patient.csv", index=False
        )
        rows = [
            {"patient": name, "slice": number, "has_tumour": has_tumour, "predicted_tumour": predicted}
            for name, marked in zip(test, np.broadcast_to(found, (len(test), len(truth))), strict=True)
            for number, (has_tumour, predicted) in enumerate(zip(truth, marked, strict=True))
        ]
        pd.DataFrame(rows).to_csv(path / "metrics_per_slice.csv", index=False)
        found = {"version": "1", "seed": 0, "date": "2026", "machine": {"processor": "cpu"}}
        found |= {"test_patients": len(test), "simulated_test_patients": len(test)}
        (path / "metrics.json").write_text(json.dumps({"provenance": found}))
    return path


def test_scores_are_paired_by_patient_not_by_row(tmp_path):
    first = make(tmp_path / "a")
    second = make(tmp_path / "b", test=PATIENTS[4::-1], dice=DICE[::-1] + 0.05, pixels=np.arange(5)[::-1] + 100)
    runs = comparison.read_runs([first, second])
    rows = comparison.score_rows(runs, comparison.common_patients(runs))
    dice = [row for row in rows if row["score"] == "Dice, cascade"]
    assert [row["run"] for row in dice] == ["a", "b"]
    assert dice[0]["mean"] == pytest.approx(0.7)
    assert "p" not in dice[0]
    assert dice[1]["difference"]["mean"] == pytest.approx(0.05)
    assert dice[1]["difference"]["interval"] == pytest.approx([0.05, 0.05])
    assert dice[1]["p"] == comparison.smallest_p(5) == 2 / 2**5


def test_only_patients_that_all_runs_tested_count(tmp_path):
    runs = comparison.read_runs(
        [
            make(tmp_path / "a"),
            make(tmp_path / "b", test=PATIENTS[2:5], dice=[0.1, 0.2, 0.3], pixels=[102, 103, 104]),
            make(tmp_path / "c", test=PATIENTS[3:6], dice=[0.1, 0.2, 0.3], pixels=[103, 104, 105]),
        ]
    )
    patients = comparison.common_patients(runs)
    assert patients == PATIENTS[3:5]
    assert comparison.score_rows(runs, patients)[0]["mean"] == pytest.approx(0.85)


def test_sensitivity_and_specificity_are_those_of_all_slices_and_paired(tmp_path):
    better = np.array([[0, 0, 1, 1], [0, 1, 1, 1], [0, 1, 0, 1], [0, 0, 0, 1], [0, 0, 1, 1]])
    runs = comparison.read_runs([make(tmp_path / "a"), make(tmp_path / "b", found=better)])
    rows = comparison.score_rows(runs, PATIENTS[:5])
    found = {(row["score"].split()[0], row["run"]): row for row in rows if "slice" in row["score"]}
    assert found["Sensitivity", "a"]["mean"] == 1
    assert found["Sensitivity", "b"]["mean"] == 0.8
    assert found["Specificity", "a"]["mean"] == 0.5
    assert found["Specificity", "b"]["mean"] == 0.8
    difference = found["Specificity", "b"]
    assert difference["difference"]["mean"] == pytest.approx(0.3)
    assert difference["p"] == comparison.p_value(np.array([1, 0, 0, 1, 1]))
    assert 0 <= difference["difference"]["interval"][0] < 0.3 < difference["difference"]["interval"][1]


def test_a_score_that_no_patient_has_is_left_out(tmp_path):
    runs = comparison.read_runs([make(tmp_path / name, truth=(1, 1), found=(1, 0)) for name in "ab"])
    titles = {row["score"] for row in comparison.score_rows(runs, PATIENTS[:5])}
    assert "Sensitivity by slice, cascade" in titles
    assert "Specificity by slice, cascade" not in titles
    assert len(difference_figure(runs, PATIENTS[:5]).data[0].x) == len(titles)


@pytest.mark.parametrize("count", [3, 8])
def test_p_is_that_of_all_flips_of_signs(count):
    differences = np.random.default_rng(count).normal(0.3, 1, count)
    flips = np.array(np.meshgrid(*[[-1, 1]] * count)).reshape(count, -1)
    expected = np.mean(np.abs(differences @ flips) >= abs(differences.sum()) - 1e-12)
    assert comparison.p_value(differences) == pytest.approx(expected)


def test_p_of_many_patients_is_repeatable_and_near_the_t_test():
    differences = np.random.default_rng(0).normal(0.1, 0.3, 40)
    assert comparison.p_value(differences) == comparison.p_value(differences)
    assert comparison.p_value(differences) == pytest.approx(stats.ttest_1samp(differences, 0).pvalue, abs=0.02)
    assert comparison.p_value(np.zeros(4)) == 1
    assert comparison.p_value(np.ones(20)) == comparison.smallest_p(20)
    assert comparison.p_value(np.array([0.3])) == 1 == comparison.smallest_p(1)


def test_figures_show_each_difference_and_name_each_patient(tmp_path):
    runs = comparison.read_runs([make(tmp_path / "a"), make(tmp_path / "b", dice=DICE - 0.1)])
    patients = comparison.common_patients(runs)
    drawn = difference_figure(runs, patients)
    expected = [row["difference"]["mean"] for row in comparison.score_rows(runs, patients) if "difference" in row]
    assert list(drawn.data[0].x) == pytest.approx(expected)
    assert -0.1 in np.round(drawn.data[0].x, 6)
    text = distribution_figure(runs, patients).to_json()
    assert [text.count(patient) for patient in patients] == [len(runs)] * len(patients)


def test_the_command_prints_and_writes(tmp_path, capsys):
    runs = [make(tmp_path / "a"), make(tmp_path / "b", dice=DICE - 0.1, seed=3, batch_size=4)]
    out = tmp_path / "new" / "comparison.html"
    assert cli.main(["compare", *map(str, runs), "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("The patients are simulated")
    assert "Compared on the 5 patients that all runs tested" in printed
    assert "All were trained on the same 3 patients." in printed
    assert re.search(r"Dice, cascade +b +0\.600 \(0\.\d+ to 0\.\d+\) +-0\.100 \(-0\.100 to -0\.100\) +0\.062", printed)
    assert re.search(r"batch_size +12 +4", printed)
    assert re.search(r"seed +0 +3", printed)
    assert "precision" not in printed
    assert "cannot be below 0.062: with so few it says little" in printed
    text = out.read_text(encoding="utf-8")
    assert text.index("The patients are simulated") < text.index("<nav")
    assert re.search(rf"<td[^>]*>{PATIENTS[0]}</td>", text)
    assert PATIENTS[7] not in text


def test_runs_that_cannot_be_compared_are_refused_in_one_line(tmp_path, capsys):
    first = make(tmp_path / "a")
    other = make(tmp_path / "b", test=PATIENTS[5:], dice=[0.1] * 4)
    bare = make(tmp_path / "c", evaluated=False)
    sized = make(tmp_path / "d", pixels=np.arange(5) + 200)
    stale = make(tmp_path / "e")
    make(tmp_path / "e2", test=PATIENTS[1:6])
    (stale / "split.csv").write_bytes((tmp_path / "e2" / "split.csv").read_bytes())
    spoiled = make(tmp_path / "f")
    (spoiled / "metrics_per_patient.csv").write_text("patient,slices\n")
    for name, old, new in (("g", ",0.5,", ",x,"), ("h", ",0.5,", ",,")):
        file = make(tmp_path / name) / "metrics_per_patient.csv"
        file.write_text(file.read_text().replace(old, new, 1))
    (make(tmp_path / "i") / "metrics.json").write_text('{"provenance": {}}')
    make(tmp_path / "j", truth=(0, 1, 1, 1))
    lacking = make(tmp_path / "k") / "metrics_per_slice.csv"
    lacking.write_text("\n".join(line for line in lacking.read_text().splitlines() if PATIENTS[2] not in line))
    (make(tmp_path / "l") / "metrics_per_slice.csv").unlink()
    for name, file, old, new in (
        ("m", "metrics_per_patient.csv", "lesion_f1", "f1"),
        ("n", "metrics_per_slice.csv", f"{PATIENTS[0]},1,0,1", f"{PATIENTS[0]},1,0,0.7"),
        ("o", "metrics_per_slice.csv", f"{PATIENTS[0]},1,", f"{PATIENTS[0]},2,"),
        ("p", "metrics_per_slice.csv", f"{PATIENTS[0]},1,0,1\n", ""),
        ("q", "metrics_per_slice.csv", f"{PATIENTS[0]},1,", f"{PATIENTS[0]},,"),
    ):
        changed = make(tmp_path / name) / file
        text = changed.read_text()
        assert old in text
        changed.write_text(text.replace(old, new, 1))
    cases = {
        ("a",): "two or more different runs",
        ("a", "a"): "two or more different runs",
        ("a", "b"): "Expected a test patient that all runs have",
        ("a", "c"): "Expected an evaluated run",
        ("a", "d"): f"others of {PATIENTS[0]} in d than in a",
        ("a", "e"): "the run's own test patients",
        ("a", "f"): "Expected the scores of a run",
        ("a", "g"): f"Expected the scores of a run. Received {tmp_path / 'g'}: could not convert",
        ("a", "h"): f"Received {tmp_path / 'h'}: metrics_per_patient.csv lacks a score",
        ("a", "i"): f"Expected the scores of a run. Received {tmp_path / 'i'}",
        ("a", "j"): f"others of {PATIENTS[0]} in j than in a",
        ("a", "k"): "metrics_per_slice.csv is not that of metrics_per_patient.csv",
        ("a", "l"): "Expected an evaluated run",
        ("a", "m"): "metrics_per_patient.csv lacks cascade_lesion_f1; an older version may have written it",
        ("a", "n"): "metrics_per_slice.csv is not that of metrics_per_patient.csv",
        ("a", "o"): "metrics_per_slice.csv has two rows of one slice",
        ("a", "p"): "metrics_per_slice.csv is not that of metrics_per_patient.csv",
        ("a", "q"): "metrics_per_slice.csv lacks a score",
        ("a", "nothing"): "Expected a run folder",
    }
    assert all(path.is_dir() for path in (first, other, bare, sized))
    for names, message in cases.items():
        assert cli.main(["compare", *(str(tmp_path / name) for name in names)]) == 1
        error = capsys.readouterr().err
        assert error.startswith("error: Expected")
        assert error.count("\n") == 1
        assert message in error
    assert cli.main(["compare", str(first), str(sized), "--out", str(tmp_path / "x.json")]) == 1
    assert "end in .html" in capsys.readouterr().err


def test_tensorflow_loads_in_silence(tmp_path, monkeypatch):
    calls = []
    monkeypatch.setattr(command, "load_tensorflow", lambda: calls.append("loaded"))
    assert cli.main(["compare", str(tmp_path), str(tmp_path)]) == 1
    assert calls == ["loaded"]


def test_other_files_of_a_patient_are_named(tmp_path):
    paths = [make(tmp_path / "a"), make(tmp_path / "b")]
    for path, print_ in zip(paths, ("x", "y"), strict=True):
        (path / "fingerprints.json").write_text(json.dumps({PATIENTS[2]: print_}))
    with pytest.raises(ValueError, match=f"others of {PATIENTS[2]} in b than in a"):
        comparison.common_patients(comparison.read_runs(paths))


def test_where_runs_differ_each_says_whether_its_patients_are_simulated(tmp_path):
    runs = comparison.read_runs([make(tmp_path / "a"), make(tmp_path / "b")])
    assert origin_text(runs).count("simulated") == 1
    runs[1].provenance["simulated_test_patients"] = 1
    assert origin_text(runs).startswith("a: **The patients are simulated**")
    assert "b: **1 of 5 test patients are simulated**" in origin_text(runs)


def test_one_common_patient_has_neither_interval_nor_verdict(tmp_path, capsys):
    make(tmp_path / "a")
    make(tmp_path / "b", test=PATIENTS[4:7], dice=[0.1, 0.2, 0.3], pixels=[104, 105, 106])
    assert cli.main(["compare", str(tmp_path / "a"), str(tmp_path / "b")]) == 0
    printed = capsys.readouterr().out
    assert "Compared on the one patient" in printed
    assert "no score has an interval" in printed
    assert re.search(r"Dice, cascade +b +0\.100 +-0\.800 +1\.000", printed)


def test_runs_of_one_folder_name_are_told_apart_by_their_paths(tmp_path):
    paths = [make(tmp_path / "x" / "run"), make(tmp_path / "y" / "run")]
    assert [scored.name for scored in comparison.read_runs(paths)] == [str(path) for path in paths]
