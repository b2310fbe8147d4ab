import sys
from pathlib import Path

import numpy as np
import pytest

from resunet_kit.inference import predict_tiled
from resunet_kit.inference._mapped_pages import release_pages

SIZE = 2**26  # bytes


def resident() -> int:
    """Return the bytes of files that this process holds."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("RssFile"))


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not tell")
def test_pages_are_released_and_what_was_written_stays(tmp_path):
    written = np.memmap(tmp_path / "file", "uint8", "w+", shape=(SIZE,))
    written[:] = 7
    before = resident()
    release_pages(written[10:])
    assert resident() < before - SIZE / 2
    assert (written == 7).all()
    assert (np.memmap(tmp_path / "file", "uint8", "r") == 7).all()


def test_changes_of_a_copy_on_write_map_stay(tmp_path):
    (tmp_path / "file").write_bytes(bytes(8192))
    private = np.memmap(tmp_path / "file", "uint8", "c")
    private[:] = 1
    release_pages(private)
    assert private.all()


class FirstChannel:
    """A network without cost."""

    input_shape = output_shape = (None, None, None, 1)

    def predict_on_batch(self, images):
        return images


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not tell")
def test_a_prediction_from_file_to_file_leaves_no_pages_behind(tmp_path):
    side = int(SIZE**0.5)
    image = np.memmap(tmp_path / "image", "uint8", "w+", shape=(side, side, 1))
    image[::2] = 1
    mask = np.memmap(tmp_path / "mask", "uint8", "w+", shape=(side, side))
    release_pages(image)
    before = resident()
    predict_tiled(FirstChannel(), image, tile=1024, overlap=0, reduce=0.5, out=mask)
    assert resident() < before + SIZE / 4
    assert np.array_equal(mask, image[..., 0])


@pytest.mark.parametrize("array", [np.ones(3), None, [1]])
def test_other_arrays_are_left_alone(array):
    release_pages(array)
    assert array is None or next(iter(array)) == 1
