"""Start the longest files first, and let no test fail because a machine is slow."""

import os

from hypothesis import HealthCheck, settings

LONGEST = ("test_readme.py", "test_reload.py", "test_training.py", "test_cohort.py", "test_docs.py")

settings.register_profile(
    "project", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize="CI" in os.environ
)
settings.load_profile("project")


def pytest_collection_modifyitems(items):
    """Leave no worker alone with a long file at the end."""
    items.sort(key=lambda item: item.path.name not in LONGEST)  # stable: the rest stays in its order
