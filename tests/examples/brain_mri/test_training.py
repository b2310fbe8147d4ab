import keras
import numpy as np
import pytest
from PIL import Image

from examples.brain_mri import cli, training
from examples.brain_mri.cohort.index import index_folder
from examples.brain_mri.options import Options
from examples.brain_mri.run_folder import RunFolder
from resunet_kit.inference import Cascade
from resunet_kit.models import res_unet
from tests.examples.brain_mri.slice_files import A, image_of, save, write_slice


def test_the_split_is_by_person_and_covers_all(cohort):
    index = index_folder(cohort)
    split = training.split_patients(index.slices, Options(data=str(cohort)))
    assert split.keys() == set(index.patients)
    assert set(split.values()) == {"train", "validation", "test"}
    assert split == training.split_patients(index.slices, Options(data=str(cohort)))
    assert split != training.split_patients(index.slices, Options(data=str(cohort), seed=5))


def test_a_part_without_healthy_slices_is_refused(cohort):
    tumour_only = [item for item in index_folder(cohort).slices if item.has_tumour]
    with pytest.raises(ValueError, match="Expected slices with and without tumour"):
        training.split_patients(tumour_only, Options(data=str(cohort)))


def test_too_few_patients_are_refused(cohort):
    slices = [item for item in index_folder(cohort).slices if item.patient.startswith("TCGA_SM_0000")]
    with pytest.raises(ValueError, match="group"):
        training.split_patients(slices, Options(data=str(cohort)))


def test_training_leaves_split_histories_and_cascade(trained):
    run = RunFolder.open(trained)
    assert len(run.epochs_done("classifier")) == 1
    assert len(run.epochs_done("segmenter")) == 2
    cascade = Cascade.load(run.trained())
    assert cascade.segmenter.output_shape == (None, 32, 32, 1)
    assert cascade.classifier.output_shape == (None, 2)
    left = {path.name for path in trained.iterdir()}
    assert not {name for name in left if "best" in name or "backup" in name or name.startswith(".")}


def test_augmented_slices_keep_masks_on_their_tumours():
    masks = np.zeros((16, 8, 8, 1), "uint8")
    masks[:, 2:4, 1:3] = 1
    images = np.repeat(0.2 + 0.5 * masks.astype("float32"), 3, axis=-1)
    augmented, moved = training.AUGMENT(images, masks, seed=3)
    np.testing.assert_array_equal((augmented > 0.45).all(axis=-1), moved[..., 0] > 0)
    mirrored = [not np.array_equal(a, b) for a, b in zip(masks, moved, strict=True)]
    assert 0 < sum(mirrored) < 16
    assert np.ptp(augmented[moved[..., 0] > 0], axis=-1).max() > 0.05  # each sequence has a gain of its own


class Segmenter:
    """In place of a cascade: gives the first channel of the images as the probability."""

    def segment(self, images):
        return images[..., :1]


def test_threshold_and_component_size_are_those_with_the_best_dice_per_patient(tmp_path):
    for number in (1, 2):
        write_slice(tmp_path, A, number, size=(40, 40))
        with Image.open(image_of(tmp_path, A, number)) as file:
            image = np.array(file) // 2
        image[30:33, 30:33] = 120  # a false component of 9 pixels, brighter than the tumour
        save(image_of(tmp_path, A, number), image)
    slices = index_folder(tmp_path).slices
    chosen = training.tune_postprocess(Segmenter(), slices)
    assert chosen.threshold == 0.2  # noise ends at 0.18, tumour starts at 0.27
    assert chosen.min_size == 25


def test_keep_best_compares_with_epochs_before_a_restart(tmp_path):
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    path = tmp_path / "best.keras"
    keep = training.KeepBest(path, "val_dice", "max", [0.5])
    keep.set_model(model)
    keep.on_epoch_end(0, {"val_dice": 0.4})
    assert path.exists()  # nothing kept yet is worse than something
    first = path.stat().st_mtime_ns
    keep.on_epoch_end(1, {"val_dice": 0.5})
    keep.on_epoch_end(2, {"val_dice": float("nan")})
    assert path.stat().st_mtime_ns == first
    keep.on_epoch_end(3, {"val_dice": 0.6})
    assert path.stat().st_mtime_ns > first
    assert [file.name for file in tmp_path.iterdir()] == ["best.keras"]


@pytest.mark.slow
def test_an_interrupted_run_continues_after_its_last_whole_epoch(cohort, small_stages, tmp_path, monkeypatch, capsys):
    out = tmp_path / "run"
    command = ["train", "--data", str(cohort), "--out", str(out), "--image-size", "32", "--batch-size", "8"]
    command += ["--classifier-epochs", "1", "--segmenter-epochs", "2", "--classes", "2"]
    whole_epoch = keras.callbacks.BackupAndRestore.on_epoch_end

    def interrupted(self, epoch, logs=None):
        whole_epoch(self, epoch, logs)
        if "segmenter" in str(self.backup_dir):
            raise KeyboardInterrupt

    monkeypatch.setattr(keras.callbacks.BackupAndRestore, "on_epoch_end", interrupted)
    assert cli.main(command) == 130
    assert not (out / "cascade").exists()
    assert cli.main(["evaluate", "--run", str(out), "--data", str(cohort)]) == 1
    assert "--resume" in capsys.readouterr().err
    monkeypatch.setattr(keras.callbacks.BackupAndRestore, "on_epoch_end", whole_epoch)
    classifier = (out / "classifier.best.keras").read_bytes()
    assert cli.main([*command, "--resume"]) == 0
    run = RunFolder.open(out)
    assert [row["epoch"] for row in run.epochs_done("segmenter")] == [0, 1]
    assert run.options().classes == 2
    cascade = Cascade.load(run.trained())
    assert cascade.segmenter.output_shape[-1] == 2
    (tmp_path / "before.keras").write_bytes(classifier)
    before = keras.models.load_model(tmp_path / "before.keras", compile=False)
    for a, b in zip(before.get_weights(), cascade.classifier.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)  # the first stage was not trained again


def test_softmax_over_two_classes_is_the_sigmoid_of_the_logits_difference():
    logits = res_unet((32, 32, 3), 2, filters=(4, 8), activation=None)
    softmax = res_unet((32, 32, 3), 2, filters=(4, 8))
    softmax.set_weights(logits.get_weights())
    images = np.random.default_rng(0).random((2, 32, 32, 3), dtype="float32")
    scores = np.asarray(logits.predict_on_batch(images), "float64")
    sigmoid = 1 / (1 + np.exp(-(scores[..., 1] - scores[..., 0])))
    np.testing.assert_allclose(softmax.predict_on_batch(images)[..., 1], sigmoid, atol=1e-6)
