"""Files, folders and models give the scores of their masks."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import keras
import nibabel
import numpy as np
import pytest
from keras import ops
from PIL import Image

from resunet_kit.data import read_image, read_mask, write_volume
from resunet_kit.evaluation import evaluate
from resunet_kit.inference import Cascade, predict_folder
from resunet_kit.masks import PostProcess
from resunet_kit.metrics import evaluate_masks
from tests.inference.stages import SIDE, copying_segmenter, mean_classifier

FAST = {"resamples": 100}


def save(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path)


@pytest.fixture
def data(tmp_path):
    """Images of two patients, their masks, and masks that were predicted."""
    generator = np.random.default_rng(0)
    for patient in "ab":
        for index in (1, 2, 10):
            truth = np.zeros((SIDE, SIDE), "uint8")
            truth[2 : 3 + index, 3:9] = 255
            noise = generator.integers(0, 120, truth.shape)
            save(tmp_path / "images" / patient / f"{patient}_{index}.png", (truth // 2 + noise).astype("uint8"))
            save(tmp_path / "masks" / patient / f"{patient}_{index}_mask.png", truth)
            save(tmp_path / "predictions" / f"{patient}_{index}.png", np.roll(truth, 1, axis=0))
    return tmp_path


def patient(path):
    return path.parent.name


def test_folders_give_the_scores_of_their_arrays(data):
    found = evaluate(data / "masks", data / "predictions", groups=patient, **FAST)
    paths = [f"{name}/{name}_{index}_mask.png" for name in "ab" for index in (1, 2, 10)]  # natural order
    truths = [read_mask(data / "masks" / path)[..., 0] for path in paths]
    predictions = [np.roll(truth, 1, axis=0) for truth in truths]
    names = [Path(path).stem for path in paths]
    expected = evaluate_masks(truths, predictions, groups=list("aaabbb"), names=names, **FAST)
    assert found.rows == expected.rows
    assert found.summary_rows == expected.summary_rows
    assert found.settings == expected.settings | {"classes": [1]}


def test_lists_patterns_and_arrays_of_files_agree(data):
    found = evaluate(data / "masks", data / "predictions", groups=patient, **FAST)
    truths = [next((data / "masks").glob(f"*/{row['case']}.png")) for row in found.rows]
    predictions = [data / "predictions" / path.name.replace("_mask", "") for path in truths]
    arrays = [read_mask(path) for path in predictions]
    for masks in (truths, [str(path) for path in truths], f"{data}/masks/*/*.png"):
        assert evaluate(masks, predictions, groups=patient, **FAST).rows == found.rows
    assert evaluate(truths, arrays, groups=patient, **FAST).rows == found.rows
    turned = evaluate(arrays, truths, groups=patient, **FAST)  # truths that are arrays, and predicted files
    assert [row["dice"] for row in turned.rows] == [row["dice"] for row in found.rows]


def test_lists_in_another_order_warn(data):
    truths = sorted((data / "masks").glob("*/*.png"))
    predictions = sorted((data / "predictions").glob("*.png"))  # a_1_mask comes after a_10_mask, a_1 before a_10
    with pytest.warns(UserWarning, match="pair_by_name"):
        evaluate(truths, predictions, **FAST)


@pytest.mark.parametrize("groups", ["stems", "names", "paths", "list"])
def test_groups_from_several_keys(data, groups):
    truths = [data / "masks" / name / f"{name}_{index}_mask.png" for name in "ab" for index in (1, 2, 10)]
    given = {
        "stems": {path.stem: path.parent.name for path in truths},
        "names": {path.name: path.parent.name for path in truths},
        "paths": {str(path): path.parent.name for path in truths},
        "list": list("aaabbb"),
    }[groups]
    found = evaluate(data / "masks", data / "predictions", groups=given, **FAST)
    assert [row["group"] for row in found.rows] == list("aaabbb")


def test_names_that_repeat_in_folders_are_told_apart(tmp_path):
    for folder in ("x", "y"):
        save(tmp_path / "masks" / folder / "1.png", np.eye(6, dtype="uint8"))
        save(tmp_path / "found" / folder / "1.png", np.eye(6, dtype="uint8"))
    found = evaluate(tmp_path / "masks", tmp_path / "found", **FAST)
    assert [row["case"] for row in found.rows] == ["x/1", "y/1"]


# --- Models ---------------------------------------------------------------------------------------------------------


def test_a_model_has_the_scores_of_the_masks_predicted_by_hand(data):
    model, rules = copying_segmenter(), PostProcess(threshold=0.45, min_size=2)
    images = [data / "images" / name / f"{name}_{index}.png" for name in "ab" for index in (1, 2, 10)]
    truths = [read_mask(data / "masks" / path.parent.name / f"{path.stem}_mask.png") for path in images]
    masks = [rules(np.asarray(model.predict_on_batch(read_image(path)[None]))[0, ..., 0]) for path in images]
    expected = evaluate_masks(truths, masks, groups=list("aaabbb"), names=[p.stem for p in images], **FAST)
    found = evaluate(
        data / "masks", model, images=data / "images", groups=patient, postprocess=rules, batch_size=4, **FAST
    )
    assert found.rows == expected.rows
    assert found.summary_rows == expected.summary_rows
    assert 0 < found.rows[0]["dice"] < 1


def test_a_model_has_the_scores_of_its_predicted_folder(data):
    model = copying_segmenter()
    predict_folder(model, data / "images", out=data / "out")
    from_files = evaluate(data / "masks", data / "out", **FAST)
    from_model = evaluate(data / "masks", model, images=data / "images", **FAST)
    strip = [{key: value for key, value in row.items() if key not in ("case", "group")} for row in from_files.rows]
    assert strip == [{key: row[key] for key in strip[0]} for row in from_model.rows]


def test_a_cascade_is_evaluated_as_it_predicts(data):
    cascade = Cascade(mean_classifier(), copying_segmenter(), threshold=0.3)
    images = [data / "images" / name / f"{name}_{index}.png" for name in "ab" for index in (1, 2, 10)]
    masks = [found.mask for found in cascade.predict([read_image(path) for path in images])]
    found = evaluate(data / "masks", cascade, images=data / "images", **FAST)
    assert [row["predicted_px"] for row in found.rows] == [int(mask.sum()) for mask in masks]
    assert 0 in [mask.sum() for mask in masks]


def test_images_beside_their_masks(data):
    together = data / "together"
    for path in [*(data / "images").glob("*/*"), *(data / "masks").glob("*/*")]:
        (together / path.parent.name).mkdir(parents=True, exist_ok=True)
        shutil.copy(path, together / path.parent.name)
    expected = evaluate(data / "masks", data / "predictions", groups=patient, **FAST)
    assert evaluate(together, data / "predictions", groups=patient, **FAST).rows == expected.rows
    apart = evaluate(data / "masks", copying_segmenter(), images=data / "images", **FAST)
    assert evaluate(together, copying_segmenter(), images=together, **FAST).rows == apart.rows


def test_several_classes_of_a_model(tmp_path):
    truth = np.array([[0, 1, 2, 2]] * 4, "uint8")
    save(tmp_path / "masks" / "a.png", truth)
    save(tmp_path / "images" / "a.png", np.array([[0, 255, 255, 255]] * 4, "uint8"))
    inputs = keras.Input((4, 4, 1))
    model = keras.Model(inputs, ops.concatenate([1 - inputs, 0.8 * inputs, 0.2 * inputs], axis=-1))
    found = evaluate(tmp_path / "masks", model, images=tmp_path / "images", **FAST)
    assert {row["class"]: row["dice"] for row in found.rows} == {1: 0.5, 2: 0.0, "mean": 0.25}
    meant = evaluate(
        tmp_path / "masks",
        copying_segmenter(side=4),
        images=tmp_path / "images",
        mask_options={"foreground": True},
        **FAST,
    )
    assert [row["dice"] for row in meant.rows] == [1.0]


# --- Millimetres ----------------------------------------------------------------------------------------------------


@pytest.fixture
def scans(tmp_path):
    """A volume, its mask with flipped and permuted axes, and a prediction on the volume's axes."""
    organ = np.zeros((8, 10, 6), "uint8")
    organ[2:6, 3:7, 1:4] = 1
    affine = np.diag([0.5, 0.5, 4.0, 1])
    for kind in ("images", "masks", "found"):
        (tmp_path / kind).mkdir()
    nibabel.save(nibabel.Nifti1Image(organ * 200, affine), tmp_path / "images" / "ann.nii.gz")
    turned = np.array([[0, 0, -0.5, 3.5], [0.5, 0, 0, 0], [0, 4, 0, 0], [0, 0, 0, 1.0]])
    mask = nibabel.Nifti1Image(np.ascontiguousarray(organ[::-1].transpose(1, 2, 0)), turned)
    nibabel.save(mask, tmp_path / "masks" / "ann_seg.nii.gz")
    shifted = np.roll(organ, 1, axis=2)
    write_volume(tmp_path / "found" / "ann.nii.gz", shifted, like=tmp_path / "images" / "ann.nii.gz")
    return tmp_path, organ, shifted


def test_distances_are_in_the_millimetres_of_the_headers(scans):
    folder, organ, shifted = scans
    [expected] = evaluate_masks([organ], [shifted], spacing=(0.5, 0.5, 4), names=["ann_seg"], **FAST).rows
    [found] = evaluate(folder / "masks", folder / "found", **FAST).rows
    assert found == pytest.approx(expected)
    assert found["hausdorff_distance_mm"] == 4.0
    [given] = evaluate(folder / "masks", folder / "found", spacing=[(0.5, 8, 0.5)], **FAST).rows
    assert given["hausdorff_distance_mm"] == 8.0  # on the axes of the truth


def test_a_model_of_volumes_is_scored_on_the_axes_of_the_image(scans):
    folder, organ, _ = scans
    inputs = keras.Input((None, None, None, 1))
    [row] = evaluate(folder / "masks", keras.Model(inputs, 1.0 * inputs), images=folder / "images", **FAST).rows
    assert (row["dice"], row["truth_px"], row["hausdorff_distance_mm"]) == (1.0, int(organ.sum()), 0.0)
    assert row["case"] == "ann"


def test_a_spacing_is_known_for_all_cases_or_for_none(scans):
    folder, organ, _ = scans
    truths = [folder / "masks" / "ann_seg.nii.gz", folder / "other.npy"]
    np.save(truths[1], organ[..., None])
    predictions = [read_mask(truths[0]), organ]
    with pytest.raises(ValueError, match="'ann_seg' and none for 'other'"):
        evaluate(truths, predictions, **FAST)
    assert len(evaluate(truths, predictions, spacing=1, **FAST)) == 2


# --- Options and bad input --------------------------------------------------------------------------------------------


def test_classes_and_ignored_labels_of_files(tmp_path):
    save(tmp_path / "masks" / "a.png", np.array([[0, 4, 9, 9]], "uint8"))
    save(tmp_path / "found" / "a.png", np.array([[1, 1, 1, 0]], "uint8"))
    [row] = evaluate(
        tmp_path / "masks",
        tmp_path / "found",
        mask_options={"classes": {0: 0, 4: 1, 9: 255}, "ignore_class": 255, "num_classes": 2},
        **FAST,
    ).rows
    assert row["dice"] == pytest.approx(2 / 3)
    [same] = evaluate(
        tmp_path / "masks",
        tmp_path / "found",
        mask_options={"classes": {0: 0, 4: 1, 9: 255}},
        num_classes=2,
        ignore_class=255,
        **FAST,
    ).rows
    assert same == row


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"predictions": "missing"}, "not a folder"),
        ({"images": "images"}, "images with a model"),
        ({"postprocess": PostProcess()}, "postprocess with a model"),
        ({"predictions": copying_segmenter}, "images=None"),
        ({"predictions": copying_segmenter, "images": "images", "num_classes": 3}, "num_classes of the model, 2"),
        ({"mask_options": {"chanel": 1}}, "Did you mean 'channel'"),
        ({"num_classes": 2, "mask_options": {"num_classes": 3}}, "one num_classes"),
        ({"truths": np.zeros((6, SIDE, SIDE))}, "list of paths in the order"),
        ({"names": ["x"]}, "shape"),
        ({"verbose": 3}, "verbose"),
    ],
)
def test_wrong_values_are_refused(data, monkeypatch, change, says):
    monkeypatch.chdir(data)
    arguments = {"truths": "masks", "predictions": "predictions", **change}
    if callable(arguments["predictions"]):
        arguments["predictions"] = arguments["predictions"]()
    with pytest.raises(ValueError, match=says):
        evaluate(arguments.pop("truths"), arguments.pop("predictions"), **arguments)


def test_a_bad_file_is_named(data):
    (data / "images" / "a" / "a_2.png").write_bytes(b"no image")
    with pytest.raises(ValueError, match=r"a_2\.png"):
        evaluate(data / "masks", copying_segmenter(), images=data / "images")
    save(data / "predictions" / "b_1.png", np.zeros((4, 4), "uint8"))
    with pytest.raises(ValueError, match=r"\(16, 16\) and \(4, 4\) for case 'b_1_mask'"):
        evaluate(data / "masks", data / "predictions")


def test_an_array_of_images_is_refused(data):
    with pytest.raises(TypeError, match="pass the masks as predictions"):
        evaluate(data / "masks", copying_segmenter(), images=np.zeros((6, SIDE, SIDE, 1)))


def test_masks_load_no_framework(data):
    code = (
        "import sys\nfrom resunet_kit.evaluation import evaluate\n"
        "found = evaluate('masks', 'predictions', resamples=10)\n"
        "print({'keras', 'tensorflow'} & set(sys.modules), found.to_json('scores.json')[:1])"
    )
    root = Path(__file__).parents[2]
    run = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(root)!r})\n{code}"],
        capture_output=True, text=True, check=True, cwd=data,
    )  # fmt: skip
    assert run.stdout.strip() == "set() {"
    assert json.loads((data / "scores.json").read_text())["settings"]["cases"] == 6


def test_any_iterable_of_paths_is_a_list_of_them(data):
    predict_folder(copying_segmenter(), data / "images", out=data / "out")
    found = sorted((data / "out").glob("*.png"))
    expected = evaluate(data / "masks", found, **FAST).rows
    for paths in (iter(found), np.array([str(path) for path in found]), dict.fromkeys(found).keys()):
        assert evaluate(data / "masks", paths, **FAST).rows == expected
    arrays = [read_mask(path) for path in found]
    assert len(evaluate(iter(arrays), iter(arrays), **FAST)) == len(found)
