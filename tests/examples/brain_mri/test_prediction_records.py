import pytest

from examples.brain_mri.prediction_records import Records

SETTINGS = {"run": "1", "--spacing": (1.0, 2.0, 3.0)}
ROWS = {"slices": [{"image": "a"}], "patients": []}


@pytest.fixture
def begun(tmp_path):
    records = Records(tmp_path / "out")
    records.check(resume=False)
    with records.begun(SETTINGS):
        pass
    (tmp_path / "out" / "a_pred.png").write_bytes(b"mask")
    records.add(0, ROWS, {"a_pred.png"})
    return records


def test_a_patient_counts_while_the_masks_are_intact(begun):
    assert begun.rows(0) == ROWS
    assert begun.rows(1) is None
    (begun.out / "a_pred.png").write_bytes(b"mas")
    assert begun.rows(0) is None
    (begun.out / "a_pred.png").unlink()
    assert begun.rows(0) is None


def test_an_unfinished_folder_needs_resume_and_the_same_settings(begun):
    with pytest.raises(ValueError, match=r"unfinished prediction with 1 patients done.*--resume"):
        begun.check(resume=False)
    begun.check(resume=True)
    with begun.begun(SETTINGS):
        pass
    with pytest.raises(ValueError, match="Expected the same run as when"), begun.begun({**SETTINGS, "run": "2"}):
        pass


def test_a_second_process_is_refused(begun):
    with (
        begun.begun(SETTINGS),
        pytest.raises(ValueError, match="no other process"),
        Records(begun.out).begun(SETTINGS),
    ):
        pass


def test_what_a_killed_process_left_is_removed(begun):
    left = [
        begun.out / ".0123abcd-a_pred.png",
        begun.folder / ".0123abcd-00001.json",
        begun.out / ".0123abcd-unfinished",
    ]
    left[0].touch()
    left[1].touch()
    left[2].mkdir()
    (begun.out / ".keep").touch()
    with begun.begun(SETTINGS):
        pass
    assert not any(path.exists() for path in left)
    assert (begun.out / ".keep").exists()


def test_a_finished_folder_is_complete_and_refused(begun):
    assert list(begun.all_rows("slices", 1)) == ROWS["slices"]
    with pytest.raises(ValueError, match="--resume"):
        list(begun.all_rows("slices", 2))
    (begun.out / "predictions.csv").touch()
    begun.finish()
    assert sorted(path.name for path in begun.out.iterdir()) == ["a_pred.png", "predictions.csv"]
    for resume in (False, True):
        with pytest.raises(ValueError, match="a finished prediction already"):
            begun.check(resume=resume)


def test_a_start_that_was_killed_at_once_is_no_hindrance(tmp_path):
    (tmp_path / "out" / ".0123abcd-unfinished").mkdir(parents=True)
    Records(tmp_path / "out").check(resume=False)
    Records(tmp_path / "out").check(resume=True)


def test_a_file_or_other_content_is_refused(tmp_path):
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path):
        with pytest.raises(ValueError, match="Expected a new or empty folder"):
            Records(path).check(resume=True)
    with pytest.raises(OSError, match="file"):
        Records(tmp_path / "file" / "out").check(resume=False)
