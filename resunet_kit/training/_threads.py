"""How many processors this process may use, and giving as many threads to TensorFlow."""

import math
import os
from pathlib import Path

import keras

CGROUP = Path("/sys/fs/cgroup/cpu.max")
QUOTA_V1, PERIOD_V1 = (Path(f"/sys/fs/cgroup/cpu/cpu.cfs_{name}_us") for name in ("quota", "period"))
TOPOLOGY = Path("/sys/devices/system/cpu")


def usable_processors() -> tuple[int, int]:
    """Return how many processors the operating system lets this process use, and how many cores' worth it may spend.

    A container's limit and two threads of one core make the second number the smaller: more threads than that wait for
    one another.
    """
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
    cores = {_siblings(processor) for processor in allowed}
    return len(allowed), max(1, math.ceil(min(len(cores), _quota())))


def _siblings(processor: int) -> str:
    """Return which processors share a core with this one; where Linux does not tell, each has one of its own."""
    try:
        return (TOPOLOGY / f"cpu{processor}/topology/thread_siblings_list").read_text().strip()
    except OSError:
        return str(processor)


def _quota() -> float:
    """Return the processors that the control group grants; infinity without a limit."""
    try:
        if CGROUP.exists():
            quota, period = CGROUP.read_text().split()
        else:
            quota, period = QUOTA_V1.read_text(), PERIOD_V1.read_text()
        return int(quota) / int(period) if int(quota) > 0 else math.inf
    except (OSError, ValueError):  # no control groups, or "max"
        return math.inf


def set_threads() -> tuple[int | None, str]:
    """Give one thread to each core that may be spent; return the number, and in a sentence what was done."""
    processors, cores = usable_processors()
    backend = keras.backend.backend()
    if backend != "tensorflow":
        return None, f"Threads were left to the backend, {backend}."
    import tensorflow as tf

    if set_by_user := os.environ.get("TF_NUM_INTRAOP_THREADS"):
        return int(set_by_user), f"The environment sets {set_by_user} threads."
    now = tf.config.threading.get_intra_op_parallelism_threads() or processors
    if now == cores:
        return cores, f"TensorFlow has {cores} threads, as many as cores to use."
    try:
        tf.config.threading.set_intra_op_parallelism_threads(cores)
    except RuntimeError:
        return now, (
            f"TensorFlow has started with {now} threads for {cores} cores and cannot change them: call this before "
            f"anything else of TensorFlow, or set TF_NUM_INTRAOP_THREADS={cores} in the environment."
        )
    return cores, f"TensorFlow got {cores} threads, one for each core to use, where it would have taken {now}."
