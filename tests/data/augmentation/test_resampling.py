import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from resunet_kit.data.augmentation import resampling as _resampling
from resunet_kit.data.augmentation.resampling import Field, resample

SCIPY = {0.5: "grid-constant", "edge": "nearest", "reflect": "mirror"}


def random_field(generator, ndim, *, displaced):
    points = generator.uniform(-2, 2, (ndim, *[5] * ndim)).astype(np.float32)
    return Field(
        matrix=(np.eye(ndim) + generator.normal(0, 0.4, (ndim, ndim))).astype(np.float32),
        offset=generator.normal(0, 3, ndim).astype(np.float32),
        displacement=points if displaced else None,
    )


@settings(max_examples=40)
@given(
    st.sampled_from([(12, 17), (30, 1), (1, 8), (7, 6, 9), (3, 1, 20)]),
    st.sampled_from(list(SCIPY)),
    st.booleans(),
    st.integers(0, 2**31),
)
def test_it_is_scipys_resampling_of_each_channel(shape, fill, displaced, seed):
    generator = np.random.default_rng(seed)
    image = generator.random((2, *shape), np.float32)
    mask = generator.integers(0, 9, (1, *shape), np.uint8)
    field = random_field(generator, len(shape), displaced=displaced)
    moved_image, moved_mask = resample(image, mask, field, fill=fill, mask_fill=7)

    positions = np.stack(list(field.coordinates(shape, slice(None))))
    options = {"mode": SCIPY[fill], "cval": 0.5}
    expected = [ndimage.map_coordinates(plane, positions, order=1, **options) for plane in image]
    np.testing.assert_allclose(moved_image, expected, atol=1e-4)
    # Where two pixels are equally near, rounding decides.
    clear = (np.abs(positions % 1 - 0.5) > 1e-3).all(axis=0)
    expected_mask = ndimage.map_coordinates(mask[0], positions, order=0, mode=SCIPY[fill], cval=7)
    assert np.array_equal(moved_mask[0][clear], expected_mask[clear])


def test_slabs_join_without_a_seam(monkeypatch):
    generator = np.random.default_rng(0)
    image, mask = generator.random((2, 20, 8, 9), np.float32), generator.integers(0, 9, (1, 20, 8, 9))
    field = random_field(generator, 3, displaced=True)
    whole = resample(image, mask, field, fill=0, mask_fill=0)
    monkeypatch.setattr(_resampling, "POINTS", 200)
    parts = resample(image, mask, field, fill=0, mask_fill=0)
    np.testing.assert_allclose(parts[0], whole[0], atol=1e-5)
    assert (parts[1] != whole[1]).mean() < 0.001


def test_coordinates_far_outside_are_filled():
    image, mask = np.ones((1, 4, 4), np.float32), np.ones((1, 4, 4), np.uint8)
    field = Field(matrix=np.eye(2, dtype=np.float32), offset=np.full(2, 1e6, np.float32))
    moved_image, moved_mask = resample(image, mask, field, fill=0.25, mask_fill=9)
    assert (moved_image == 0.25).all()
    assert (moved_mask == 9).all()
