"""One file of both models and the settings, the folders of earlier versions, and files that are damaged or not ours."""

import dataclasses
import io
import json
import shutil
import zipfile

import h5py
import keras
import numpy as np
import pytest

from resunet_kit.inference import Cascade
from resunet_kit.losses import Tversky
from resunet_kit.masks import PostProcess
from tests.inference.stages import SIDE, Lookup, copying_segmenter, mean_classifier

MEMBERS = {"classifier.keras", "segmenter.keras", "cascade.json"}
IMAGES = np.zeros((3, SIDE, SIDE, 1), "float32")
IMAGES[1:, 2:8, 3:7] = 1.0
IMAGES[1, 12, 12] = 1.0


def cascade(**options):
    return Cascade(mean_classifier(), copying_segmenter(), threshold=0.05, **options)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    return cascade(postprocess=PostProcess(min_size=2)).save(tmp_path_factory.mktemp("saved") / "tumours.cascade")


def members(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write(path, contents):
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in contents.items():
            archive.writestr(name, data)
    return path


def changed(saved, path, **settings):
    """Write the saved file with other settings; those of None are left out."""
    contents = members(saved)
    known = {**json.loads(contents["cascade.json"]), **settings}
    contents["cascade.json"] = json.dumps({name: value for name, value in known.items() if value is not None})
    return write(path, contents)


def test_save_and_load_keep_models_and_settings(tmp_path):
    options = PostProcess(threshold=np.float32(0.25), min_size=np.int64(3), max_hole=None, connectivity=1)
    made = Cascade(mean_classifier(), copying_segmenter(), threshold=np.float64(0.05), postprocess=options)
    loaded = Cascade.load(made.save(tmp_path / "deep" / "cascade"))
    assert (loaded.threshold, loaded.postprocess, loaded.value_range) == (0.05, options, "auto")
    for a, b in zip(made.predict(IMAGES), loaded.predict(IMAGES), strict=True):
        np.testing.assert_array_equal(a.mask, b.mask)
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["cascade"]


def test_a_file_is_a_zip_of_both_models_and_versioned_settings(saved):
    contents = members(saved)
    assert contents.keys() == MEMBERS
    settings = json.loads(contents["cascade.json"])
    assert settings["format_version"] == 3
    assert settings["postprocess"] == dataclasses.asdict(PostProcess(min_size=2))
    assert zipfile.is_zipfile(io.BytesIO(contents["segmenter.keras"]))


def test_loss_and_optimizer_stay_out_of_the_file(tmp_path):
    inputs = keras.Input((SIDE, SIDE, 1))
    segmenter = keras.Model(inputs, keras.layers.Conv2D(1, 3, padding="same", activation="sigmoid")(inputs))
    segmenter.compile("adam", Tversky())
    segmenter.train_on_batch(IMAGES, IMAGES)
    made = Cascade(mean_classifier(), segmenter, threshold=0)
    path = made.save(tmp_path / "cascade")
    (tmp_path / "segmenter.keras").write_bytes(members(path)["segmenter.keras"])
    inner = members(tmp_path / "segmenter.keras")
    assert not json.loads(inner["config.json"]).get("compile_config")
    assert len(keras.models.load_model(tmp_path / "segmenter.keras").weights) == 2
    for a, b in zip(made.predict(IMAGES), Cascade.load(path).predict(IMAGES), strict=True):
        np.testing.assert_array_equal(a.mask, b.mask)
    assert segmenter.optimizer is not None


def test_optimizers_of_nested_models_stay_out_too(tmp_path):
    inputs = keras.Input((SIDE, SIDE, 1))
    inner = keras.Model(inputs, keras.layers.Conv2D(1, 3, padding="same", activation="sigmoid")(inputs))
    inner.compile("adam", Tversky())
    inner.train_on_batch(IMAGES, IMAGES)
    outer = keras.Model(inputs, keras.layers.Rescaling(1.0)(inner(inputs)))
    path = Cascade(mean_classifier(), outer, threshold=0).save(tmp_path / "cascade")
    with (
        zipfile.ZipFile(io.BytesIO(members(path)["segmenter.keras"])) as archive,
        h5py.File(io.BytesIO(archive.read("model.weights.h5"))) as weights,
    ):
        names: list[str] = []
        weights.visit(names.append)
    assert any("conv2d" in name for name in names)
    assert not [name for name in names if "optimizer" in name]
    assert inner.optimizer is not None


# === Folders of earlier versions ===


@pytest.mark.parametrize(
    ("text", "postprocess", "value_range"),
    [
        ('{"threshold": 0.05, "mask_threshold": 0.25, "min_area": 2.5}', {"threshold": 0.25, "min_size": 3}, "auto"),
        ('{"threshold": 0.05, "format_version": 2, "postprocess": {"min_size": 4}}', {"min_size": 4}, "auto"),
        ('{"threshold": 0.05, "format_version": 2, "postprocess": {}, "value_range": [0, 1]}', {}, (0.0, 1.0)),
    ],
)
def test_folders_of_both_earlier_formats_load(text, postprocess, value_range, saved, tmp_path):
    shutil.unpack_archive(saved, tmp_path, "zip")
    (tmp_path / "cascade.json").write_text(text)
    loaded = Cascade.load(tmp_path)
    assert (loaded.threshold, loaded.postprocess) == (0.05, PostProcess(**postprocess))
    assert loaded.value_range == value_range
    assert loaded.predict(IMAGES)[2].area == 24


def test_models_in_a_folder_are_checked_too(saved, tmp_path):
    for name, data in members(saved).items():
        (tmp_path / name).write_bytes(data)
    settings = json.loads((tmp_path / "cascade.json").read_text())
    (tmp_path / "cascade.json").write_text(json.dumps({**settings, "format_version": 2}))
    assert Cascade.load(tmp_path).postprocess.min_size == 2
    copying_segmenter(front=keras.layers.Lambda(lambda x: x)).save(tmp_path / "segmenter.keras")
    with pytest.raises(ValueError, match="Received a Lambda layer"):
        Cascade.load(tmp_path)
    write(tmp_path / "segmenter.keras", {"config.json": "{}", "code.py": ""})
    with pytest.raises(ValueError, match=r"segmenter\.keras to hold config\.json"):
        Cascade.load(tmp_path)


def test_a_folder_names_what_is_missing(tmp_path):
    (tmp_path / "cascade.json").write_text(json.dumps({}))
    with pytest.raises(ValueError, match=r"lacks classifier\.keras, segmenter\.keras"):
        Cascade.load(tmp_path)


# === Writing ===


def test_save_replaces_a_file_only_if_told_to(tmp_path):
    path = tmp_path / "cascade"
    path.write_text("notes")
    with pytest.raises(ValueError, match="pass overwrite=True"):
        cascade().save(path)
    assert path.read_text() == "notes"
    assert Cascade.load(cascade().save(path, overwrite=True)).threshold == 0.05
    for overwrite in (False, True):
        with pytest.raises(ValueError, match=r"Name another file|Add the name of a file"):
            cascade().save(tmp_path, overwrite=overwrite)


def test_a_failed_save_leaves_nothing(tmp_path, monkeypatch):
    broken = cascade()

    def fail(path):
        raise OSError(f"disk full: {path}")

    monkeypatch.setattr(broken.segmenter, "save", fail)
    with pytest.raises(OSError, match="disk full"):
        broken.save(tmp_path / "cascade")
    assert list(tmp_path.iterdir()) == []


def with_nan():
    inputs = keras.Input((SIDE, SIDE, 1))
    model = keras.Model(inputs, keras.layers.Conv2D(1, 1, activation="sigmoid")(inputs))
    model.set_weights([np.full((1, 1, 1, 1), np.nan), np.zeros(1)])
    return model


class Unregistered(keras.layers.Layer):
    def call(self, x):
        return x


@keras.saving.register_keras_serializable("tests_of_cascades")
class Registered(keras.layers.Layer):
    def call(self, x):
        return x


@pytest.mark.parametrize(
    ("segmenter", "problem"),
    [
        (with_nan(), r"Received NaN in .*kernel"),
        (copying_segmenter(front=keras.layers.Lambda(lambda x: x)), "Received a Lambda layer"),
        (copying_segmenter(front=Unregistered()), "register_keras_serializable"),
    ],
)
def test_models_that_could_not_be_read_are_not_written(segmenter, problem, tmp_path):
    with pytest.raises(ValueError, match=problem):
        Cascade(mean_classifier(), segmenter).save(tmp_path / "cascade")
    assert list(tmp_path.iterdir()) == []


def test_registered_layers_are_kept(tmp_path):
    made = Cascade(mean_classifier(), copying_segmenter(front=Registered()), threshold=0.05)
    assert Cascade.load(made.save(tmp_path / "cascade")).predict(IMAGES)[1].area == 25


def test_stages_that_are_no_keras_models_are_not_saved(tmp_path):
    made = Cascade(Lookup(np.zeros((1, 1))), copying_segmenter())
    with pytest.raises(TypeError, match=r"classifier to be a keras\.Model, or what accelerate made of one.*Lookup"):
        made.save(tmp_path / "cascade")
    assert list(tmp_path.iterdir()) == []


# === Damaged files ===

CURE = r"file written by Cascade\.save\. Received .*(save it again|Save it again|Check the path|Update resunet_kit)"


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.9, 0.999])
def test_a_truncated_file_is_named(kept, saved, tmp_path):
    path = tmp_path / "cut.cascade"
    path.write_bytes(saved.read_bytes()[: int(kept * saved.stat().st_size)])
    with pytest.raises(ValueError, match=CURE):
        Cascade.load(path)


def test_a_file_with_a_changed_byte_is_named(saved, tmp_path):
    contents = bytearray(saved.read_bytes())
    for position in range(100, len(contents), len(contents) // 7):
        broken = contents.copy()
        broken[position] ^= 0xFF
        path = tmp_path / "broken.cascade"
        path.write_bytes(broken)
        with pytest.raises(ValueError, match=CURE):
            Cascade.load(path)


@pytest.mark.parametrize("name", sorted(MEMBERS))
def test_a_missing_member_is_named(name, saved, tmp_path):
    contents = {one: data for one, data in members(saved).items() if one != name}
    with pytest.raises(ValueError, match=f"lacks {name}"):
        Cascade.load(write(tmp_path / "file", contents))


def test_members_that_do_not_belong_there_are_refused_and_not_written(saved, tmp_path):
    inside = tmp_path / "inside"
    inside.mkdir()
    for name in ("run.py", "weights.pkl", "../outside.py"):
        with pytest.raises(ValueError, match="unknown or repeated members"):
            Cascade.load(write(inside / "file", {**members(saved), name: b"raise SystemExit"}))
    twice = shutil.copy(saved, inside / "file")
    with zipfile.ZipFile(twice, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("cascade.json", members(saved)["cascade.json"])
    with pytest.raises(ValueError, match=r"unknown or repeated members \['cascade\.json'\]"):
        Cascade.load(twice)
    assert [path.name for path in tmp_path.iterdir()] == ["inside"]


def test_what_is_no_file_of_ours_is_refused(tmp_path):
    path = tmp_path / "other"
    with pytest.raises(ValueError, match="does not exist"):
        Cascade.load(path)
    path.write_text("threshold: 0.5")
    with pytest.raises(ValueError, match=CURE):
        Cascade.load(path)
    mean_classifier().save(tmp_path / "model.keras")
    with pytest.raises(ValueError, match=r"lacks classifier\.keras"):
        Cascade.load(tmp_path / "model.keras")


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"format_version": 4}, "Expected format_version up to 3.*Update resunet_kit"),
        ({"format_version": "3"}, "Update resunet_kit"),
        ({"threshold": "a"}, "Expected threshold to be a number"),
        ({"threshold": float("nan")}, r"Expected threshold to be a number in \[0, 1\]"),
        ({"other": 1}, "unexpected keyword argument 'other'"),
        ({"postprocess": None}, "must be a mapping"),
        ({"postprocess": {"threshold": 2}}, "Expected threshold"),
        ({"value_range": [1, 0]}, "minimum and maximum"),
    ],
)
def test_settings_that_cannot_be_read_are_named(settings, reason, saved, tmp_path):
    with pytest.raises(ValueError, match=rf"written by Cascade.save. Received .*, which cannot be read: .*{reason}"):
        Cascade.load(changed(saved, tmp_path / "file", **settings))


@pytest.mark.parametrize(("text", "reason"), [("", "Expecting value"), ("[]", "Expected settings by name")])
def test_settings_that_are_none_are_named(text, reason, saved, tmp_path):
    with pytest.raises(ValueError, match=reason):
        Cascade.load(write(tmp_path / "file", {**members(saved), "cascade.json": text}))


def test_a_newer_file_is_named_as_such_whatever_else_is_in_it(saved, tmp_path):
    contents = {"cascade.json": json.dumps({"format_version": 4, "gate": {}}), "gate.keras": b""}
    with pytest.raises(ValueError, match="Update resunet_kit"):
        Cascade.load(write(tmp_path / "file", contents))


# === Models inside ===


def replaced(saved, path, model):
    model.save(path.with_suffix(".keras"))
    return write(path, {**members(saved), "segmenter.keras": path.with_suffix(".keras").read_bytes()})


@pytest.mark.parametrize("nested", [False, True])
def test_a_lambda_is_refused_and_does_not_run(nested, saved, tmp_path):
    model = copying_segmenter(front=keras.layers.Lambda(lambda x: x))
    if nested:
        inputs = keras.Input((SIDE, SIDE, 1))
        model = keras.Model(inputs, model(inputs))
    path = replaced(saved, tmp_path / "file", model)
    keras.config.enable_unsafe_deserialization()
    try:
        with pytest.raises(ValueError, match="Received a Lambda layer"):
            Cascade.load(path)
    finally:
        keras.src.saving.serialization_lib.SafeModeScope(None).__enter__()


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda config: config.replace('"module": "keras.layers"', '"module": "os.path"'), r"Received os\.path\."),
        (lambda _: "{", "cannot be read"),
    ],
)
def test_configurations_of_other_modules_are_refused(change, problem, saved, tmp_path):
    contents = members(saved)
    inner = tmp_path / "inner.keras"
    inner.write_bytes(contents["segmenter.keras"])
    parts = members(inner)
    parts["config.json"] = change(parts["config.json"].decode())
    contents["segmenter.keras"] = write(inner, parts).read_bytes()
    with pytest.raises(ValueError, match=problem):
        Cascade.load(write(tmp_path / "file", contents))


@pytest.mark.parametrize("extra", ["assets/code.py", "model.pkl"])
def test_a_model_with_other_members_is_refused(extra, saved, tmp_path):
    contents = members(saved)
    inner = tmp_path / "inner.keras"
    inner.write_bytes(contents["segmenter.keras"])
    contents["segmenter.keras"] = write(inner, {**members(inner), extra: b""}).read_bytes()
    with pytest.raises(ValueError, match=r"segmenter\.keras to hold config\.json"):
        Cascade.load(write(tmp_path / "file", contents))


def test_nan_weights_are_refused(saved, tmp_path):
    with pytest.raises(ValueError, match=r"segmenter\.keras with weights that are numbers\. Received NaN in"):
        Cascade.load(replaced(saved, tmp_path / "file", with_nan()))


def test_models_that_do_not_fit_each_other_are_refused(saved, tmp_path):
    with pytest.raises(ValueError, match="cannot be read: Expected a classifier and a segmenter for the same images"):
        Cascade.load(replaced(saved, tmp_path / "file", copying_segmenter(channels=3)))


def bomb(path, name, contents):
    """Write an archive whose member unpacks to a thousand times its size."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for one, data in contents.items():
            archive.writestr(one, bytes(2**22) if one == name else data)
    return path


@pytest.mark.parametrize("name", ["segmenter.keras", "cascade.json"])
def test_an_archive_that_unpacks_to_far_more_than_it_is_stays_packed(name, saved, tmp_path, monkeypatch):
    path = bomb(tmp_path / "file", name, members(saved))
    monkeypatch.setattr(zipfile.ZipFile, "extract", None)
    with pytest.raises(ValueError, match=r"unpacks to|too large"):
        Cascade.load(path)


@pytest.mark.parametrize("name", ["config.json", "model.weights.h5"])
def test_so_does_a_model_inside(name, saved, tmp_path):
    inner = tmp_path / "inner.keras"
    inner.write_bytes(members(saved)["segmenter.keras"])
    packed = bomb(inner, name, members(inner)).read_bytes()
    path = write(tmp_path / "file", {**members(saved), "segmenter.keras": packed})
    with pytest.raises(ValueError, match=r"segmenter\.keras to hold about as much.*unpacks to 4\d+ bytes"):
        Cascade.load(path)


def test_a_file_that_was_compressed_since_loads(saved, tmp_path):
    with zipfile.ZipFile(tmp_path / "file", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members(saved).items():
            archive.writestr(name, data)
    assert Cascade.load(tmp_path / "file").postprocess.min_size == 2
