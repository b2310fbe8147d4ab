# %% [markdown]
# # Volumes
#
# A 3-D network on NIfTI files: train on small volumes, predict a larger one window by window, measure in millimetres,
# and write a mask that a viewer can overlay on the scan.

# %%
import keras
import nibabel
import numpy as np

from resunet_kit.data import read_image, write_volume
from resunet_kit.inference import predict_tiled
from resunet_kit.losses import CrossEntropy, Dice
from resunet_kit.masks import PostProcess, regions
from resunet_kit.metrics import lesion_scores, surface_scores
from resunet_kit.models import res_unet
from resunet_kit.plots import orthogonal_planes, slice_viewer

# %% [markdown]
# ## Scans
#
# Lesions are bright and round; vessels are equally bright, but run through many slices. In a single slice both look
# like discs. Slices are 2 mm apart, and pixels are 1 mm wide.

# %%
SPACING = (2.0, 1.0, 1.0)  # mm between slices, rows and columns


def draw(random, shape, lesions):
    """Return a noisy volume `(slices, rows, columns)` in [0, 1], and the mask of its lesions."""
    z, y, x = np.mgrid[: shape[0], : shape[1], : shape[2]] * np.reshape(
        SPACING, (3, 1, 1, 1)
    )
    size = np.array(shape) * SPACING
    bright, mask = np.zeros(shape, bool), np.zeros(shape, bool)
    for _ in range(lesions):
        depth, row, column = random.uniform(6, size - 6)
        mask |= np.hypot(z - depth, np.hypot(y - row, x - column)) < random.uniform(
            4, 6
        )
        row, column = random.uniform(4, size[1:] - 4)
        bright |= np.hypot(y - row, x - column) < random.uniform(3, 4)
    noisy = 0.3 + 0.4 * (bright | mask) + random.normal(0, 0.1, shape)
    return noisy.clip(0, 1).astype("float32"), (mask & ~bright).astype("uint8")


random = np.random.default_rng(0)
images, masks = map(
    np.stack, zip(*[draw(random, (16, 32, 32), 2) for _ in range(20)], strict=True)
)
images, masks = (
    images[..., None],
    masks[..., None],
)  # (n, slices, rows, columns, channels)
print(images.shape)

# %% [markdown]
# ## Train
#
# An input shape with three axes and a channel makes `res_unet` a 3-D network. With `None` for the axes, it takes
# volumes of any size.

# %%
keras.utils.set_random_seed(0)
model = res_unet((None, None, None, 1), filters=(8, 16))
model.compile(keras.optimizers.Adam(0.005), Dice() + CrossEntropy())
model.fit(images, masks, batch_size=4, epochs=12, verbose=0)
print(
    f"{model.count_params():,} parameters, loss {model.evaluate(images, masks, verbose=0):.3f}"
)

# %% [markdown]
# ## A larger scan, from a file
#
# The scan is read from NIfTI and predicted window by window, so that it need not fit into the network at once.

# %%
scan, truth = draw(np.random.default_rng(1), (40, 64, 64), 10)
nibabel.save(nibabel.Nifti1Image(scan, np.diag([*SPACING, 1.0])), "scan.nii.gz")

volume = read_image("scan.nii.gz", normalize=None)  # (slices, rows, columns, 1)
probability = predict_tiled(model, volume, tile=(16, 32, 32))[..., 0]
prediction = PostProcess(threshold=0.5, min_size=20)(probability)
slice_viewer(scan, truth, prediction, boxes=True, title="Lesions among vessels")

# %%
orthogonal_planes(scan, truth, prediction, spacing=SPACING)

# %% [markdown]
# ## Scores in millimetres

# %%
surfaces = surface_scores(truth, prediction, spacing=SPACING, tolerance=1.0)
print(surfaces)
print(lesion_scores(truth, prediction))
for region in regions(prediction, spacing=SPACING)[:3]:
    print(
        f"{region.area:.0f} mm³ around {tuple(round(float(at), 1) for at in region.centroid)} mm"
    )

# %% [markdown]
# ## Write the mask
#
# The mask gets the affine of the scan, so that viewers show one over the other.

# %%
write_volume("prediction.nii.gz", prediction, like="scan.nii.gz")
print(*nibabel.load("prediction.nii.gz").header.get_zooms(), "mm")
