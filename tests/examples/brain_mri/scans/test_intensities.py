import numpy as np

from examples.brain_mri.scans.intensities import in_unit_range, stretched


def test_8_bit_images_and_those_that_fill_the_range_stay():
    dark = np.arange(20, dtype=np.float32).reshape(1, 4, 5, 1) / 255
    assert in_unit_range(dark) is dark
    filled = np.linspace(0, 0.9, 20, dtype=np.float32).reshape(1, 4, 5, 1)
    assert in_unit_range(filled) is filled
    black = np.zeros((1, 4, 5, 1), np.float32)
    assert in_unit_range(black) is black


def test_other_units_are_stretched_for_each_channel():
    values = np.random.default_rng(0).normal(size=(2, 30, 30, 2)).astype("float32") * [10, 1000]
    found = in_unit_range(values.astype("float32"))
    assert found.dtype == np.float32
    assert found.min(axis=(0, 1, 2)).tolist() == [0, 0]
    assert found.max(axis=(0, 1, 2)).tolist() == [1, 1]
    twelve_bits = np.random.default_rng(0).integers(0, 4096, (1, 30, 30, 1)).astype("float32") / 65535
    assert in_unit_range(twelve_bits).max() == 1


def test_one_bright_artefact_does_not_darken_the_rest_and_constants_are_black():
    values = np.zeros((1, 100, 100, 1), np.float32)
    values[0, :50] = 100
    values[0, 0, 0] = 1e6
    assert stretched(values)[0, 10, 10, 0] == 1
    assert (stretched(np.full((1, 4, 4, 1), 7.0, np.float32)) == 0).all()
    lonely = np.zeros((1, 100, 100, 1), np.float32)
    lonely[0, 5, 5] = 3
    assert stretched(lonely)[0, 5, 5, 0] == 1
