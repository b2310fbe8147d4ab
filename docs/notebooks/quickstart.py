# %% [markdown]
# # Quickstart
#
# Draw some cells, train a network on them, score it on images that it has not seen, look at the result, and save the
# model. This takes seconds on a laptop's CPU.

# %%
import keras
import numpy as np
from skimage.data import binary_blobs

from resunet_kit.losses import CrossEntropy, Dice
from resunet_kit.masks import PostProcess
from resunet_kit.metrics import DiceScore, evaluate_masks
from resunet_kit.models import res_unet
from resunet_kit.plots import error_map, sample_grid, training_history

# %% [markdown]
# ## Pictures and masks
#
# Images are arrays `(n, height, width, channels)`, masks `(n, height, width, 1)` of 0 and 1.

# %%
random = np.random.default_rng(0)
cells = [
    binary_blobs(48, blob_size_fraction=0.2, volume_fraction=0.3, rng=random)
    for _ in range(56)
]
masks = np.stack(cells)[..., None].astype("uint8")
light = np.linspace(-0.2, 0.2, 48)[:, None]  # brighter towards one border
images = (
    (0.4 + 0.25 * masks + light + random.normal(0, 0.1, masks.shape))
    .clip(0, 1)
    .astype("float32")
)
train, validation, test = slice(0, 32), slice(32, 40), slice(40, 56)

sample_grid(images[:4], masks[:4])

# %% [markdown]
# ## Train
#
# `res_unet` returns a plain `keras.Model`. A loss is a sum of losses.

# %%
keras.utils.set_random_seed(0)
model = res_unet((48, 48, 1), filters=(8, 16))
model.compile(
    keras.optimizers.Adam(0.003), loss=Dice() + CrossEntropy(), metrics=[DiceScore()]
)
history = model.fit(
    images[train],
    masks[train],
    validation_data=(images[validation], masks[validation]),
    batch_size=8,
    epochs=10,
    verbose=0,
)
training_history(history)

# %% [markdown]
# ## Choose the threshold, then score
#
# The threshold and the smallest component that counts are chosen on validation images; the scores are those of the test
# images.

# %%
probabilities = model.predict(images, verbose=0)[..., 0]
truths = masks[..., 0]
clean = PostProcess.tune(
    probabilities[validation], truths[validation], min_size=[0, 5, 10]
).best
predictions = [clean(probability) for probability in probabilities[test]]
print(f"threshold {clean.threshold}, smallest component {clean.min_size} pixels")

scores = evaluate_masks(truths[test], predictions)
for row in scores.summary_rows:
    if row["score"] in ("dice", "iou", "surface_dice"):
        print(
            f"{row['score']}: {row['mean']:.3f}, 95 % interval {row['low']:.3f} to {row['high']:.3f}"
        )

# %% [markdown]
# ## Look
#
# Point at the image to see its values; the legend shows and hides its parts.

# %%
error_map(images[test][0], truths[test][0], predictions[0])

# %% [markdown]
# ## Keep it
#
# The file contains only Keras's own layers, so it loads where this package is not installed.

# %%
model.save("cells.keras")
again = keras.models.load_model("cells.keras", compile=False)
print(
    np.allclose(
        again.predict(images[test], verbose=0)[..., 0], probabilities[test], atol=1e-5
    )
)
