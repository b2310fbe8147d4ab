import pytest

from examples.brain_mri.scans.sequences import sequence_of


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
