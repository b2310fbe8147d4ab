import nibabel
import numpy as np
import plotly.graph_objects as go
import pytest

from resunet_kit import plots
from resunet_kit.data import read_image

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


def test_channels_are_next_to_each_other_in_grey_and_zoom_together():
    figure = plots.slice_viewer(IMAGES, MASKS, channel_names=["T1", "FLAIR", "T2"])
    assert [note.text for note in figure.layout.annotations] == ["T1", "FLAIR", "T2"]
    assert [trace.type for trace in figure.data] == ["image", "scatter"] * 3
    assert sum(bool(trace.showlegend) for trace in figure.data[1::2]) == 1
    assert figure.layout.xaxis3.matches == "x"
    assert figure.layout.yaxis3.matches == "y"
    for index in (2, 4):
        contents, traces = steps(figure)[index].args
        assert list(traces) == list(range(6))
        for channel in range(3):
            alone = plots.overlay(IMAGES[index, ..., channel], MASKS[index])
            assert contents["source"][2 * channel] == alone.data[0].source
            assert list(contents["x"][2 * channel + 1]) == list(alone.data[1].x)


@pytest.mark.slow
def test_channels_are_chosen_by_index():
    chosen = plots.slice_viewer(IMAGES, channels=(2, 0))
    assert chosen.data[0].source == plots.slice_viewer(IMAGES[..., 2], start=3).data[0].source
    assert [note.text for note in chosen.layout.annotations] == ["Channel 2", "Channel 0"]
    assert len(plots.slice_viewer(IMAGES, channels=1).data) == 1
    assert len(plots.slice_viewer(np.concatenate([IMAGES, IMAGES], -1)).data) == 6


def test_boxes_surround_every_region():
    masks = MASKS.copy()
    masks[4, 13:15, 1:3] = True
    figure = plots.slice_viewer(IMAGES, masks, boxes=True)
    box = figure.data[-1]
    assert box.name == "Boxes"
    assert [(min(x), max(x)) for x in (box.x[:5], box.x[6:])] == [(2.5, 11.5), (0.5, 2.5)]
    assert [(min(y), max(y)) for y in (box.y[:5], box.y[6:])] == [(2.5, 11.5), (12.5, 14.5)]
    assert steps(figure)[0].args[0]["x"][-1] == [None]


def save(path, array, affine):
    nibabel.save(nibabel.Nifti1Image(array, affine), path)
    return path


def test_a_file_is_shown_as_radiologists_do(tmp_path):
    array = np.zeros((6, 8, 4), np.uint8)  # right, anterior, superior
    array[5, 7, 3] = 255  # farthest to all three
    path = save(tmp_path / "scan.nii.gz", array, np.diag([2.0, 1.0, 5.0, 1.0]))
    mask = save(tmp_path / "mask.nii.gz", (array > 0).astype(np.uint8), np.diag([2.0, 1.0, 5.0, 1.0]))
    figure = plots.slice_viewer(path, mask)
    assert len(steps(figure)) == 4
    assert figure.layout.sliders[0].active == 3
    assert [min(figure.data[1].x), min(figure.data[1].y)] == [-0.5, -0.5]  # right is left, anterior at the top
    assert figure.layout.yaxis.scaleratio == 0.5
    assert plots.slice_viewer(str(path), array > 0).data[1].x == figure.data[1].x
    assert len(steps(plots.slice_viewer(path, plane="coronal"))) == 8
    assert len(steps(plots.slice_viewer(path, plane="sagittal"))) == 6


@pytest.mark.slow
def test_the_orientation_of_the_file_does_not_matter(tmp_path):
    array = RNG.integers(0, 255, (6, 8, 4), dtype=np.uint8)
    first = save(tmp_path / "ras.nii", array, np.diag([2.0, 1.0, 5.0, 1.0]))
    turned = nibabel.load(first).as_reoriented(nibabel.orientations.axcodes2ornt("SPL"))
    nibabel.save(turned, tmp_path / "spl.nii")
    one, other = plots.slice_viewer(first), plots.slice_viewer(tmp_path / "spl.nii")
    assert [step.args[0]["source"] for step in steps(one)] == [step.args[0]["source"] for step in steps(other)]
    assert one.layout.yaxis == other.layout.yaxis


@pytest.mark.slow
@pytest.mark.parametrize("noise", [4, 12])
def test_30_slices_of_three_channels_take_less_than_two_megabytes(noise):
    depth, rows, columns, channel = np.ogrid[:30, :256, :256, :3]
    volume = 120 + 80 * np.sin(columns / (20 + channel)) * np.cos(rows / 30 + depth / 5)
    volume = volume + RNG.normal(0, noise, volume.shape)
    volume[np.broadcast_to((rows - 128) ** 2 + (columns - 128) ** 2 > 100**2, volume.shape)] = 0
    volume = volume.clip(0, 255).astype(np.uint8)
    masks = ((rows - 120 - depth) ** 2 + (columns - 130) ** 2 < 40**2)[..., 0]
    figure = plots.slice_viewer(volume, masks, np.roll(masks, 4, axis=2), channels=(0, 1, 2), boxes=True)
    assert len(figure.to_json()) < 2_000_000
    assert isinstance(figure, go.Figure)


def test_bad_options_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"channels\[1\] to be an integer in \[0, 2\]"):
        plots.slice_viewer(IMAGES, channels=(0, 3))
    with pytest.raises(ValueError, match="channels: 2, channel_names: 1"):
        plots.slice_viewer(IMAGES, channels=(0, 1), channel_names=["a"])
    with pytest.raises(TypeError, match="Put it into a list"):
        plots.slice_viewer(IMAGES, channel_names="abc")
    for grey in (IMAGES[..., 0], IMAGES[..., :1]):
        with pytest.raises(ValueError, match=r"channels to be an integer in \[0, 0\]"):
            plots.slice_viewer(grey, channels=1)
        with pytest.raises(ValueError, match="channels: 1, channel_names: 2"):
            plots.slice_viewer(grey, channel_names=["a", "b"])
    with pytest.raises(ValueError, match="at most 8 channels"):
        plots.slice_viewer(np.zeros((2, 4, 4, 9)))
    with pytest.raises(ValueError, match="leave boxes out"):
        plots.slice_viewer(IMAGES, boxes=True)
    with pytest.raises(ValueError, match="leave plane out"):
        plots.slice_viewer(IMAGES, plane="axial", channels=1)
    with pytest.raises(ValueError, match="Pass the path of the volume too"):
        plots.slice_viewer(IMAGES[..., 0], tmp_path / "mask.nii")
    with pytest.raises(ValueError, match="does not exist"):
        plots.slice_viewer(tmp_path / "scan.nii")
    array = np.ones((4, 4, 4), np.float32)
    array[0] = np.nan  # as SPM writes outside the brain
    path = save(tmp_path / "nan.nii", array, np.eye(4))
    with pytest.raises(ValueError, match=r"Received 16 NaN or infinite of 64.*nan=0\.0"):
        plots.slice_viewer(path)
    plots.slice_viewer(read_image(path, normalize="image", nan=0.0))


def test_long_titles_of_slices_stand_above_the_slider_alone():
    titles = [f"Patient TCGA_HT_7884_19980913 · slice {index} of 6 · Dice 0.123" for index in range(6)]
    figure = plots.slice_viewer(IMAGES[..., 0], titles=titles)
    [slider] = figure.layout.sliders
    assert slider.steps[1].label == "Patient TCGA_HT_7884_19980913 · slice 1 of 6<br>Dice 0.123"
    assert (slider.currentvalue.prefix, slider.font.size, slider.currentvalue.font.size) == ("", 1, 14)
    [short] = plots.slice_viewer(IMAGES[..., 0]).layout.sliders
    assert (short.currentvalue.prefix, short.font.size) == ("Slice ", 11)
    assert slider.pad.l == short.pad.l == 0
    [medium] = plots.slice_viewer(IMAGES[..., 0], titles=["#1: 0.12"] * len(IMAGES)).layout.sliders
    assert medium.pad.l == medium.pad.r == 15  # half of a label stands out at either end
    assert figure.layout.margin.b > plots.slice_viewer(IMAGES[..., 0]).layout.margin.b


@pytest.mark.parametrize(
    "draw",
    [
        lambda scan, mask: plots.slice_viewer(scan, mask),
        lambda scan, mask: plots.slice_viewer(scan, predictions=mask),
        lambda scan, mask: plots.orthogonal_planes(scan, mask=mask),
        lambda scan, mask: plots.lesion_surface(mask, scan),
    ],
    ids=["masks", "predictions", "planes", "surface"],
)
def test_files_of_masks_lie_where_the_volume_does(draw, tmp_path):
    mask = np.zeros((8, 9, 6), np.uint8)
    mask[2:5, 3:6, 2:4] = 1
    grid, shifted, flipped = np.diag([1, 1, 3, 1.0]), np.diag([1, 1, 3, 1.0]), np.diag([-1, 1, 3, 1.0])
    shifted[0, 3], flipped[0, 3] = 50, 7
    scan = save(tmp_path / "scan.nii.gz", np.random.default_rng(0).random(mask.shape), grid)
    same = draw(scan, save(tmp_path / "same.nii.gz", mask, grid))
    turned = draw(scan, save(tmp_path / "turned.nii.gz", mask[::-1], flipped))
    assert turned.to_json() == same.to_json()
    for name, affine in (("shifted", shifted), ("spaced", np.diag([2, 2, 2, 1.0]))):
        with pytest.raises(ValueError, match=rf"lie at the same positions[\s\S]*{name}\.nii[\s\S]*resample"):
            draw(scan, save(tmp_path / f"{name}.nii.gz", mask, affine))
