"""Every builder through every format, and what is refused."""

import os
import sys

import keras
import numpy as np
import pytest

from resunet_kit import models
from resunet_kit.inference import export
from resunet_kit.inference._runners import load
from resunet_kit.inference._writing import SUFFIXES
from tests.contracts.descriptors import BUILDERS, VOLUME, label, randomise

FORMATS = tuple(SUFFIXES)
# All but one go through the same code between the converter and the engine.
QUICK = "litert"
TENSORFLOW = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="others convert in a new process")

# LiteRT has no 3-D max-pooling, and computes dilated 3-D convolutions wrongly, or ends the process at them.
LACKING = {
    ("litert", VOLUME): {
        "res_unet-pointwise, pooled": "MaxPool3D",
        "res_unet_plus_plus": "dilated 3-D convolutions",
        "res_unet-atrous, attention": "dilated 3-D convolutions",
        "res_unet_a-tasks": "dilated 3-D convolutions",
        "res_unet_a": "dilated 3-D convolutions",
    }
}


@pytest.fixture
def tiny():
    keras.utils.set_random_seed(0)
    return models.res_unet((None, None, 1), filters=(4, 8))


def convolution(channels=1, shape=(8, 8, 1), **options):
    inputs = keras.Input(shape, name="image")
    return keras.Model(inputs, keras.layers.Conv2D(channels, 3, padding="same", name="scores", **options)(inputs))


def name_of(form, name="model"):
    return f"{name}{SUFFIXES[form]}"


def formats(*names):
    return [name if name == QUICK else pytest.param(name, marks=pytest.mark.slow) for name in names]


def left(folder):
    return sorted(path.name for path in folder.iterdir())


# === What is written ===


@TENSORFLOW
@pytest.mark.parametrize("form", formats(*FORMATS))
def test_a_network_of_variable_size_is_exported(tmp_path, form, tiny, capfd):
    path = tmp_path / name_of(form)
    report = export(tiny, path, format=form)
    assert (report.path, report.format, report.precision, report.dice) == (path, form, "float32", None)
    assert 0 <= report.max_difference < 1e-4
    assert report == report.max_difference
    assert {found.name for found in report.comparisons} >= {"zeros and ones", "large", "negative", "another size"}
    assert len({found.shape[0] for found in report.comparisons}) > 1
    assert len({found.shape[1:] for found in report.comparisons}) == 3
    assert left(tmp_path) == (["model.bin", "model.xml"] if form == "openvino" else [path.name])
    images = np.random.default_rng(1).random((5, 40, 24, 1), dtype="float32")
    [output] = load(path, form)(images)
    np.testing.assert_allclose(output, tiny.predict(images, verbose=0), atol=1e-5)
    assert capfd.readouterr() == ("", "")


@TENSORFLOW
@pytest.mark.parametrize("form", formats("openvino", "litert"))
def test_a_file_is_replaced(tmp_path, form):
    path = tmp_path / name_of(form)
    first, second = convolution(), convolution()
    export(first, path, format=form)
    export(second, path, format=form)
    images = np.ones((1, 8, 8, 1), "float32")
    np.testing.assert_allclose(load(path, form)(images)[0], keras.ops.convert_to_numpy(second(images)), atol=1e-5)


@TENSORFLOW
def test_mixed_precision_is_exported_in_float32_and_the_model_stays(tmp_path):
    inputs = keras.Input((None, None, 1))
    x = keras.layers.Conv2D(4, 3, dtype="mixed_bfloat16")(inputs)
    model = keras.Model(inputs, keras.layers.Conv2D(2, 1, dtype="float32")(x))
    report = export(model, tmp_path / "model.onnx")
    assert report.max_difference < 1e-5
    assert model.layers[1].compute_dtype == "bfloat16"


@pytest.mark.slow
@TENSORFLOW
def test_integer_images_and_outputs_of_the_same_shape(tmp_path):
    inputs = keras.Input((8, 8, 1), dtype="uint8")
    x = keras.layers.Rescaling(1 / 255)(inputs)
    model = keras.Model(inputs, [keras.layers.Conv2D(1, 1, name=name)(x) for name in ("first", "second", "third")])
    for form in FORMATS:
        assert export(model, tmp_path / name_of(form), format=form).max_difference < 1e-5


def test_frameworks_leave_no_trace(tmp_path, tiny, monkeypatch):
    pytest.importorskip("tf2onnx")
    monkeypatch.setenv("CI", "")
    before, attributes = dict(os.environ), set(dir(np))
    if keras.backend.backend() == "tensorflow":
        export(convolution(), tmp_path / "model.onnx")
    assert dict(os.environ) == before
    assert set(dir(np)) == attributes


# The largest builder takes half of the time: each format exports one of its two instances.
HALVES = {"res_unet_a-tasks": ("onnx", "litert"), "res_unet_a": ("openvino", "tf_saved_model")}


def builder_cases():
    """Yield every builder in every format with one of its ranks, alternately, and what LiteRT lacks with both."""
    for index, descriptor in enumerate(BUILDERS):
        rank = descriptor.ranks[index % len(descriptor.ranks)]
        for form in () if descriptor.heavy else HALVES.get(str(descriptor), FORMATS):
            lacking = any(str(descriptor) in names for (lacks, _), names in LACKING.items() if lacks == form)
            yield from ((descriptor, one, form) for one in (descriptor.ranks if lacking else [rank]))


def test_every_builder_is_exported_through_every_format():
    pairs = {(descriptor.of, form) for descriptor, _, form in builder_cases()}
    assert pairs == {(descriptor.of, form) for descriptor in BUILDERS if not descriptor.heavy for form in FORMATS}


@pytest.mark.slow
@TENSORFLOW
@pytest.mark.parametrize(("descriptor", "rank", "form"), list(builder_cases()), ids=label)
def test_every_builder_through_every_format(tmp_path, descriptor, rank, form):
    keras.utils.set_random_seed(0)
    static = rank == VOLUME and str(descriptor) != "res_unet-residual, add"  # small volumes: comparing takes long
    model = randomise(descriptor.build(descriptor.shape(rank, static=static)))
    path = tmp_path / name_of(form)
    lacking = LACKING.get((form, rank), {}).get(str(descriptor))
    if lacking:
        with pytest.raises(ValueError, match=rf"operations that LiteRT has\. Received one with {lacking}"):
            export(model, path, format=form)
        assert left(tmp_path) == []
        return
    assert export(model, path, format=form).max_difference <= 1e-3


@pytest.mark.slow
@TENSORFLOW
@pytest.mark.parametrize(
    ("build", "form"),
    [
        *((lambda shape: models.resnet(18, shape), form) for form in FORMATS),
        # The formats whose converters differ most; the head of a classifier is among the builders.
        *((models.healthcare_ai_classifier, form) for form in ("onnx", "litert")),
    ],
)
def test_residual_networks_through_every_format(tmp_path, build, form):
    model = build((97, 97, 3))  # the smallest that the classifier takes
    assert export(model, tmp_path / name_of(form), format=form).max_difference <= 1e-3


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMATS)
def test_other_backends_export_too(tmp_path, form):
    if keras.backend.backend() == "tensorflow":
        pytest.skip("the other tests are of TensorFlow")
    model = models.res_unet((16, 16, 1), filters=(4, 6), name="net")
    assert export(model, tmp_path / name_of(form), format=form).max_difference < 1e-4


# === What is refused ===


@TENSORFLOW
@pytest.mark.parametrize("form", formats("onnx", "openvino", "litert"))
def test_beyond_the_tolerance_nothing_is_left(tmp_path, form, tiny):
    with pytest.raises(ValueError, match=r"within 1e-12 of the model's\. Received a difference of \d"):
        export(tiny, tmp_path / name_of(form), format=form, tolerance=1e-12)
    assert left(tmp_path) == []


@TENSORFLOW
def test_a_failure_leaves_the_file_of_before(tmp_path):
    path = tmp_path / "model.xml"
    export(convolution(), path, format="openvino")
    before = path.read_bytes(), path.with_suffix(".bin").read_bytes()
    with pytest.raises(ValueError, match="Received a difference"):
        export(models.res_unet((16, 16, 1), filters=(4, 6)), path, format="openvino", tolerance=0)
    assert before == (path.read_bytes(), path.with_suffix(".bin").read_bytes())
    assert left(tmp_path) == ["model.bin", "model.xml"]


@pytest.mark.parametrize(
    ("form", "path", "cure"),
    [("onnx", "model.tflite", "format='litert'"), ("openvino", "model.bin", "model.xml"), ("litert", "model", "tflite"),
     ("tf_saved_model", "model.onnx", "Pass 'model'")],
)  # fmt: skip
def test_wrong_suffixes_are_refused(form, path, cure):
    with pytest.raises(ValueError, match=rf"Expected a path .*{cure}"):
        export(convolution(), path, format=form)


@pytest.mark.parametrize("form", FORMATS)
def test_folders_and_files_in_the_way_are_refused(tmp_path, form):
    path = tmp_path / name_of(form)
    if form == "tf_saved_model":
        path.write_text("notes")
    else:
        path.mkdir()
        (path / "notes").write_text("notes")
    with pytest.raises(ValueError, match="Expected"):
        export(convolution(), path, format=form)
    assert path.exists()
    assert left(tmp_path) == [path.name]


def test_what_is_no_model_of_one_input_is_refused():
    for wrong in ("model.keras", lambda x: x, None, keras.Model):
        with pytest.raises(TypeError, match=r"Expected model to be a keras\.Model"):
            export(wrong, "model.onnx")
    for wrong in (keras.Sequential([keras.layers.Conv2D(1, 1)]), type("Own", (keras.Model,), {})()):
        with pytest.raises(ValueError, match="that has been built"):
            export(wrong, "model.onnx")
    inputs = [keras.Input((8, 8, 1)), keras.Input((8, 8, 1))]
    with pytest.raises(ValueError, match="Expected a model of one input"):
        export(keras.Model(inputs, keras.layers.Add()(inputs)), "model.onnx")


def test_weights_that_are_not_finite_are_refused(tmp_path):
    model = convolution()
    model.layers[-1].bias.assign([np.nan])
    with pytest.raises(ValueError, match=r"Expected finite weights\. Received NaN or infinities in 'scores/bias'"):
        export(model, tmp_path / "model.onnx")
    assert left(tmp_path) == []


def test_wrong_options_are_refused(tmp_path):
    path, model = tmp_path / "model.onnx", convolution()
    for options, match in (
        ({"format": "tensorrt"}, "format to be one of"),
        ({"precision": "int4"}, "precision to be one of"),
        ({"tolerance": -1}, "tolerance"),
        ({"tolerance": np.nan}, "tolerance"),
        ({"max_dice_drop": 2}, "max_dice_drop"),
        ({"calibration": np.zeros((2, 8, 8, 1))}, 'precision="int8" alone'),
        ({"precision": "int8"}, "calibration images"),
        ({"precision": "int8", "calibration": np.zeros((0, 8, 8, 1))}, r"calibration of shape \(n, 8, 8, 1\)"),
        ({"precision": "int8", "calibration": np.zeros((2, 8, 9, 1))}, r"calibration of shape \(n, 8, 8, 1\)"),
        ({"precision": "int8", "calibration": np.full((2, 8, 8, 1), np.nan)}, "finite calibration"),
    ):
        with pytest.raises(ValueError, match=match):
            export(model, path, **options)
    with pytest.raises(ValueError, match="one of the formats 'onnx', 'openvino', 'litert'"):
        export(model, tmp_path / "model", format="tf_saved_model", precision="int8", calibration=np.zeros((2, 8, 8, 1)))
    with pytest.raises(TypeError, match="Expected path"):
        export(model, None)
    assert left(tmp_path) == []


@pytest.mark.parametrize(
    ("form", "package"),
    [("onnx", "onnxruntime"), ("onnx", "tf2onnx"), ("onnx", "onnx"), ("openvino", "openvino")],
)
def test_an_engine_that_is_not_installed_is_named_with_its_extra(tmp_path, monkeypatch, form, package):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=rf'the package {package}\..*pip install "resunet-kit\[inference\]"'):
        export(convolution(), tmp_path / name_of(form), format=form)
    assert left(tmp_path) == []


@TENSORFLOW
@pytest.mark.parametrize(
    ("layer", "named"),
    [(lambda x: keras.layers.MaxPooling3D()(x), "MaxPool3D, which it lacks"),
     (lambda x: keras.layers.Conv3D(1, 3, dilation_rate=2)(x), "dilated 3-D convolutions, whose results are wrong")],
)  # fmt: skip
def test_a_model_that_the_format_cannot_express_is_refused(tmp_path, layer, named):
    inputs = keras.Input((8, 8, 8, 1))
    model = keras.Model(inputs, layer(inputs))
    with pytest.raises(ValueError, match=f"Received one with {named}"):
        export(model, tmp_path / "model.tflite", format="litert")
    assert left(tmp_path) == []


# === Integers ===


@pytest.fixture(scope="module")
def trained():
    """Return a network that finds bright squares, their images and masks."""
    generator = np.random.default_rng(0)
    images = generator.random((8, 16, 16, 1)).astype("float32") * 0.4
    masks = np.zeros(images.shape, "uint8")
    for mask, (row, column) in zip(masks, generator.integers(0, 10, (8, 2)), strict=True):
        mask[row : row + 6, column : column + 6] = 1
    images += masks * 0.6
    model = convolution(shape=(None, None, 1), activation="sigmoid")
    model.set_weights([np.full((3, 3, 1, 1), 12 / 9), np.array([-6.0])])
    return model, images, masks


@TENSORFLOW
@pytest.mark.parametrize("form", formats("onnx", "openvino", "litert"))
def test_int8_reports_its_dice_beside_that_of_float32(tmp_path, form, trained):
    model, images, masks = trained
    report = export(model, tmp_path / name_of(form), format=form, precision="int8", calibration=images, truths=masks)
    assert 0.7 < report.float32_dice < 1
    assert abs(report.dice - report.float32_dice) < 0.05
    assert 0 < report.max_difference < 0.2
    [output] = load(report.path, form)(images)
    assert len(np.unique(output)) <= 256 or form != "litert"
    assert np.abs(output - model.predict(images, verbose=0)).max() == pytest.approx(report.max_difference, abs=1e-5)


@TENSORFLOW
def test_int8_weights_are_integers(tmp_path, trained):
    import onnx

    model, images, _ = trained
    export(model, tmp_path / "model.onnx", precision="int8", calibration=images)
    graph = onnx.load(tmp_path / "model.onnx").graph
    assert onnx.TensorProto.INT8 in {constant.data_type for constant in graph.initializer}


@pytest.mark.slow
@TENSORFLOW
def test_int8_counts_positions_of_a_variable_size_exactly(tmp_path, tiny):
    """In 8-bit integers they pointed to wrong pixels: a Dice of 0.56."""
    images = np.random.default_rng(0).random((4, 40, 40, 1), dtype="float32")
    for form in ("onnx", "openvino"):
        report = export(tiny, tmp_path / name_of(form), format=form, precision="int8", calibration=images)
        assert report.dice > 0.95
        assert report.float32_dice == 1
        assert load(report.path, form)(images[:1, :24, :32])[0].shape == (1, 24, 32, 1)


@TENSORFLOW
def test_too_large_a_drop_of_dice_is_refused(tmp_path, trained):
    """A single value far outside leaves few integers for the rest."""
    model, images, masks = trained
    calibration = np.concatenate([images, np.full((1, 16, 16, 1), 500, "float32")])  # one step is as large as a pixel
    truths = np.concatenate([masks, np.ones((1, 16, 16, 1), "uint8")])
    with pytest.raises(ValueError, match=r"Dice of the int8 file at most 0.01 below float32's\. Received"):
        export(
            model, tmp_path / "model.onnx", precision="int8", calibration=calibration, truths=truths, max_dice_drop=0.01
        )
    assert left(tmp_path) == []


def test_truths_of_another_shape_are_refused(tmp_path, trained):
    model, images, masks = trained
    with pytest.raises(ValueError, match="Expected truths of shape"):
        export(model, tmp_path / "model.onnx", precision="int8", calibration=images, truths=masks[:, :8])
    assert left(tmp_path) == []


@TENSORFLOW
def test_masks_as_input(tmp_path):
    inputs = keras.Input((4, 4, 1), dtype="bool")
    model = keras.Model(inputs, keras.layers.Conv2D(1, 1)(keras.ops.cast(inputs, "float32")))
    assert export(model, tmp_path / name_of(QUICK), format=QUICK) < 1e-5


@TENSORFLOW
def test_nan_in_the_file_alone_is_no_matter_of_tolerance(tmp_path):
    inputs = keras.Input((4, 4, 2))
    model = keras.Model(inputs, keras.layers.UnitNormalization()(inputs))  # LiteRT divides zeros by zero
    with pytest.raises(ValueError, match=r"difference of inf on zeros and ones.*NaN, infinities or another shape"):
        export(model, tmp_path / name_of(QUICK), format=QUICK, tolerance=1e9)
    assert left(tmp_path) == []
