import numpy as np
import pytest

from resunet_kit import plots

Z, Y, X = np.ogrid[:24, :48, :48]
BALL = ((Z - 12) * 2) ** 2 + (Y - 20) ** 2 + (X - 30) ** 2 <= 8**2
HEAD = ((Z - 12) * 2) ** 2 + (Y - 24) ** 2 + (X - 24) ** 2 <= 21**2


def enclosed(mesh):
    """Return the volume that a closed surface encloses, and its centre."""
    points = np.stack([mesh.x, mesh.y, mesh.z], axis=-1).astype(float)
    a, b, c = (points[np.asarray(index, int)] for index in (mesh.i, mesh.j, mesh.k))
    return abs(np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6), points.mean(axis=0)


def test_a_surface_encloses_the_volume_at_its_position():
    figure = plots.lesion_surface(BALL, HEAD, spacing=(2, 1, 1))
    brain, lesion = figure.data
    volume, centre = enclosed(lesion)
    assert volume == pytest.approx(4 / 3 * np.pi * 8**3, rel=0.1)
    np.testing.assert_allclose(centre, (30, 20, 24), atol=0.3)
    assert enclosed(brain)[0] == pytest.approx(HEAD.sum() * 2, rel=0.1)
    assert brain.opacity < 0.5
    assert figure.layout.title.text == f"Lesion · {BALL.sum() * 2 / 1000:.3g} ml"
    assert figure.layout.scene.aspectmode == "data"


@pytest.mark.slow
def test_an_image_of_a_head_is_as_good_as_its_mask():
    noise = np.random.default_rng(0).normal(0, 3, HEAD.shape)
    image = HEAD * 200.0 + noise
    found = plots.lesion_surface(BALL, image, spacing=(2, 1, 1)).data[0]
    assert enclosed(found)[0] == pytest.approx(HEAD.sum() * 2, rel=0.1)


@pytest.mark.slow
def test_large_volumes_stay_light():
    z, y, x = np.ogrid[:160, :192, :192]
    ball = (z - 80) ** 2 + (y - 96) ** 2 + (x - 96) ** 2 <= 75**2
    figure = plots.lesion_surface(ball)
    assert len(figure.to_json()) < 400_000
    assert enclosed(figure.data[0])[0] == pytest.approx(ball.sum(), rel=0.05)


def test_one_voxel_has_a_surface_too():
    mask = np.zeros((5, 5, 5))
    mask[2, 3, 4] = 255
    _, centre = enclosed(plots.lesion_surface(mask).data[0])
    np.testing.assert_allclose(centre, (4, 3, 2), atol=0.1)


def test_an_empty_mask_says_so():
    figure = plots.lesion_surface(BALL * 0, HEAD)
    assert [trace.name for trace in figure.data] == ["Brain"]
    assert "empty" in figure.layout.title.text
    assert "empty" in plots.lesion_surface(BALL * 0).layout.annotations[0].text


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="brain of the mask's shape"):
        plots.lesion_surface(BALL, HEAD[:5])
    with pytest.raises(ValueError, match="Leave brain out"):
        plots.lesion_surface(BALL, HEAD * 0)
    with pytest.raises(ValueError, match="0/1 or 0/255"):
        plots.lesion_surface(BALL * 0.5)
    with pytest.raises(ValueError, match="finite brain"):
        plots.lesion_surface(BALL, np.where(HEAD, np.nan, 0))
    with pytest.raises(ValueError, match="Received shape"):
        plots.lesion_surface(BALL[0])
