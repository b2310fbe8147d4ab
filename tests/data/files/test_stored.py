import numpy as np

from resunet_kit.data.files.stored import StoredImage, looked_up


def test_white_is_the_largest_of_the_type_unless_the_file_says_otherwise():
    assert StoredImage(np.zeros((2, 2, 1), np.uint8)).white == 255
    assert StoredImage(np.zeros((2, 2, 1), np.float32)).white == 1
    assert StoredImage(np.zeros((2, 2, 1), np.uint16), white=4095).white == 4095


def test_opacity_of_a_channel_a_palette_and_a_colour():
    array = np.array([[[1, 0], [2, 255]]], np.uint8)
    assert StoredImage(array, "grey", has_opacity=True).opacity().tolist() == [[[0], [255]]]
    palette = np.array([[9, 9, 9, 0], [8, 8, 8, 70]], np.uint8)
    assert StoredImage(array[..., :1] - 1, "palette", palette=palette).opacity().tolist() == [[[0], [70]]]
    hidden = np.array([[True, False]])
    assert StoredImage(array[..., :1], "grey", transparent=hidden).opacity().tolist() == [[[0], [255]]]
    assert StoredImage(array, "grey").opacity() is None


def test_beyond_a_palette_is_black():
    found = looked_up(np.array([[[0], [1], [300]]]), np.array([[1, 2, 3]], np.uint8))
    assert found.tolist() == [[[1, 2, 3], [0, 0, 0], [0, 0, 0]]]
