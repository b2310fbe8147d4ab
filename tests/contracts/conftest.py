"""Give the contracts the same weights in every run, and let no backend's compiler take their time."""

import math

import keras
import numpy as np
import pytest


def draw(initializer, shape, dtype=None, **_):
    """Draw first weights of an initialiser's variance by NumPy."""
    inward, outward = math.prod(shape[:-1]), math.prod(shape[:-2]) * shape[-1]
    fan = {"fan_in": inward, "fan_out": outward, "fan_avg": (inward + outward) / 2}[initializer.mode]
    values = np.random.default_rng(math.prod(shape)).normal(0, math.sqrt(initializer.scale / fan), shape)
    return keras.ops.convert_to_tensor(values, dtype or keras.config.floatx())


@pytest.hookimpl(tryfirst=True)  # before pytest leaves out what is slow
def pytest_collection_modifyitems(items):
    """Leave the instances that take long to the slow tests."""
    for item in items:
        parameters = item.callspec.params if hasattr(item, "callspec") else {}
        if getattr(parameters.get("descriptor"), "slow", False):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(autouse=True)
def seeded():
    """Draw the same weights in every run: of fresh networks in inference mode a few in a hundred saturate."""
    keras.utils.set_random_seed(0)


@pytest.fixture(autouse=True)
def drawn_by_numpy(monkeypatch):
    """Spare JAX the draws: it compiles them for every shape, half of all the time, and no contract is about them."""
    if keras.backend.backend() == "jax":
        monkeypatch.setattr(keras.initializers.VarianceScaling, "__call__", draw)
