import pytest

from examples.brain_mri.scans.series_descriptions import sequence_of_series

DESCRIPTIONS = {
    "flair": [
        "AX T2 FLAIR", "AX FLAIR POST", "AX T2 FLAIR POST T1", "t2_tirm_tra_dark-fluid",
        "t2_space_dark-fluid_sag_p2_iso", "AX T2FLAIR", "CUBE T2FLAIR", "3DFLAIR", "FLAIR+C", "T2/FLAIR",
        "AX FLAIR(T2)", "AX FLAIR*",
    ],
    "pre": [
        "AX T1", "AX T1 FLAIR", "AX T1FLAIR", "T1_SE_TRA", "AX T1 PRE FS", "AX T1 W/O", "T1 without contrast",
        "T1 non-contrast", "SAG T1 C SPINE", "AX T1 WITH FS", "AX T1 POSTERIOR FOSSA", "T1 POST-OP", "T1 POSTOP",
        "AX T1 NON-FAT SAT", "MPRAGE", "mp-rage", "BRAVO", "sT1W_3D_TFE", "T1TSE", "3DT1", "T1 ohne KM",
        "AX T1 PRE-GAD",
    ],
    "post": [
        "AX T1 POST FS", "AX POST T1", "T1 GAD", "T1 + C", "t1_mprage+C", "T1ce", "T1C+", "BRAVO +C",
        "AX T1 POST W/O FS", "AX T1 POST NON FS", "AX T1 NON-FAT SAT POST", "T1 PRE-OP +C",
        "AX T1 STEALTH PRE OP POST GAD", "T1 CONTRAST", "T1 W/ CONTRAST", "T1 GADAVIST", "T1 KM", "T1 postcontrast",
    ],
    "other": [
        "AX T2", "DWI b1000", "AX T2 POST", "DWI POST", "SWI POST", "AX GRE POST", "3D TOF POST", "CE MRA HEAD",
        "MRV GD", "AX T2 GD", "AX PD POST", "ASL PRE", "T1 SUB", "SUB T1 POST-PRE", "AX T1 SUBTRACTION", "T1 MAP",
        "T1_MAP_MOLLI", "Ktrans T1", "T1 PRE AND POST", "T1 dynamic perfusion",
    ],
    None: [
        "", "series 3", "AX POST", "CHEST",
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("description", "sequence"), [(text, sequence) for sequence, texts in DESCRIPTIONS.items() for text in texts]
)
def test_a_description_tells_the_sequence(description, sequence):
    assert sequence_of_series([description]) == sequence


def test_the_first_description_that_tells_counts():
    assert sequence_of_series(["series 3", "t1_tra"]) == "pre"
    assert sequence_of_series(["AX FLAIR", "t1_tra"]) == "flair"


@pytest.mark.parametrize(
    ("description", "sequence"), [("AX T1", "post"), ("AX T1 PRE", "pre"), ("FLAIR", "flair"), ("T2", "other")]
)
def test_a_contrast_agent_makes_t1_post_contrast_unless_the_description_says_otherwise(description, sequence):
    assert sequence_of_series([description], contrast_agent="GADAVIST") == sequence


@pytest.mark.parametrize("agent", ["", " ", "NONE", "No", "N", "n/a", "NA", "0", "0 ml", "-", "without"])
def test_no_contrast_agent_is_written_in_many_ways(agent):
    assert sequence_of_series(["AX T1"], contrast_agent=agent) == "pre"


@pytest.mark.parametrize("kind", ["SUBTRACTION", "T1_MAP", "PROJECTION IMAGE"])
def test_derived_images_are_no_t1(kind):
    assert sequence_of_series(["AX T1 POST"], image_type=["DERIVED", "SECONDARY", kind]) == "other"
    assert sequence_of_series(["AX T1 POST"], image_type=["DERIVED", "PRIMARY", "M"]) == "post"
