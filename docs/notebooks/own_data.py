# %% [markdown]
# # Your own data
#
# From a folder of images and a folder of masks to a trained network, its scores and a report. For your own data, set
# `images` and `masks` to your folders, and skip the cell that draws sample images.

# %%
from pathlib import Path

import numpy as np
from PIL import Image

images, masks = Path("images"), Path("masks")

# %% [markdown]
# ## Two folders
#
# Six patients with four slices each. The file names tell which mask belongs to which image, and which images belong to
# the same patient.

# %%
images.mkdir()
masks.mkdir()
random = np.random.default_rng(0)
rows, columns = np.mgrid[:48, :48]
for patient in range(6):
    brightness = random.uniform(60, 100)
    for number in range(4):
        row, column, height, width = random.uniform((16, 16, 6, 6), (32, 32, 12, 12))
        organ = np.hypot((rows - row) / height, (columns - column) / width) < 1
        picture = random.normal(brightness + 70 * organ, 20).clip(0, 255)
        name = f"patient_{patient}_slice_{number}.png"
        Image.fromarray(picture.astype("uint8")).save(images / name)
        Image.fromarray(np.uint8(255) * organ).save(masks / name)

# %% [markdown]
# ## Look before you train

# %%
from resunet_kit.data import pair_by_name, read_image, read_mask
from resunet_kit.plots import sample_grid

pairs = list(zip(*pair_by_name(images, masks), strict=True))
print(len(pairs), "pairs, such as", *pairs[0])
sample_grid(
    [read_image(image) for image, _ in pairs[:8:2]],
    [read_mask(mask)[..., 0] for _, mask in pairs[:8:2]],
)

# %% [markdown]
# ## Train
#
# Every file is read and checked first. Settings that you do not pass are chosen from the files, and each choice is
# printed with its reason. No patient is in two parts of the split: otherwise the scores would measure memorisation.

# %%
from resunet_kit.training import fit_folder

result = fit_folder(
    images,
    masks,
    out="run",
    epochs=10,
    learning_rate=0.003,
    filters=(8, 16),
    verbose=0,
)
for sentence in result.decisions:
    print("-", sentence)

# %% [markdown]
# ## Scores
#
# These are the scores of the test patients, on whom nothing was chosen. The interval is over patients; a single patient
# gives no interval.

# %%
print(result)

# %%
from resunet_kit.plots import training_history

training_history(result.history)

# %% [markdown]
# ## New images
#
# The run folder holds everything that prediction needs: image size, intensity scaling, threshold.

# %%
from resunet_kit.inference import predict_folder
from resunet_kit.plots import error_map
from resunet_kit.training import load_run

model, settings = load_run("run")
unseen = Path(result.split["test"][0])
predict_folder(
    model,
    [unseen],
    out="predictions",
    image_options=settings.image_options,
    image_size=settings.image_size,
    postprocess=settings.postprocess,
)
[prediction] = Path("predictions").glob("*.png")
error_map(
    read_image(unseen),
    read_mask(masks / unseen.name)[..., 0],
    read_mask(prediction)[..., 0],
)

# %% [markdown]
# The same from a shell:
#
#     python -m resunet_kit fit images masks --out run
#     python -m resunet_kit predict --run run --out predictions new_images
