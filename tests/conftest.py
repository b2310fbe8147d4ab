"""Start the longest files first, let no test fail by chance or on a slow machine, and know what needs TensorFlow."""

import gc
import importlib.util
import os
from types import CodeType, FunctionType

import pytest
from hypothesis import HealthCheck, settings

LONGEST = (
    "test_containers_fuzz.py",
    "test_reload.py",
    "test_training.py",
    "test_readme.py",
    "test_cohort.py",
    "test_docs.py",
    "test_compilation.py",
    "test_patient.py",
    "test_prediction.py",
)
# Doctests import every module; these need PyTorch.
TORCH = ("benchmarks/torch_networks.py", "models/backbones/torch_networks.py")
collect_ignore = [] if importlib.util.find_spec("torch") else list(TORCH)
BACKEND = os.environ.get("KERAS_BACKEND", "tensorflow")
ONLY_TENSORFLOW = pytest.mark.skipif(BACKEND != "tensorflow", reason="calls TensorFlow itself, as `tf`")

settings.register_profile(
    "project",
    deadline=None,
    max_examples=60,  # of a hundred properties; those that need more say so
    suppress_health_check=[HealthCheck.too_slow],
    derandomize="CI" in os.environ,
)
settings.load_profile("project")


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Let no garbage collection look through TensorFlow and thousands of tests: they stay, and it takes a second."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup():
    """Draw the same weights in every run: of small networks, one in a hundred cannot learn, all its ReLUs being off."""
    import keras  # not above: the process that only hands tests out would load TensorFlow

    keras.utils.set_random_seed(0)  # before the fixtures, which build networks too


def pytest_collection_modifyitems(items):
    """Leave no worker alone with a long file at the end."""
    items.sort(key=lambda item: item.path.name not in LONGEST)  # stable: the rest stays in its order
    for item in items:
        function = getattr(item, "function", None)
        # Hypothesis wraps what it runs.
        if function and calls_tensorflow(getattr(getattr(function, "hypothesis", None), "inner_test", function)):
            item.add_marker(ONLY_TENSORFLOW)


def calls_tensorflow(test: FunctionType) -> bool:
    """Say whether a test uses its module's `tf`, itself or by functions of its module."""
    names: set[str] = set()
    new = {test.__code__}
    while new:
        found = set().union(*map(names_in, new)) - names
        names |= found
        functions = (test.__globals__.get(name) for name in found)
        new = {
            function.__code__
            for function in functions
            if getattr(function, "__module__", "") == test.__module__ and isinstance(function, FunctionType)
        }
    return "tf" in names


def names_in(code: CodeType) -> set[str]:
    """Return the names that a function reads, those of functions inside it too."""
    inner = (constant for constant in code.co_consts if isinstance(constant, CodeType))
    return set(code.co_names).union(*map(names_in, inner))
