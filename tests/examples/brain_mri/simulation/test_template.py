import numpy as np

from examples.brain_mri.simulation.template import COARSE_MM, load_template


def test_maps_share_one_grid() -> None:
    template = load_template()
    assert template.grey.shape == template.white.shape
    assert template.white[::COARSE_MM, ::COARSE_MM, ::COARSE_MM].shape == template.brain_distance.shape
    assert template.brain_distance.shape == template.head_distance.shape == template.ventricle_distance.shape


def test_head_holds_the_brain_and_the_brain_its_tissue() -> None:
    template = load_template()
    tissue = (template.white.astype(int) + template.grey)[::COARSE_MM, ::COARSE_MM, ::COARSE_MM] > 200
    assert np.mean(template.brain_distance[tissue] < 1) > 0.99
    assert np.mean(template.head_distance[template.brain_distance < -2] < 0) > 0.99


def test_ventricles_are_deep_symmetric_and_of_adult_size() -> None:
    template = load_template()
    ventricles = template.ventricle_distance == 0
    millilitres = ventricles.sum() * COARSE_MM**3 / 1000
    assert 8 < millilitres < 45
    assert template.brain_distance[ventricles].max() < -20
    right = ventricles[98 // COARSE_MM :].sum() / ventricles.sum()
    assert 0.4 < right < 0.6
