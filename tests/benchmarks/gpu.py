"""Training steps and inference on one GPU, Keras on JAX and on PyTorch beside plain PyTorch, in one run.

python -m tests.benchmarks.gpu healthcare_ai_res_unet deep_res_unet --out table.json

Each setting runs in a process of its own. Some at a time build, compile and warm up; then each is timed alone. Images
come from the host's memory and results go back to it. The convolutions of PyTorch and XLA round float32 to TF32, as
they do by default. TensorFlow is left out: its wheel for GPUs is too large for machines that can be reached offline.
"""

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

NETWORKS = ("healthcare_ai_res_unet", "deep_res_unet")
ENGINES = ("pytorch", "keras-torch", "keras-jax")
WARM_UP, ROUNDS = 2, 5


class Times:
    """Seconds of a training step and of the prediction of one batch."""

    def __init__(self, train: Callable[[int], None], predict: Callable[[int], None], steps: int) -> None:
        self.train, self.predict, self.steps = train, predict, steps

    def warm_up(self) -> None:
        """Compile, and fill caches."""
        self.train(WARM_UP)
        self.predict(WARM_UP)

    def measure(self) -> dict[str, float]:
        """Return the medians of a few rounds."""
        return {"train": self._median(self.train), "predict": self._median(self.predict)}

    def _median(self, run: Callable[[int], None]) -> float:
        seconds = []
        for _ in range(ROUNDS):
            start = time.perf_counter()
            run(self.steps)
            seconds.append((time.perf_counter() - start) / self.steps)
        return statistics.median(seconds)


def keras_times(network: str, dtype: str, compiled: bool, images: np.ndarray, masks: np.ndarray, steps: int) -> Times:
    """Return what times `fit` and `predict` of Keras's current backend."""
    import keras

    from resunet_kit import models

    class Batches(keras.utils.PyDataset):
        def __init__(self, count: int, *arrays: np.ndarray) -> None:
            super().__init__()
            self.count, self.arrays = count, arrays

        def __len__(self) -> int:
            return self.count

        def __getitem__(self, index: int) -> tuple[np.ndarray, ...]:
            return self.arrays

    keras.config.set_dtype_policy(dtype)
    model = getattr(models, network)(images.shape[1:])
    model.compile("adam", "binary_crossentropy", jit_compile=compiled)
    return Times(
        lambda count: model.fit(Batches(count, images, masks), verbose=0),
        lambda count: model.predict(Batches(count, images), verbose=0),
        steps,
    )


def torch_times(network: str, dtype: str, compiled: bool, images: np.ndarray, masks: np.ndarray, steps: int) -> Times:
    """Return what times a plain loop in PyTorch, channels last."""
    import torch

    from tests.benchmarks import torch_networks

    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = getattr(torch_networks, network)().to(device, memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3, fused=True)
    run = torch.compile(model) if compiled else model
    cast = torch.autocast(device, torch.bfloat16, enabled=dtype == "mixed_bfloat16")
    x, y = (torch.from_numpy(np.ascontiguousarray(a.transpose(0, 3, 1, 2))) for a in (images, masks))
    x = x.contiguous(memory_format=torch.channels_last)
    if device == "cuda":
        x, y = x.pin_memory(), y.pin_memory()

    def train(count: int) -> None:
        model.train()
        for _ in range(count):
            optimizer.zero_grad()
            with cast:
                probabilities = run(x.to(device, non_blocking=True))
            loss = torch.nn.functional.binary_cross_entropy(probabilities.float(), y.to(device, non_blocking=True))
            loss.backward()
            optimizer.step()
        loss.item()

    def predict(count: int) -> None:
        model.eval()
        with torch.inference_mode(), cast:
            for _ in range(count):
                run(x.to(device, non_blocking=True)).cpu()

    return Times(train, predict, steps)


def work(network: str, engine: str, dtype: str, compiled: bool, options: argparse.Namespace) -> None:
    """Warm up, say so, wait for the turn, measure, and print the result: one process."""
    if engine != "pytorch":
        os.environ["KERAS_BACKEND"] = engine.removeprefix("keras-")
    os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"] = "false"
    generator = np.random.default_rng(0)
    images = generator.random((options.batch, options.size, options.size, 3), "float32")
    masks = (images[..., :1] > 0.9).astype("float32")
    build = torch_times if engine == "pytorch" else keras_times
    times = build(network, dtype, compiled, images, masks, options.steps)
    start = time.perf_counter()
    times.warm_up()
    seconds = time.perf_counter() - start
    if engine != "keras-jax":
        import torch

        torch.cuda.empty_cache()  # other processes are warming up
    print("ready", flush=True)
    sys.stdin.readline()
    print(json.dumps({**times.measure(), "warm_up": seconds}), flush=True)


def settings(networks: list[str]) -> Iterator[tuple[str, str, str, bool]]:
    """Yield each network, engine, dtype and whether it is compiled, those with engines of different kinds together."""
    for network in networks:
        yield from itertools.product([network], ENGINES, ("float32", "mixed_bfloat16"), (True, False))


def started(setting: tuple[str, str, str, bool], options: argparse.Namespace, log: Any) -> subprocess.Popen[str]:
    """Return a process that warms up."""
    call = [sys.executable, "-m", "tests.benchmarks.gpu", "--worker", json.dumps(setting)]
    call += ["--batch", str(options.batch), "--size", str(options.size), "--steps", str(options.steps)]
    return subprocess.Popen(call, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True)


def result(process: subprocess.Popen[str], log: Any) -> dict[str, Any]:
    """Return the measurement of a process whose turn it is."""
    out, _ = process.communicate("go\n")
    if process.returncode:
        log.seek(0)
        return {"error": (log.read().strip().splitlines() or ["no message"])[-1][:300]}
    return dict(json.loads(out.strip().splitlines()[-1]))


def main() -> None:
    """Print a row per setting, and write them all."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.gpu", description=__doc__)
    parser.add_argument("networks", nargs="*", choices=[[], *NETWORKS])
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--together", type=int, default=4, help="processes that compile at a time")
    parser.add_argument("--seconds", type=float, default=500, help="start nothing new after so long")
    parser.add_argument("--out", type=Path, help="JSON of all rows")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        return work(*json.loads(options.worker), options)
    rows, start = [], time.perf_counter()
    waiting = list(settings(options.networks or list(NETWORKS)))
    while waiting and time.perf_counter() - start < options.seconds:
        group, waiting = waiting[: options.together], waiting[options.together :]
        logs = [tempfile.TemporaryFile("w+") for _ in group]  # noqa: SIM115
        processes = [started(setting, options, log) for setting, log in zip(group, logs, strict=True)]
        for process in processes:
            process.stdout.readline()  # "ready", or nothing where it failed
        for setting, process, log in zip(group, processes, logs, strict=True):
            names = ("network", "engine", "dtype", "compiled")
            rows.append({**dict(zip(names, setting, strict=True)), "batch": options.batch, **result(process, log)})
            print(json.dumps(rows[-1]), flush=True)
            if options.out:
                options.out.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    for setting in waiting:
        print("not run for want of time:", *setting)
    return None


if __name__ == "__main__":
    main()
