"""The weights that training starts from; those of the simulated cohort are trained once and kept in the folder."""

from collections.abc import Callable, Sequence
from pathlib import Path

import keras
import numpy as np

from examples.brain_mri.batches import Patient, read_patients
from examples.brain_mri.cohort.index import index_folder
from examples.brain_mri.simulation import simulate_cohort
from examples.brain_mri.study.folder import StudyFolder
from examples.brain_mri.study.plan import Plan
from examples.brain_mri.study.trainer import Networks, Weights, stage_of
from resunet_kit.data import atomic_write

# Not a cohort of `simulate` or `demo`, whose seeds users choose: a simulated patient that is held out must not be one
# that the weights were trained on.
COHORT_SEED = 1_618_033_988


class Starts:
    """Weights to start from.

    Args:
        folder: Folder of the study.
        plan: Options of the study.
        networks: Networks, which are trained here on the simulated cohort.
        on_step: Called after each step of this training.
    """

    def __init__(self, folder: StudyFolder, plan: Plan, networks: Networks, on_step: Callable[[], None]) -> None:
        self.folder, self.plan, self.networks, self.on_step = folder, plan, networks, on_step
        self._simulated: dict[tuple[str, str], Weights] = {}
        self._built: dict[tuple[str, str, int], Weights] = {}  # of one seed, since seeds come one after another
        self._patients: list[Patient] | None = None

    def weights(self, stage: str, start: str, seed: int) -> Weights:
        """Return a network's weights before a training run.

        ImageNet gives the weights of the encoder only; the other layers are initialised at random, by the seed. The
        simulated cohort gives those of all layers, the same for all seeds.
        """
        if start in ("random", "imagenet"):
            return self._new(stage, start, seed)
        key = (stage, start)
        if key not in self._simulated:
            self._simulated[key] = self._trained(stage, start)
        return self._simulated[key]

    def _new(self, stage: str, start: str, seed: int) -> Weights:
        if (stage, start, seed) not in self._built:
            self._built = {key: weights for key, weights in self._built.items() if key[2] == seed}
            options = self.plan.options(imagenet=start == "imagenet", seed=seed, epochs=1)
            self._built[stage, start, seed] = stage_of(stage, options, []).build(options).get_weights()
        return self._built[stage, start, seed]

    def seconds(self, stage: str, start: str) -> float:
        """Return how long the training on the simulated cohort took."""
        return float(np.load(_seconds_file(self.folder.start_weights(stage, start))))

    def _trained(self, stage: str, start: str) -> Weights:
        file = self.folder.start_weights(stage, start)
        model = keras.models.clone_model(self.networks.scorer(stage))
        if file.is_file():
            model.load_weights(file)
        else:
            file.parent.mkdir(exist_ok=True)
            model.set_weights(self._train(stage, start, file))
            with atomic_write(file) as temporary:  # last: its presence says that the training is done
                model.save_weights(temporary)
        weights: Weights = model.get_weights()
        return weights

    def _train(self, stage: str, start: str, file: Path) -> Weights:
        before = {"simulated": "random", "imagenet_simulated": "imagenet"}[start]
        epochs = self.plan.simulated_moments
        options = self.plan.options(imagenet=before == "imagenet", seed=self.plan.seed, epochs=epochs)
        taken = []
        weights = self.networks.trainer(stage, "all", epochs).fit(
            self.weights(stage, before, self.plan.seed),
            stage_of(stage, options, self._cohort()).batches,
            range(epochs),
            on_step=self.on_step,
            on_moment=lambda _, seconds, __: taken.append(seconds),
        )
        with atomic_write(_seconds_file(file)) as temporary, temporary.open("wb") as opened:
            np.save(opened, sum(taken))
        return weights

    def _cohort(self) -> Sequence[Patient]:
        if self._patients is None:
            if not self.folder.simulated.is_dir():
                simulate_cohort(self.folder.simulated, patients=self.plan.simulated_patients, seed=COHORT_SEED)
            self._patients = read_patients(index_folder(self.folder.simulated).slices, self.plan.image_size)
        return self._patients


def steps(plan: Plan, starts: Sequence[tuple[str, str]]) -> int:
    """Return how many steps the training on the simulated cohort takes, for these stages and starts."""
    return plan.simulated_moments * (plan.steps // plan.moments) * sum("simulated" in start for _, start in starts)


def _seconds_file(weights: Path) -> Path:
    return weights.with_name(weights.name.replace(".weights.h5", ".seconds.npy"))
