import keras
import numpy as np
import pytest

from resunet_kit.models import res_unet


@pytest.fixture(scope="session")
def model():
    keras.utils.set_random_seed(0)
    return res_unet((16, 16, 1), filters=(4, 8))


@pytest.fixture(scope="session")
def images():
    return np.random.default_rng(1).random((5, 16, 16, 1), "float32")


@pytest.fixture(scope="session")
def expected(model, images):
    return np.asarray(model.predict_on_batch(images))


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "resunet_kit" / "engines.json"
