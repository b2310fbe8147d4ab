"""The package's names, its version, and what it exports."""

import importlib
import re
from pathlib import Path

import pytest

import resunet_kit

CHECKOUT = Path(__file__).parent.parent


def test_version_is_the_newest_of_the_changelog():
    newest = re.search(r"^## (\S+)", (CHECKOUT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest is not None
    assert newest.group(1) == resunet_kit.__version__


def test_version_is_that_of_the_citation():
    cited = re.search(r"^version: (\S+)$", (CHECKOUT / "CITATION.cff").read_text(), re.MULTILINE)
    assert cited is not None
    assert cited.group(1) == resunet_kit.__version__


@pytest.mark.parametrize("name", resunet_kit.__all__)
def test_all_names_what_a_subpackage_exports(name):
    module = importlib.import_module(f"resunet_kit.{name}")
    assert getattr(resunet_kit, name) is module
    assert module.__all__ == sorted(module.__all__)
    for public in module.__all__:
        assert getattr(module, public).__doc__


def test_every_subpackage_is_listed():
    folders = {path.parent.name for path in Path(resunet_kit.__file__).parent.glob("[!_]*/__init__.py")}
    assert folders == set(resunet_kit.__all__)
    assert set(resunet_kit.__all__) <= set(dir(resunet_kit))


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'segmentation'"):
        _ = resunet_kit.segmentation


# Modules without a test file of their own, and the one that tests them through what calls them.
TESTED_THROUGH = {
    "__main__": "cli/test_command_line.py",
    "cli/_model_arguments": "cli/test_predict.py",
    "data/batches/user_augmentation": "data/batches/test_contract.py",
    "data/files/errors": "data/files/test_decoding.py",
    "evaluation/_mask_sources": "evaluation/test_evaluation.py",
    "inference/_cascade_files": "inference/test_cascade.py",
    "inference/_cascade_settings": "inference/test_cascade_files.py",
    "inference/_cascade_steps": "inference/test_cascade.py",
    "inference/_detection": "inference/test_cascade.py",
    "inference/_ensemble_checks": "inference/test_ensemble.py",
    "inference/_export_checks": "inference/test_export.py",
    "inference/_export_samples": "inference/test_export.py",
    "inference/_file_prediction": "inference/test_folder.py",
    "inference/_gradients": "inference/test_explaining.py",
    "inference/_heat_maps": "inference/test_explaining.py",
    "inference/_image_array": "inference/test_augmented.py",
    "inference/_keras_model": "inference/test_explaining.py",
    "inference/_marking": "inference/test_cascade.py",
    "inference/_mask_files": "inference/test_folder.py",
    "inference/_moments": "inference/test_uncertainty.py",
    "inference/_onnx_graph": "inference/test_conversion.py",
    "inference/_other_backend": "inference/test_export.py",
    "inference/_prediction_records": "inference/test_folder.py",
    "inference/_quantization": "inference/test_export.py",
    "inference/_runners": "inference/test_export.py",
    "inference/_saved_model": "inference/test_cascade_files.py",
    "inference/_stateless_calls": "inference/test_monte_carlo.py",
    "inference/_targets": "inference/test_explaining.py",
    "inference/_tracing": "inference/test_conversion.py",
    "inference/_transforms": "inference/test_augmented.py",
    "inference/_writing": "inference/test_export.py",
    "losses/_distance_transform": "losses/test_distances.py",
    "metrics/_case_collection": "metrics/test_evaluation.py",
    "metrics/_case_inputs": "metrics/test_evaluation.py",
    "metrics/_case_scores": "metrics/test_evaluation.py",
    "metrics/_hints": "metrics/test_init.py",
    "metrics/_keras_metric": "metrics/test_typing.py",
    "metrics/_option_fields": "metrics/test_streaming.py",
    "metrics/_score_summary": "metrics/test_evaluation.py",
    "metrics/rates": "metrics/test_scores.py",
    "models/_stages": "models/test_transfer.py",
    "plots/_arrays": "plots/test_contract.py",
    "plots/_controls": "plots/test_images.py",
    "plots/_epochs": "plots/test_history.py",
    "plots/_grid": "plots/test_images.py",
    "plots/_history_panels": "plots/test_history.py",
    "plots/_label_maps": "plots/test_images.py",
    "plots/_model_stages": "plots/test_architecture.py",
    "plots/_page/document": "plots/test_report.py",
    "plots/_page/text": "plots/test_report.py",
    "plots/_scene": "plots/test_images.py",
    "plots/_score_positions": "plots/test_scores.py",
    "plots/_slices": "plots/test_volumes.py",
    "plots/_style": "plots/test_contract.py",
    "plots/_threshold_counts": "plots/test_curves.py",
    "plots/_volume_source": "plots/test_volumes.py",
    "training/_folder_assessment": "training/test_recipe.py",
    "training/_folder_report": "training/test_recipe.py",
}


def test_tests_mirror_the_package():
    """`resunet_kit/a/_b.py` is tested by `tests/a/test_b.py`."""
    package = Path(resunet_kit.__file__).parent
    modules = [path.relative_to(package).with_suffix("") for path in package.rglob("*.py") if path.stem != "__init__"]
    expected = {}
    for module in modules:
        parts = [part.lstrip("_") for part in module.parts]
        expected[module.as_posix()] = "/".join([*parts[:-1], f"test_{parts[-1]}.py"])
    assert TESTED_THROUGH.keys() <= expected.keys()
    expected |= TESTED_THROUGH
    tests = {name: CHECKOUT / "tests" / test for name, test in expected.items()}
    assert [name for name, test in tests.items() if not test.is_file() or "def test_" not in test.read_text()] == []
