import numpy as np
import pytest
from PIL import Image


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Seven pairs of 6x8; the grey value of an image is 10 times its index, and those of even index have foreground."""
    folder = tmp_path_factory.mktemp("pairs")
    images = [folder / f"{index}.png" for index in range(7)]
    masks = [folder / f"{index}_mask.png" for index in range(7)]
    for index, (image, mask) in enumerate(zip(images, masks, strict=True)):
        Image.fromarray(np.full((6, 8, 3), 10 * index, np.uint8)).save(image)
        corner = np.zeros((6, 8), np.uint8)
        corner[0, 0] = 255 * (index % 2 == 0)
        Image.fromarray(corner).save(mask)
    return images, masks
