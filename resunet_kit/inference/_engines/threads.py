"""Number of threads that this process may use."""

import os
from pathlib import Path

QUOTA = Path("/sys/fs/cgroup/cpu.max")  # of a container: microseconds of CPU time per period, or "max"


def allowed_threads() -> int:
    """Return how many processors this process may use, or fewer if OMP_NUM_THREADS or a container's quota says so.

    Example:
        >>> allowed_threads() >= 1
        True
    """
    affinity = getattr(os, "sched_getaffinity", None)  # what taskset and job schedulers set; Linux only
    limits = [len(affinity(0)) if affinity else os.cpu_count() or 1, _omp_threads(), _quota()]
    return max(1, min(limit for limit in limits if limit))


def _omp_threads() -> int | None:
    first = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()  # a list has one number per nested level
    return int(first) if first.isdigit() and int(first) else None


def _quota() -> int | None:
    try:
        quota, period = QUOTA.read_text(encoding="ascii").split()
        return max(1, round(int(quota) / int(period)))
    except (OSError, ValueError):  # not Linux, or without a quota
        return None
