"""Settings of a run, and what is refused as one."""

import dataclasses
import json

import pytest

from resunet_kit.masks import PostProcess
from resunet_kit.models import res_unet
from resunet_kit.training import RunSettings, load_run
from resunet_kit.training.run_folder import MODEL, SETTINGS, UNFINISHED, write_settings

ALL = RunSettings(
    num_classes=3,
    image_size=(32, 48),
    channels=3,
    normalize=([0.1, 0.2, 0.3], [1.0, 2.0, 3.0]),
    full_scale=4095.0,
    nan=0.0,
    exif_rotation=True,
    ignore_class=255,
    classes={(128, 0, 0): 1, None: 0},
    channel=None,
    postprocess=PostProcess(threshold=0.3, min_size=4),
    seed=7,
    recipe={"epochs": 3},
    versions={"keras": "3"},
)


@pytest.mark.parametrize(
    "settings", [ALL, RunSettings(num_classes=1, image_size=(8, 8)), dataclasses.replace(ALL, classes={4: 3})]
)
def test_settings_survive_json(settings):
    assert RunSettings.from_json(settings.to_json()) == settings


def test_options_are_those_of_the_readers():
    assert ALL.image_options["normalize"] == ALL.normalize
    assert set(ALL.image_options) == {"channels", "normalize", "full_scale", "nan", "exif_rotation"}
    assert ALL.mask_options["num_classes"] == 3
    assert RunSettings(num_classes=1, image_size=(8, 8)).mask_options["num_classes"] == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format_version": 2}, "Update resunet_kit"),
        ({"format_version": None}, "Update resunet_kit"),
        ({"threshold": 0.5}, "threshold"),
        ({"num_classes": 0}, "num_classes"),
        ({"postprocess": {"threshold": 3}}, "threshold"),
    ],
)
def test_damaged_and_newer_settings_are_refused(tmp_path, change, message):
    (tmp_path / SETTINGS).write_text(json.dumps({**json.loads(ALL.to_json()), **change}))
    with pytest.raises(ValueError, match=rf"settings.json.*{message}"):
        load_run(tmp_path)


def test_what_is_not_a_finished_run_is_refused(tmp_path):
    with pytest.raises(TypeError, match="path"):
        load_run(3)
    with pytest.raises(ValueError, match="not a folder"):
        load_run(tmp_path / "nowhere")
    with pytest.raises(ValueError, match=r"lacks settings\.json"):
        load_run(tmp_path)
    (tmp_path / UNFINISHED).mkdir()
    with pytest.raises(ValueError, match=r"not ended.*resume=True"):
        load_run(tmp_path)
    write_settings(tmp_path, ALL)
    with pytest.raises(ValueError, match=r"lacks model\.keras"):
        load_run(tmp_path)
    (tmp_path / MODEL).write_bytes(b"no model")
    with pytest.raises(ValueError, match=r"model.keras.*cannot be read"):
        load_run(tmp_path)


def test_a_run_is_its_model_and_its_settings(tmp_path):
    write_settings(tmp_path, ALL)
    res_unet((32, 48, 3), 3, filters=(4, 8)).save(tmp_path / MODEL)
    model, settings = load_run(tmp_path)
    assert settings == ALL
    assert model.output_shape == (None, 32, 48, 3)


@pytest.mark.parametrize("cut", [30, 2000])
def test_a_damaged_model_is_named(tmp_path, cut):
    write_settings(tmp_path, ALL)
    res_unet((16, 16, 1), filters=(2, 4)).save(tmp_path / MODEL)
    kept = (tmp_path / MODEL).read_bytes()
    (tmp_path / MODEL).write_bytes(kept[:cut] + b"\0" * 600 + kept[cut + 600 :])
    with pytest.raises(ValueError, match=r"model\.keras.*cannot be read"):
        load_run(tmp_path)
