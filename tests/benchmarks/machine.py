"""What this machine is and what it can do: the bound that the other numbers are fractions of."""

import math
import os
import platform
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

SIZE = 4096  # of the square matrices
PACKAGES = ("tensorflow", "keras", "numpy", "torch", "monai", "openvino", "onnxruntime")
INSTRUCTIONS = {"avx2": "AVX2", "avx512f": "AVX-512", "avx512_bf16": "AVX-512 bfloat16", "amx_bf16": "AMX bfloat16"}


def processor() -> str:
    """Return the processor's name, the cores that this process may use, and what bears on matrix products."""
    facts: dict[str, str] = {}
    path = Path("/proc/cpuinfo")
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        name, _, value = line.partition(":")
        facts.setdefault(name.strip(), value.strip())
    flags = set(facts.get("flags", "").split())
    has = [label for flag, label in INSTRUCTIONS.items() if flag in flags]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{facts.get('model name', platform.processor() or platform.machine())}, {cores} cores, {', '.join(has)}"


def versions() -> str:
    """Return the versions of what is measured, those that are installed."""
    found = []
    for name in PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return ", ".join(found)


def peak_bytes() -> int:
    """Return the most memory that this process has held, on Linux.

    `getrusage` would count what the process that started this one held.
    """
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def matrix_rate(dtype: str) -> float:
    """Return the floating-point operations per second of a product of square matrices, at its best."""
    import tensorflow as tf

    left, right = (tf.cast(tf.random.normal((SIZE, SIZE)), dtype) for _ in range(2))
    product = tf.function(tf.matmul)
    product(left, right)
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        product(left, right)[0, 0].numpy()
        seconds.append(time.perf_counter() - start)
    return 2 * SIZE**3 / min(seconds)


def convolution_operations(model: Any) -> float:
    """Return the floating-point operations of the convolutions for one image, forward.

    Args:
        model: A Keras model of a fixed input size.
    """
    import keras

    total = 0.0
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            total += convolution_operations(layer)
        elif "Conv" in type(layer).__name__:
            # Each kernel is applied once per position of the output, or of the input where it is transposed.
            tensor = layer.input if "Transpose" in type(layer).__name__ else layer.output
            total += 2 * math.prod(tensor.shape[1:-1]) * math.prod(layer.kernel.shape)
    return total
