"""Start the longest files first, so that no worker is left alone with one at the end."""

LONGEST = ("test_readme.py", "test_reload.py", "test_training.py", "test_cohort.py", "test_docs.py")


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: item.path.name not in LONGEST)  # stable: the rest stays in its order
