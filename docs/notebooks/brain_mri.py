# %% [markdown]
# # Brain MRI: two stages
#
# A classifier finds the slices with a tumour, and a segmenter outlines it in those alone. The patients are simulated:
# an average brain with made-up tumours. Nothing measured here says anything about real patients, and this is not a
# medical device. The whole pipeline, with both networks at full size and a report, is `python -m examples.brain_mri
# demo`; this page shows its parts in a minute.

# %%
import keras
import numpy as np
from skimage.transform import downscale_local_mean

from examples.brain_mri.simulation import simulate_patient
from resunet_kit.blocks import classification_head, conv_block
from resunet_kit.inference import Cascade
from resunet_kit.losses import CrossEntropy, Dice
from resunet_kit.metrics import evaluate_masks
from resunet_kit.models import res_unet
from resunet_kit.plots import class_balance, slice_viewer, threshold_curve

# %% [markdown]
# ## Patients
#
# Three sequences per slice: T1 before contrast, FLAIR, and T1 after contrast. Slices of 256 pixels are averaged to 64.

# %%


def slices(patient):
    """Return a patient's slices `(n, 64, 64, 3)` in [0, 1] and their masks `(n, 64, 64)`."""
    images = downscale_local_mean(patient.images / 255, (1, 4, 4, 1)).astype("float32")
    return images, (downscale_local_mean(patient.masks, (1, 4, 4)) > 0.5).astype("uint8")


patients = [slices(simulate_patient(index)) for index in range(8)]
parts = {"train": patients[:5], "validation": patients[5:7], "test": patients[7:]}


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
# One split by patient serves both. The segmenter is trained on slices without a tumour too, because the classifier will
# sometimes let one pass.

# %%
images, masks = joined("train")
keras.utils.set_random_seed(0)

image = keras.Input((64, 64, 3))
features = image
for filters in (8, 16, 32):
    features = conv_block(features, filters, strides=2)
classifier = keras.Model(image, classification_head(features, 1, hidden_units=(16,)))
classifier.compile(keras.optimizers.Adam(0.003), "binary_crossentropy")
classifier.fit(images, labels["train"], batch_size=16, epochs=12, verbose=0)

segmenter = res_unet((64, 64, 3), filters=(8, 16, 32))
segmenter.compile(keras.optimizers.Adam(0.003), Dice(reduce="batch") + CrossEntropy())
segmenter.fit(images, masks[..., None], batch_size=16, epochs=12, verbose=0)
print(f"{len(images)} slices, {classifier.count_params():,} and {segmenter.count_params():,} parameters")

# %% [markdown]
# ## Thresholds, on validation patients

# %%
validation, truths = joined("validation")
groups = [number for number, (slices_of_one, _) in enumerate(parts["validation"]) for _ in slices_of_one]
cascade = Cascade(classifier, segmenter).tune(validation, truths, groups=groups)
print(f"classifier {cascade.threshold:.2f}, segmenter {cascade.postprocess.threshold:.2f}")
threshold_curve(labels["validation"], classifier.predict(validation, verbose=0)[:, 0], threshold=cascade.threshold)

# %% [markdown]
# ## A patient that neither stage has seen

# %%
scan, truth = parts["test"][0]
found = cascade.predict(scan)
prediction = np.stack([detection.mask for detection in found])
marked = sum(detection.area > 0 for detection in found)
print(f"{marked} of {len(found)} slices marked; {labels['test'].sum()} have a tumour")
[dice] = [row for row in evaluate_masks([truth], [prediction]).summary_rows if row["score"] == "dice"]
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
