"""Show the figure of a guide in a browser."""

import importlib
import sys

if __name__ == "__main__":
    importlib.import_module(f"examples.guides.{sys.argv[1]}").figure().show()
