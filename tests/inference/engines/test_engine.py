import numpy as np
import pytest

from resunet_kit.inference._engines.engine import Engine


class Doubling(Engine):
    def infer(self, batch):
        self.sizes = [*getattr(self, "sizes", []), len(batch)]
        assert batch.flags.c_contiguous
        return [2 * batch, batch.sum(axis=1)]


def test_outputs_of_all_batches_in_order():
    engine, done = Doubling("float32"), []
    images = np.arange(14, dtype="uint8").reshape(7, 2)
    doubled, sums = engine.run(images[::-1], 3, done.append)
    np.testing.assert_array_equal(doubled, 2.0 * images[::-1])
    np.testing.assert_array_equal(sums, images[::-1].sum(axis=1))
    assert doubled.dtype == sums.dtype == "float32"
    assert (engine.sizes, done) == ([3, 3, 1], [3, 6, 7])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite_are_refused_by_their_image(value):
    images = np.ones((5, 4))
    images[3, 1] = value
    with pytest.raises(ValueError, match=r"in image 3\."):
        Doubling("float32").run(images, 2)


def test_large_finite_numbers_pass():
    images = np.full((1, 1000), 3e38, "float32")  # their sum overflows
    assert np.shares_memory(Doubling("float32").taken(images, 0, 1), images)
