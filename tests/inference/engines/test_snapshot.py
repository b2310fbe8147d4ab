import warnings

import numpy as np
import pytest

from resunet_kit.inference._engines import snapshot as snapshot_module
from resunet_kit.inference._engines.snapshot import MAX_WEIGHTS, Snapshot
from resunet_kit.models import res_unet


@pytest.mark.parametrize("part", [0, 0.5, 1])
def test_other_weights_are_told_once(part, monkeypatch):
    monkeypatch.setattr(snapshot_module, "SECONDS", 0.0)
    model = res_unet((16, 16, 1), filters=(4, 8))
    snapshot = Snapshot(model)
    assert len(snapshot.weights) == MAX_WEIGHTS
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        snapshot.warn_if_changed()
        model.set_weights(model.get_weights())
        snapshot.warn_if_changed()
    weight = snapshot.weights[round(part * (MAX_WEIGHTS - 1))]
    weight.assign(np.ones(weight.shape) / 3)
    with pytest.warns(UserWarning, match=r"weights that 'res_unet.*' had when.*Call accelerate again"):
        snapshot.warn_if_changed()
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        snapshot.warn_if_changed()
