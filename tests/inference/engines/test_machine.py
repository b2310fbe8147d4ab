import json

from resunet_kit.inference._engines import machine
from resunet_kit.inference._engines.machine import fingerprint
from resunet_kit.models import res_unet


def built(**options):
    return res_unet(**{"input_shape": (16, 16, 1), "filters": (4, 8), **options})


def test_key_depends_on_architecture_and_options_but_not_on_names_and_weights(model, monkeypatch):
    key = fingerprint(model, batch=8)
    assert fingerprint(built(name="another"), batch=8) == key
    others = [
        fingerprint(built(filters=(4, 9)), batch=8),
        fingerprint(built(block_activation="tanh"), batch=8),
        fingerprint(model, batch=1),
    ]
    monkeypatch.setattr(machine, "allowed_threads", lambda: 77)
    others.append(fingerprint(model, batch=8))
    assert len({key, *others}) == 5


def test_machine_is_described_in_json():
    about = json.loads(json.dumps(machine.machine()))
    assert about["versions"]["keras"]
    assert about["processor"]
