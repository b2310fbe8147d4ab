"""Folders of images into folders of masks: equal to predictions by hand, resumable, and in shards."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from unittest import mock

import keras
import nibabel
import numpy as np
import pytest
from keras import ops
from PIL import Image

from resunet_kit.data import read_geometry, read_image, read_mask
from resunet_kit.inference import Cascade, predict_folder, predict_tiled
from resunet_kit.inference._file_prediction import FilePredictor
from resunet_kit.masks import PostProcess
from resunet_kit.models import res_unet
from tests.inference.stages import SIDE, copying_segmenter, mean_classifier


@pytest.fixture
def images(tmp_path):
    """Five grey images of the model's size."""
    folder = tmp_path / "images"
    folder.mkdir()
    for index in range(5):
        image = np.zeros((SIDE, SIDE), "uint8")
        image[2:8, 3 : 4 + index] = 230
        image[12, 12] = 140
        Image.fromarray(image).save(folder / f"case_{index}.png")
    return folder


def rows_of(table):
    with open(table, newline="") as file:
        return list(csv.DictReader(file))


def masks_in(folder):
    return {path.name: np.asarray(Image.open(path)) for path in sorted(Path(folder).glob("*.png"))}


def files_in(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(Path(folder).rglob("*"))
        if path.is_file() and path.name != "settings.json"
    }


class Counting:
    """The copying segmenter as a predictor that counts the images it gets."""

    input_shape = output_shape = (None, SIDE, SIDE, 1)

    def __init__(self):
        self.batches = []

    def predict_on_batch(self, x):
        self.batches.append(len(x))
        return np.asarray(x)


def test_masks_are_those_predicted_by_hand(images, tmp_path):
    model = copying_segmenter()
    found = predict_folder(model, images, out=tmp_path / "out", postprocess=PostProcess(threshold=0.7))
    assert (found.predicted, found.skipped, found.errors) == (5, 0, {})
    for index in range(5):
        image = read_image(images / f"case_{index}.png")
        expected = (np.asarray(model.predict_on_batch(image[None]))[0, ..., 0] >= 0.7) * 255
        np.testing.assert_array_equal(masks_in(tmp_path / "out")[f"case_{index}_pred.png"], expected)


def test_the_table_describes_each_mask(images, tmp_path):
    row = rows_of(predict_folder(copying_segmenter(), images, out=tmp_path / "out").table)[2]
    assert (row["image"], row["mask"], row["shape"]) == ("case_2.png", "case_2_pred.png", f"{SIDE}x{SIDE}")
    assert (row["area_px"], row["components"], row["error"]) == ("19", "2", "")
    assert json.loads(row["boxes"]) == [[2, 3, 8, 6], [12, 12, 13, 13]]
    assert json.loads(row["centroid"]) == [4.9, 4.4]
    assert float(row["max_probability"]) == pytest.approx(230 / 255, abs=1e-6)
    assert row["area_mm2"] == row["volume_mm3"] == ""


def test_several_classes_are_stored_as_labels(images, tmp_path):
    inputs = keras.Input((SIDE, SIDE, 1))
    model = keras.Model(inputs, ops.concatenate([1 - inputs, 0.3 * inputs, 0.7 * inputs], axis=-1))
    table = predict_folder(model, images, out=tmp_path / "out").table
    assert np.unique(masks_in(tmp_path / "out")["case_3_pred.png"]).tolist() == [0, 2]
    row = rows_of(table)[3]
    assert (row["area_px_1"], row["area_px_2"]) == ("0", row["area_px"])


def test_images_of_other_sizes_are_resized_and_masks_resized_back(tmp_path):
    image = np.zeros((40, 60), "uint8")
    image[10:30, 20:40] = 255
    Image.fromarray(image).save(tmp_path / "a.png")
    predict_folder(copying_segmenter(), [tmp_path / "a.png"], out=tmp_path / "out")
    [mask] = masks_in(tmp_path / "out").values()
    assert mask.shape == (40, 60)
    assert np.mean(mask == image) > 0.95


def test_a_variable_model_takes_each_image_at_its_size(tmp_path):
    for name, size in (("a", (20, 30)), ("b", (9, 11)), ("c", (20, 30))):
        np.save(tmp_path / f"{name}.npy", np.tri(*size, dtype="uint8") * 255)
    inputs = keras.Input((None, None, 1))
    predict_folder(keras.Model(inputs, 1.0 * inputs), tmp_path, out=tmp_path / "out")
    for name, mask in masks_in(tmp_path / "out").items():
        np.testing.assert_array_equal(mask, np.load(tmp_path / f"{name[0]}.npy"))


def test_nifti_volumes_keep_their_geometry(tmp_path):
    volume = np.zeros((6, 8, 4), "uint8")
    volume[1:3, 2:6, 1:3] = 255
    affine = np.array([[0, -0.5, 0, 3], [2, 0, 0, 1], [0, 0, 4, 2], [0, 0, 0, 1.0]])
    nibabel.save(nibabel.Nifti1Image(volume, affine), tmp_path / "scan.nii.gz")
    inputs = keras.Input((None, None, None, 1))
    model = keras.Model(inputs, 0.9 * inputs)
    found = predict_folder(model, [tmp_path / "scan.nii.gz"], out=tmp_path / "out", probabilities=tmp_path / "maps")
    mask = tmp_path / "out" / "scan_pred.nii.gz"
    np.testing.assert_array_equal(read_mask(mask)[..., 0], volume // 255)
    np.testing.assert_allclose(read_geometry(mask).affine, affine)
    np.testing.assert_allclose(np.asarray(nibabel.load(tmp_path / "maps" / mask.name).dataobj), volume / 255 * 0.9)
    row = rows_of(found.table)[0]
    assert (row["area_px"], row["volume_mm3"], row["area_mm2"]) == ("16", "64.0", "")


def test_volumes_without_geometry_are_numpy_files(tmp_path):
    np.save(tmp_path / "scan.npy", np.ones((4, 6, 8, 1), "uint8") * 255)
    inputs = keras.Input((None, None, None, 1))
    predict_folder(keras.Model(inputs, 1.0 * inputs), tmp_path, out=tmp_path / "out")
    assert np.load(tmp_path / "out" / "scan_pred.npy").shape == (4, 6, 8)


def test_probabilities_are_written_to_a_folder_of_their_own(images, tmp_path):
    predict_folder(copying_segmenter(), images, out=tmp_path / "out", probabilities=tmp_path / "maps")
    found = np.load(tmp_path / "maps" / "case_4_pred.npy")
    np.testing.assert_allclose(found, read_image(images / "case_4.png"), rtol=1e-6)


def test_a_cascade_predicts_as_it_does_by_hand(images, tmp_path):
    cascade = Cascade(mean_classifier(), copying_segmenter(), threshold=0.05)
    detections = cascade.predict([read_image(images / f"case_{index}.png") for index in range(5)])
    rows = rows_of(predict_folder(cascade, images, out=tmp_path / "out", batch_size=2).table)
    assert [int(row["area_px"]) for row in rows] == [found.area for found in detections]
    assert [float(row["probability"]) for row in rows] == pytest.approx([d.probability for d in detections], abs=1e-6)
    assert {found.area for found in detections} > {0}


def test_preprocess_is_applied_to_each_image(images, tmp_path):
    found = predict_folder(copying_segmenter(), images, out=tmp_path / "out", preprocess=lambda image: 1 - image)
    assert int(rows_of(found.table)[0]["area_px"]) == SIDE**2 - 7


def test_tiles_are_those_of_predict_tiled(tmp_path):
    image = np.random.default_rng(0).integers(0, 255, (40, 56), "uint8")
    Image.fromarray(image).save(tmp_path / "a.png")
    inputs = keras.Input((None, None, 1))
    model = keras.Model(inputs, keras.layers.AveragePooling2D(3, 1, padding="same")(inputs))
    options = {"tile": 16, "overlap": 0.25}
    predict_folder(model, [tmp_path / "a.png"], out=tmp_path / "out", probabilities=tmp_path / "maps", **options)
    expected = predict_tiled(model, read_image(tmp_path / "a.png"), **options)
    np.testing.assert_allclose(np.load(tmp_path / "maps" / "a_pred.npy"), expected, rtol=1e-6)
    np.testing.assert_array_equal(masks_in(tmp_path / "out")["a_pred.png"], (np.asarray(expected)[..., 0] >= 0.5) * 255)


# --- Resuming and shards ---------------------------------------------------------------------------------------


def test_finished_images_are_skipped(images, tmp_path):
    model = Counting()
    first = predict_folder(model, images, out=tmp_path / "out", shard="1/2", batch_size=1)
    done = sum(model.batches)
    again = predict_folder(model, images, out=tmp_path / "out", batch_size=1)
    assert (first.predicted, again.predicted, again.skipped) == (3, 2, 3)
    assert sum(model.batches) - done <= 2 + 2  # each call asks the model once who it is
    assert [row["image"] for row in rows_of(again.table)] == [f"case_{index}.png" for index in range(5)]


@pytest.mark.parametrize(
    "damage", ["mask removed", "mask cut", "mask overwritten", "record removed", "record cut", "image changed"]
)
def test_incomplete_outputs_are_made_again(images, tmp_path, damage):
    out, model = tmp_path / "out", copying_segmenter()
    predict_folder(model, images, out=out)
    before = files_in(out)
    mask, record = out / "case_1_pred.png", out / ".records" / "case_1.json"
    if damage == "image changed":
        Image.fromarray(np.full((SIDE, SIDE), 255, "uint8")).save(images / "case_1.png")
    elif "removed" in damage:
        (mask if "mask" in damage else record).unlink()
    else:
        path = mask if "mask" in damage else record
        kept = path.read_bytes()
        path.write_bytes(kept[:20] + (b"\0" * (len(kept) - 20) if damage == "mask overwritten" else b""))
    found = predict_folder(model, images, out=out)
    assert (found.predicted, found.skipped) == (1, 4)
    assert (files_in(out) == before) == (damage != "image changed")
    if damage == "image changed":
        assert masks_in(out)["case_1_pred.png"].min() == 255


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"postprocess": PostProcess(threshold=0.6)}, "postprocess"),
        ({"image_options": {"normalize": "image"}}, "image_options"),
        ({"preprocess": lambda image: image / 2}, "preprocess"),
    ],
)
def test_predictions_of_other_settings_are_not_mixed(images, tmp_path, options, named):
    predict_folder(copying_segmenter(), images, out=tmp_path / "out", shard="1/5")
    with pytest.raises(ValueError, match=f"Received other ones: {named}"):
        predict_folder(copying_segmenter(), images, out=tmp_path / "out", shard="2/5", **options)
    with pytest.raises(ValueError, match="Received other ones: model"):
        predict_folder(Counting(), images, out=tmp_path / "out", shard="2/5")
    assert len(masks_in(tmp_path / "out")) == 1


def test_the_settings_of_a_record_count_too(images, tmp_path):
    """Two processes that begin at the same time may both find no settings."""
    out, model = tmp_path / "out", copying_segmenter()
    predict_folder(model, images, out=out, shard="1/5", postprocess=PostProcess(threshold=0.6))
    predict_folder(model, images, out=tmp_path / "other", shard="1/5")
    (tmp_path / "other" / "settings.json").replace(out / "settings.json")
    with pytest.raises(ValueError, match="Received other ones: postprocess"):
        predict_folder(model, images, out=out)


def test_an_empty_shard_writes_an_empty_table(images, tmp_path):
    found = predict_folder(copying_segmenter(), images, out=tmp_path / "out", shard="7/8")
    assert (found.predicted, rows_of(found.table), found.table.name) == (0, [], "predictions-7-of-8.csv")


def test_shards_give_what_one_call_gives(images, tmp_path):
    model = copying_segmenter()
    predict_folder(model, images, out=tmp_path / "one", batch_size=2)
    for number in (3, 1, 2):
        predict_folder(model, images, out=tmp_path / "parts", shard=(number, 3), batch_size=2)
    tables = sorted((tmp_path / "parts").glob("predictions-*.csv"))
    parts = [row for table in tables for row in rows_of(table)]
    assert sorted(parts, key=lambda row: row["image"]) == rows_of(tmp_path / "one" / "predictions.csv")
    predict_folder(model, images, out=tmp_path / "parts", batch_size=2)
    for table in tables:
        table.unlink()
    assert files_in(tmp_path / "parts") == files_in(tmp_path / "one")


@pytest.mark.slow
def test_two_processes_at_once_give_the_files_of_one(tmp_path):
    images = tmp_path / "images"
    images.mkdir()
    generator = np.random.default_rng(0)
    for index in range(13):
        Image.fromarray(generator.integers(0, 255, (40, 50, 3), "uint8")).save(images / f"{index}.png")
    keras.utils.set_random_seed(0)
    res_unet((32, 32, 3), filters=(4, 8)).save(tmp_path / "model.keras")
    code = (
        "import sys, keras\n"
        "from resunet_kit.inference import predict_folder\n"
        "model = keras.models.load_model('model.keras', compile=False)\n"
        "predict_folder(model, 'images', out='parts', shard=sys.argv[1], batch_size=4, probabilities='parts_maps')\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    both = [
        subprocess.Popen([sys.executable, "-c", code, shard], cwd=tmp_path, env=environment) for shard in ("1/2", "2/2")
    ]
    model = keras.models.load_model(tmp_path / "model.keras", compile=False)
    found = {
        out: predict_folder(model, images, out=tmp_path / out, batch_size=4, probabilities=tmp_path / f"{out}_maps")
        for out in ("one", "parts")
        if out == "one" or [process.wait(timeout=500) for process in both] == [0, 0]
    }
    assert found["parts"].skipped == 13
    for table in (tmp_path / "parts").glob("predictions-*-of-*.csv"):
        table.unlink()
    assert files_in(tmp_path / "parts") == files_in(tmp_path / "one")
    assert files_in(tmp_path / "parts_maps") == files_in(tmp_path / "one_maps")
    assert len(files_in(tmp_path / "one_maps")) == 13


# --- Images that cannot be predicted -----------------------------------------------------------------------------


def test_bad_images_are_named_and_the_others_predicted(images, tmp_path):
    (images / "case_1.png").write_bytes(b"no image")
    Image.fromarray(np.zeros((SIDE, SIDE, 3), "uint8")).save(images / "colour.png")
    np.save(images / "volume.npy", np.zeros((4, 4, 4, 1), "uint8"))
    found = predict_folder(copying_segmenter(), images, out=tmp_path / "out", errors="continue")
    assert found.predicted == 4
    assert list(found.errors) == ["case_1.png", "colour.png", "volume.npy"]
    assert all(str(images / name) in why for name, why in found.errors.items())
    assert "image_options={'channels': 1}" in found.errors["colour.png"]
    assert len(masks_in(tmp_path / "out")) == 4
    assert {row["image"] for row in rows_of(found.table) if row["error"]} == set(found.errors)
    assert "case_1.png" in str(found)
    with pytest.raises(ValueError, match=r"case_1\.png"):
        predict_folder(copying_segmenter(), images, out=tmp_path / "out")
    Image.fromarray(np.zeros((SIDE, SIDE), "uint8")).save(images / "case_1.png")  # replaced, it is predicted
    assert predict_folder(copying_segmenter(), images, out=tmp_path / "out", errors="continue").predicted == 1


def test_an_image_with_nan_outputs_leaves_its_batch_alone(images, tmp_path):
    class Nan(Counting):
        def predict_on_batch(self, x):
            x = np.array(x)
            x[x[:, 4, 5, 0] > 0.5] = np.nan  # images 2 to 4
            return x

    found = predict_folder(Nan(), images, out=tmp_path / "out", errors="continue")
    assert list(found.errors) == ["case_2.png", "case_3.png", "case_4.png"]
    assert all("NaN" in why and name in why for name, why in found.errors.items())
    assert found.predicted == 2


def test_logits_are_refused(images, tmp_path):
    inputs = keras.Input((SIDE, SIDE, 1))
    with pytest.raises(ValueError, match=r"probabilities in \[0, 1\].*case_0.png"):
        predict_folder(keras.Model(inputs, 9 * inputs - 3), images, out=tmp_path / "out")
    assert list((tmp_path / "out").glob("*.png")) == []


# --- Bad options -------------------------------------------------------------------------------------------------


def raw_model():
    return copying_segmenter(front=keras.layers.Rescaling(1 / 255))


def accelerated_raw_model():
    found = Counting()
    found.model = raw_model()
    return found


@pytest.mark.parametrize(
    ("model", "options", "says"),
    [
        (mean_classifier, {}, "Pass a segmenter"),
        (raw_model, {}, "preprocess=lambda image: 255"),
        (accelerated_raw_model, {}, "preprocess=lambda image: 255"),
        (copying_segmenter, {"image_size": 32}, "image_size that the model takes"),
        (copying_segmenter, {"image_size": SIDE, "tile": SIDE}, "tile or image_size"),
        (copying_segmenter, {"image_options": {"channel": 1}}, "Did you mean 'channels'"),
        (copying_segmenter, {"batch_size": 0}, "batch_size"),
        (copying_segmenter, {"tile": SIDE, "overlap": 1}, "overlap"),
        (copying_segmenter, {"tile": 0}, "tile"),
        (copying_segmenter, {"errors": "ignore"}, "'continue', 'raise'"),
        (copying_segmenter, {"shard": "0/4"}, "Add 1"),
        (copying_segmenter, {"probabilities": "out"}, "Expected another folder"),
    ],
)
def test_wrong_values_are_refused_before_anything_is_written(images, tmp_path, monkeypatch, model, options, says):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=says):
        predict_folder(model(), images, out="out", **options)
    assert not Path("out").exists()


def test_a_model_that_fails_is_no_unreadable_file(images, tmp_path):
    model = copying_segmenter()
    out_of_memory = mock.Mock(side_effect=RuntimeError("out of memory\nat some line"))
    with (
        mock.patch.object(model, "predict_on_batch", out_of_memory),
        pytest.raises(ValueError, match=r"the model can predict. Received '.*case_0\.png': out of memory$"),
    ):
        predict_folder(model, images, out=tmp_path / "out")


def test_a_raw_model_gets_what_preprocess_returns(images, tmp_path):
    found = predict_folder(raw_model(), images, out=tmp_path / "out", preprocess=lambda image: 255 * image)
    assert int(rows_of(found.table)[2]["area_px"]) == 19


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"postprocess": 0.5}, "PostProcess"),
        ({"preprocess": 255}, "preprocess=255"),
        ({"batch_size": "8"}, "batch_size"),
    ],
)
def test_wrong_types_are_refused(images, tmp_path, options, says):
    with pytest.raises(TypeError, match=says):
        predict_folder(copying_segmenter(), images, out=tmp_path / "out", **options)
    with pytest.raises(TypeError, match="out=3"):
        predict_folder(copying_segmenter(), images, out=3)
    with pytest.raises(TypeError, match=r"keras\.Model"):
        predict_folder("model.keras", images, out=tmp_path / "out")


def test_a_cascade_has_its_own_options(images, tmp_path):
    cascade = Cascade(mean_classifier(), copying_segmenter())
    for options in ({"postprocess": PostProcess()}, {"tile": 8}, {"image_size": 8}, {"probabilities": tmp_path / "p"}):
        with pytest.raises(ValueError, match="for a Cascade"):
            predict_folder(cascade, images, out=tmp_path / "out", **options)


def test_a_folder_of_something_else_is_refused(images, tmp_path):
    with pytest.raises(ValueError, match="another folder"):
        predict_folder(copying_segmenter(), images, out=images)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").touch()
    with pytest.raises(ValueError, match="holds something else"):
        predict_folder(copying_segmenter(), images, out=tmp_path / "full")
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="a file"):
        predict_folder(copying_segmenter(), images, out=tmp_path / "file")
    os.makedirs(tmp_path / "out")
    (tmp_path / "out" / "settings.json").write_text("{")
    with pytest.raises(ValueError, match="cannot be read"):
        predict_folder(copying_segmenter(), images, out=tmp_path / "out")


def test_few_files_are_in_memory_at_a_time(images):
    """The second batch is read when the first has been given out."""
    read = []

    def noted(image):
        read.append(image)
        return image

    predictor = FilePredictor(model=copying_segmenter(), batch_size=2, preprocess=noted)
    found = predictor.predict(sorted(images.iterdir()))
    next(found)
    assert len(read) == 2
