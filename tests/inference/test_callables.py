import functools
import subprocess
import sys

import numpy as np
import pytest

from resunet_kit.inference._callables import described


def scaled(x, factor=1.0):
    return x * factor


def closure(factor):
    return lambda x: x * factor


def default(factor):
    return eval(f"lambda x, factor={factor}: x * factor")


def constant(factor):
    return eval(f"lambda x: x * {factor}")


def from_global(factor):
    return eval("lambda x: x * factor", {"factor": factor})


class Scale:
    def __init__(self, factor):
        self.factor = factor

    def __call__(self, x):
        return x * self.factor

    def apply(self, x):
        return x * self.factor


MAKERS = [
    closure,
    default,
    constant,
    from_global,
    lambda factor: functools.partial(scaled, factor=factor),
    lambda factor: closure(np.full(2000, factor)),
    Scale,
    lambda factor: Scale(factor).apply,
    lambda factor: closure([{"factor": factor}]),
]


@pytest.mark.parametrize("maker", MAKERS)
def test_a_function_is_known_by_all_that_it_is_made_of(maker):
    assert described(maker(2.0)) == described(maker(2.0))
    assert described(maker(2.0)) != described(maker(3.0))


def test_the_text_is_the_same_in_every_process():
    code = (
        "from resunet_kit.inference._callables import described\n"
        "inner = lambda: {'b', 'a', 'c'}\n"
        "print(described(lambda x: (lambda y: y in {'a', 'b', 'c'} or inner())(x)))"
    )
    texts = {
        subprocess.run(
            [sys.executable, "-c", code.replace("from resunet_kit.inference._callables", "from _callables")],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONPATH": "resunet_kit/inference", "PYTHONHASHSEED": seed},
        ).stdout
        for seed in "12"
    }
    assert len(texts) == 1
