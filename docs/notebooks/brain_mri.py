# %% [markdown]
# # Brain MRI: two stages
#
# A classifier detects the slices that show a tumour, and a segmenter outlines it in those slices only. The patients are
# simulated: an average brain with made-up tumours. Nothing measured here says anything about real patients, and this is
# not a medical device. `python -m examples.brain_mri demo` runs the whole pipeline, with both networks at full size and
# a report; this page shows its parts in less than a minute.

# %%
import keras
import numpy as np
from skimage.transform import downscale_local_mean

from examples.brain_mri.simulation import simulate_patient
from resunet_kit.inference import Cascade
from resunet_kit.losses import CrossEntropy, Dice
from resunet_kit.metrics import evaluate_masks
from resunet_kit.models import res_unet
from resunet_kit.plots import class_balance, roc_curve, slice_viewer

# %% [markdown]
# ## Patients
#
# Three sequences per slice: T1 before contrast, FLAIR, and T1 after contrast. Slices of 256 pixels are averaged to 64.

# %%


def slices(patient):
    """Return a patient's slices `(n, 64, 64, 3)` in [0, 1] and their masks `(n, 64, 64)`."""
    images = downscale_local_mean(patient.images / 255, (1, 4, 4, 1)).astype(
        "float32"
    )
    return images, (downscale_local_mean(patient.masks, (1, 4, 4)) > 0.5).astype(
        "uint8"
    )


# The ten of the first twenty patients that have the fewest slices, in their order.
parts = {"train": (1, 3, 4, 6, 9, 11, 12), "validation": (14, 17), "test": (19,)}
parts = {
    part: [slices(simulate_patient(index)) for index in indices]
    for part, indices in parts.items()
}


def joined(part):
    """Return all slices of a part, and their masks."""
    images, masks = zip(*parts[part], strict=True)
    return np.concatenate(images), np.concatenate(masks)


labels = {part: joined(part)[1].any(axis=(1, 2)).astype(int) for part in parts}
class_balance(
    np.concatenate(list(labels.values())),
    names=["no tumour", "tumour"],
    groups=[part for part, values in labels.items() for _ in values],
)

# %% [markdown]
# ## Both stages
#
# One network serves as both: its encoder's last features tell whether a slice shows a tumour, and its decoder outlines
# it. With little data that works better than two networks. The full example trains two networks with ImageNet weights.

# %%
images, masks = joined("train")
keras.utils.set_random_seed(0)
model = res_unet((64, 64, 3), filters=(8, 16, 32), image_classes=1)
model.compile(
    keras.optimizers.Adam(0.003),
    [Dice(reduce="batch") + CrossEntropy(), "binary_crossentropy"],
)
model.fit(
    images, [masks[..., None], labels["train"]], batch_size=8, epochs=18, verbose=0
)
print(f"{len(images)} slices, {model.count_params():,} parameters")

# %% [markdown]
# ## Thresholds, on validation patients
#
# The cascade's thresholds are those with the highest mean Dice on the validation patients, where the cascade never
# scores below the segmenter alone.

# %%
validation, truths = joined("validation")
groups = [
    number
    for number, (slices_of_one, _) in enumerate(parts["validation"])
    for _ in slices_of_one
]
cascade = Cascade(model).tune(validation, truths, groups=groups)
print(
    f"classifier {cascade.threshold:.3f}, segmenter {cascade.postprocess.threshold:.2f}"
)
print(
    f"Dice {cascade.tuning.score:.3f}, of the segmenter alone {cascade.tuning.segmenter_score:.3f}"
)

probabilities = [detection.probability for detection in cascade.predict(validation)]
roc_curve(labels["validation"], probabilities)

# %% [markdown]
# ## A patient that the network has not seen

# %%
scan, truth = parts["test"][0]
found = cascade.predict(scan)
prediction = np.stack([detection.mask for detection in found])
marked = sum(detection.area > 0 for detection in found)
print(f"{marked} of {len(found)} slices marked; {labels['test'].sum()} have a tumour")
[dice] = [
    row
    for row in evaluate_masks([truth], [prediction]).summary_rows
    if row["score"] == "dice"
]
print(f"Dice of the volume: {dice['mean']:.3f}")

# %%
slice_viewer(
    scan,
    truth,
    prediction,
    channels=(0, 1, 2),
    channel_names=["T1", "FLAIR", "T1 with contrast"],
    boxes=True,
    title="Test patient",
)
