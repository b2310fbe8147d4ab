import numpy as np
import pytest
from PIL import Image


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Seven pairs of 6x8; the image's grey is 10 times its number, even ones have foreground."""
    folder = tmp_path_factory.mktemp("pairs")
    images = [folder / f"{number}.png" for number in range(7)]
    masks = [folder / f"{number}_mask.png" for number in range(7)]
    for number, (image, mask) in enumerate(zip(images, masks, strict=True)):
        Image.fromarray(np.full((6, 8, 3), 10 * number, np.uint8)).save(image)
        corner = np.zeros((6, 8), np.uint8)
        corner[0, 0] = 255 * (number % 2 == 0)
        Image.fromarray(corner).save(mask)
    return images, masks


@pytest.fixture(scope="session")
def order():
    """Return a function from batches of those pairs to the numbers of their images."""

    def numbers(batches):
        return [round(float(image[0, 0, 0]) * 25.5) for images, *_ in batches for image in np.asarray(images)]

    return numbers
