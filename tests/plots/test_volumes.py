import numpy as np
import pytest

from resunet_kit import plots

RNG = np.random.default_rng(6)
IMAGES = RNG.integers(0, 256, (6, 16, 16, 3), dtype=np.uint8)
MASKS = np.zeros((6, 16, 16), bool)
MASKS[2, 3:8, 3:8] = True
MASKS[4, 3:12, 3:12] = True


def steps(figure):
    return figure.layout.sliders[0].steps


def test_every_step_holds_its_own_slice_and_outlines():
    figure = plots.slice_viewer(IMAGES, MASKS, ~MASKS)
    assert len(steps(figure)) == 6
    for index, step in enumerate(steps(figure)):
        alone = plots.overlay(IMAGES[index], MASKS[index], prediction=~MASKS[index])
        contents, traces = step.args
        assert list(traces) == [0, 1, 2]
        assert contents["source"][0] == alone.data[0].source
        for trace in (1, 2):
            assert list(contents["x"][trace]) == list(alone.data[trace].x)
            assert list(contents["y"][trace]) == list(alone.data[trace].y)
        assert step.label == str(index + 1)


def test_the_slice_shown_first_has_the_largest_region():
    assert plots.slice_viewer(IMAGES, MASKS).layout.sliders[0].active == 4
    assert plots.slice_viewer(IMAGES, MASKS * 0, MASKS).layout.sliders[0].active == 4
    assert plots.slice_viewer(IMAGES).layout.sliders[0].active == 3
    figure = plots.slice_viewer(IMAGES, MASKS, start=2)
    assert figure.data[0].source == steps(figure)[2].args[0]["source"][0]


def test_the_page_stays_as_small_as_its_pictures():
    volume = np.zeros((20, 128, 128, 3), np.uint8)
    masks = np.zeros((20, 128, 128), bool)
    masks[:, 30:90, 30:90] = True
    assert len(plots.slice_viewer(volume, masks).to_json()) < 20_000


def test_no_frame_would_play_by_itself():
    assert not plots.slice_viewer(IMAGES, MASKS).frames


def test_one_range_holds_for_the_volume():
    volume = np.stack([np.full((4, 4), 10.0), np.full((4, 4), 20.0)])
    assert len({step.args[0]["source"][0] for step in steps(plots.slice_viewer(volume))}) == 2


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match=r"Expected start to be an integer in \[0, 5\]. Received start=6"):
        plots.slice_viewer(IMAGES, start=6)
    with pytest.raises(ValueError, match="slices: 6, Truth: 5"):
        plots.slice_viewer(IMAGES, MASKS[:5])
    with pytest.raises(ValueError, match="titles: 1"):
        plots.slice_viewer(IMAGES, titles=["a"])
    with pytest.raises(ValueError, match=r"Expected images\[1\] of shape"):
        plots.slice_viewer([np.zeros((4, 4)), np.zeros((4, 5))])
    with pytest.raises(ValueError, match=r"prediction\[0\]"):
        plots.slice_viewer(IMAGES, None, MASKS[:, :8])
    with pytest.raises(ValueError, match="at least one image"):
        plots.slice_viewer([])
