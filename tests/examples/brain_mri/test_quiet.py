import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[3]


@pytest.mark.slow
def test_loading_says_nothing_and_keeps_standard_error_open():
    code = "import sys; from examples.brain_mri.quiet import load_tensorflow; load_tensorflow(); "
    code += "import tensorflow as tf; tf.constant(1) + 1; print('still heard', file=sys.stderr)"
    result = subprocess.run([sys.executable, "-c", code], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    assert result.stderr == "still heard\n"
