"""Precision that `fit_folder` trains in: the user's, the one that the run began with, or the fastest measured."""

import copy
import math
import time
from dataclasses import replace
from pathlib import Path

import keras

from resunet_kit.training._folder_network import Network, made_network
from resunet_kit.training._folder_plan import FolderPlan
from resunet_kit.training._folder_recipe import Recipe
from resunet_kit.training._folder_results import saved_plan
from resunet_kit.training._threads import set_threads
from resunet_kit.training.machine import LEFT, POLICIES, on_accelerator, tune_for_machine

SECONDS = 2.0  # of timed steps; with compilation, measuring takes about 15 s on two cores
# Number of pixels in all epochs of a run above which measuring takes less than about a twentieth of its time.
WORTHWHILE, WORTHWHILE_ON_ACCELERATOR = 200e6, 4e9


def with_precision(recipe: Recipe, plan: FolderPlan, model: Network | None, folder: Path) -> tuple[Recipe, str]:
    """Return the recipe with `"auto"` replaced by a precision, and a sentence that says which and why.

    Args:
        recipe: Its precision may be `"auto"`.
        plan: The plan of the run.
        model: What the user passed as `model`.
        folder: The run folder; a resumed run keeps the precision that it began with.
    """
    begun = saved_plan(folder)
    if begun.get("precision") and recipe.precision in ("auto", begun["precision"]):
        said = begun.get("precision_reason", f"Precision: {begun['precision']}, in which the run was begun.")
        return replace(recipe, precision=begun["precision"]), said
    _, threads = set_threads()  # before any computation, since TensorFlow then fixes its threads
    if isinstance(model, keras.Model):
        policy, why = model.dtype_policy.name, "in which the model was built."
    elif recipe.precision != "auto":
        policy, why = recipe.precision, "as was asked for."
    else:
        policy, why = _found(recipe, plan, model)
    return replace(recipe, precision=policy), f"Precision: {policy}, {why} {threads}"


def _found(recipe: Recipe, plan: FolderPlan, model: Network | None) -> tuple[str, str]:
    policy = keras.config.dtype_policy().name
    if policy != "float32":
        return policy, "Keras's dtype policy."
    pixels = len(plan.split["train"]) * recipe.epochs * math.prod(plan.image_size)
    if pixels < (WORTHWHILE_ON_ACCELERATOR if on_accelerator() else WORTHWHILE):
        return policy, "since measuring whether another is faster would take long beside so short a training."
    return _measured(recipe, plan, model)


def _measured(recipe: Recipe, plan: FolderPlan, model: Network | None) -> tuple[str, str]:
    """Time training steps of the network that will be trained."""

    def build() -> keras.Model:
        now = replace(recipe, precision=keras.config.dtype_policy().name)
        return made_network(model, copy.copy(plan), now)  # a copy, since the network's number of classes is set in it

    start = time.perf_counter()
    tuning = tune_for_machine(build, seconds=SECONDS, apply=False, policies=POLICIES)
    why = tuning.reason.removesuffix(f" {LEFT}")
    return tuning.policy, f"by measuring for {time.perf_counter() - start:.0f} s: {why}"
