import pytest

from examples.brain_mri.scans.sequences import sequence_of, sequence_of_series


@pytest.mark.parametrize(
    ("name", "sequence", "rest"),
    [
        ("BraTS20_001_flair", "flair", "brats20 001"),
        ("BraTS20_001_t1ce", "post", "brats20 001"),
        ("BraTS-GLI-00000-000-t2f", "flair", "brats gli 00000 000"),
        ("BraTS-GLI-00000-000-t1n", "pre", "brats gli 00000 000"),
        ("sub-01_ce-gadolinium_T1w", "post", "sub 01"),
        ("sub-01_T2w", "other", "sub 01"),
        ("AX T2 FLAIR", "flair", "ax"),
        ("p1_pre", "pre", "p1"),
        ("p1_t1_post", "post", "p1"),
        ("post_op_7", None, "post_op_7"),
        ("Patient", None, "patient"),
    ],
)
def test_a_name_tells_its_sequence(name, sequence, rest):
    assert sequence_of(name) == (sequence, rest)


@pytest.mark.parametrize(
    ("descriptions", "sequence"),
    [
        (["AX T2 FLAIR"], "flair"),
        (["AX FLAIR POST"], "flair"),
        (["AX T1"], "pre"),
        (["AX T1 FLAIR"], "pre"),
        (["T1_SE_TRA"], "pre"),
        (["AX T1 PRE FS"], "pre"),
        (["AX T1 W/O"], "pre"),
        (["T1 without contrast"], "pre"),
        (["SAG T1 C SPINE"], "pre"),
        (["AX T1 POST FS"], "post"),
        (["AX POST T1"], "post"),
        (["T1 GAD"], "post"),
        (["T1 + C"], "post"),
        (["t1_mprage+C"], "post"),
        (["T1ce"], "post"),
        (["AX T2"], "other"),
        (["DWI b1000"], "other"),
        (["series 3", "t1_tra"], "pre"),
        (["", ""], None),
        (["PERFUSION"], None),
    ],
)
def test_descriptions_tell_the_sequence_of_a_series(descriptions, sequence):
    assert sequence_of_series(descriptions, contrast_agent=False) == sequence


@pytest.mark.parametrize(
    ("description", "sequence"), [("AX T1", "post"), ("AX T1 PRE", "pre"), ("FLAIR", "flair"), ("T2", "other")]
)
def test_a_contrast_agent_makes_t1_post_contrast_unless_the_description_says_otherwise(description, sequence):
    assert sequence_of_series([description], contrast_agent=True) == sequence
