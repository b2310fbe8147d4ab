from examples.brain_mri import cli
from examples.brain_mri.study.arguments import QUICK, given
from examples.brain_mri.study.plan import Plan


def parsed(*arguments):
    return given(cli.parser().parse_args(["study", "--out", "study", *arguments]))


def test_quick_is_a_set_of_defaults():
    assert Plan(**parsed("--quick")) == Plan(**QUICK)
    assert Plan(**parsed("--quick", "--seeds", "2")) == Plan(**{**QUICK, "seeds": 2})
    assert parsed() == {}
