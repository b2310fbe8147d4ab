"""From two folders to a finished run: its files, its scores, its resumption, and what is refused before training."""

import contextlib
import csv
import io
import json
import warnings
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

from resunet_kit.inference import predict_folder
from resunet_kit.metrics import evaluate_masks
from resunet_kit.training import fit_folder, load_run
from tests.training.folders import write_discs

FILES = ["history.json", "model.keras", "report.html", "scores.csv", "scores.json", "settings.json", "split.csv"]
EAGER = "Even though the `tf.config.experimental_run_functions_eagerly`"
pytestmark = pytest.mark.filterwarnings(f"ignore:{EAGER}:UserWarning")
SMALL = {"filters": (4, 8), "batch_size": 4, "verbose": 0}


@pytest.fixture(scope="module")
def run_eagerly():
    """Run steps eagerly on TensorFlow: tracing takes longer than the steps of these tests."""
    if keras.backend.backend() != "tensorflow":
        yield
        return
    import tensorflow

    tensorflow.config.run_functions_eagerly(True)
    with warnings.catch_warnings():  # for fixtures, to which marks of the tests do not apply
        warnings.filterwarnings("ignore", EAGER)
        yield
    tensorflow.config.run_functions_eagerly(False)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return write_discs(tmp_path_factory.mktemp("data"), 12, name="patient_{0:02}.png")


@pytest.fixture(scope="module")
def printed_run(folders, tmp_path_factory, run_eagerly):
    """Return a run and what it printed."""
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        run = fit_folder(*folders, out=tmp_path_factory.mktemp("runs") / "run", epochs=1, **{**SMALL, "verbose": 2})
    return run, printed.getvalue()


@pytest.fixture(scope="module")
def run(printed_run):
    return printed_run[0]


def test_a_run_has_all_files_and_nothing_else(run):
    assert sorted(path.name for path in run.out.iterdir()) == FILES
    assert json.loads((run.out / "history.json").read_text()) == run.history
    assert run.report.stat().st_size > 1_000_000
    assert len(run.history["val_dice"]) == 1


def test_every_image_is_in_one_part_and_no_group_in_two(run, folders):
    images = [image for part in run.split.values() for image in part]
    assert sorted(images) == sorted(str(path) for path in folders[0].iterdir())
    with (run.out / "split.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["image"]: row["part"] for row in rows} == {
        image: part for part, images in run.split.items() for image in images
    }
    assert all(Path(row["image"]).name == Path(row["mask"]).name for row in rows)
    assert len({(row["group"], row["part"]) for row in rows}) == len({row["group"] for row in rows}) == 12


def test_the_scores_are_those_of_the_masks_that_the_run_predicts(run, tmp_path):
    model, settings = load_run(run.out)
    predict_folder(
        model,
        run.split["test"],
        out=tmp_path,
        image_options=settings.image_options,
        image_size=settings.image_size,
        postprocess=settings.postprocess,
    )
    names = [Path(path).stem for path in run.split["test"]]
    masks = Path(run.split["test"][0]).parent.parent / "masks"
    truths = [np.asarray(Image.open(masks / f"{name}.png")) for name in names]
    found = [np.asarray(Image.open(tmp_path / f"{name}_pred.png")) for name in names]
    expected = evaluate_masks(truths, found, names=names)
    assert [row["dice"] for row in run.scores.rows] == [row["dice"] for row in expected.rows]
    assert run.settings == settings


def test_the_report_names_choices_and_figures(run):
    text = run.report.read_text(encoding="utf-8")
    for word in ("What was chosen", "Threshold", "Where it is most wrong", *(run.decisions[0],)):
        assert word in text
    assert str(run).endswith(f"Report: {run.report}")


def test_a_finished_run_is_read_and_never_overwritten(run, folders):
    with pytest.raises(ValueError, match="finished run"):
        fit_folder(*folders, out=run.out, epochs=1, **SMALL)
    again = fit_folder(*folders, out=run.out, epochs=1, resume=True, **SMALL)
    assert str(again) == str(run)
    assert again.split == run.split
    assert again.decisions == run.decisions


def test_every_choice_is_printed(printed_run):
    run, printed = printed_run
    assert all(sentence in printed for sentence in run.decisions)
    assert str(run) in printed
    assert any(sentence.startswith("Precision: float32, since") for sentence in run.decisions)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"epochs": 0}, ValueError, "epochs"),
        ({"validation_fraction": 0.6, "test_fraction": 0.5}, ValueError, "leave images for training"),
        ({"out": 3}, TypeError, "path of a folder"),
        ({"model": "unet"}, TypeError, "model"),
        ({"augment": "none"}, TypeError, "augment"),
        ({"normalize": "batch"}, ValueError, "normalize"),
        ({"verbose": "loud"}, ValueError, "verbose"),
        ({"seed": -1}, ValueError, "seed"),
        ({"groups": r"slide"}, ValueError, "groups"),
        ({"num_classes": 1, "ignore_class": 300}, ValueError, "ignore_class"),
        ({"image_size": (32, 0)}, ValueError, "image_size"),
    ],
)
def test_wrong_options_are_refused_before_anything_is_written(folders, tmp_path, options, error, message):
    with pytest.raises(error, match=message):
        fit_folder(*folders, **{"out": tmp_path / "run", **SMALL, **options})
    assert list(tmp_path.iterdir()) == []


def test_files_that_cannot_be_used_are_refused_before_anything_is_written(tmp_path):
    images, masks = write_discs(tmp_path, 4)
    (masks / "slide_02.png").rename(tmp_path / "elsewhere.png")
    with pytest.raises(ValueError, match="slide_02"):
        fit_folder(images, masks, out=tmp_path / "run", **SMALL)
    (tmp_path / "elsewhere.png").rename(masks / "slide_02.png")
    for path in masks.iterdir():
        path.write_bytes((masks / "slide_02.png").read_bytes()[:40])
    with pytest.raises(ValueError, match="4 of 4"):
        fit_folder(images, masks, out=tmp_path / "run", **SMALL)
    assert not (tmp_path / "run").exists()


class Interrupt(keras.callbacks.Callback):
    """Interrupt in the middle of an epoch."""

    def __init__(self, epoch: int) -> None:
        super().__init__()
        self.epoch, self.now = epoch, 0

    def on_epoch_begin(self, epoch, *_, **__):
        self.now = epoch

    def on_train_batch_end(self, *_, **__):
        if self.now == self.epoch:
            raise KeyboardInterrupt


@pytest.mark.slow
def test_an_interrupted_run_ends_as_it_would_have(folders, tmp_path, run_eagerly):
    options = {**SMALL, "epochs": 3, "seed": 3}
    whole = fit_folder(*folders, out=tmp_path / "whole", **options)
    with pytest.raises(KeyboardInterrupt):
        fit_folder(*folders, out=tmp_path / "run", callbacks=[Interrupt(1)], **options)
    with pytest.raises(ValueError, match="not ended"):
        load_run(tmp_path / "run")
    with pytest.raises(ValueError, match="unfinished"):
        fit_folder(*folders, out=tmp_path / "run", **options)
    with pytest.raises(ValueError, match=r"learning_rate of 0\.1 instead of 0\.001"):
        fit_folder(*folders, out=tmp_path / "run", resume=True, learning_rate=0.1, **options)
    resumed = fit_folder(*folders, out=tmp_path / "run", resume=True, **options)
    assert resumed.history == whole.history
    for one, other in zip(resumed.model.get_weights(), whole.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
def test_it_finds_discs(tmp_path):
    folders = write_discs(tmp_path, 24)
    found = fit_folder(*folders, out=tmp_path / "run", filters=(8, 16), batch_size=4, epochs=12, verbose=0)
    dice = found.scores.summary_rows[0]["mean"]
    assert dice > 0.7, str(found)


@pytest.mark.slow
@pytest.mark.parametrize("ignore", [False, True])
def test_several_classes_and_unmarked_pixels(tmp_path, run_eagerly, ignore):
    folders = write_discs(tmp_path, 9, classes=2, dtype="uint16")
    if ignore:
        for path in folders[1].iterdir():
            mask = np.asarray(Image.open(path)).copy()
            mask[:4] = 255
            Image.fromarray(mask).save(path)
    found = fit_folder(*folders, out=tmp_path / "run", epochs=1, ignore_class=255 if ignore else None, **SMALL)
    assert {row["class"] for row in found.scores.rows} == {1, 2, "mean"}
    assert found.model.output_shape == (None, 32, 32, 3)
    assert found.settings.normalize is not None
    assert found.settings.postprocess is None
    assert load_run(found.out).settings == found.settings


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The result is NaN:RuntimeWarning")  # what JAX can say in a compiled step
def test_a_loss_that_is_not_finite_ends_the_run_with_a_reason(folders, tmp_path, run_eagerly):
    with pytest.raises(ValueError, match="learning"):
        fit_folder(*folders, out=tmp_path / "run", epochs=2, learning_rate=1e30, **SMALL)
    with pytest.raises(ValueError, match="not ended"):
        load_run(tmp_path / "run")


@pytest.mark.slow
def test_the_users_own_model_is_trained_with_patience(folders, tmp_path, run_eagerly):
    inputs = keras.Input((None, None, 1))
    x = keras.layers.Conv2D(4, 3, padding="same", activation="relu")(inputs)
    model = keras.Model(inputs, keras.layers.Conv2D(1, 1, activation="sigmoid")(x))
    before = model.get_weights()
    found = fit_folder(
        *folders, out=tmp_path / "run", model=model, epochs=20, patience=1, learning_rate=1e-9, verbose=0
    )
    assert found.model is model
    assert len(found.history["loss"]) < 20
    assert any((one != other).any() for one, other in zip(before, model.get_weights(), strict=True))
