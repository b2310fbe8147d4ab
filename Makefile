# `make demo` and `make test` need Python 3.11 or later with pip, and make; the rest is installed into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN ?= runs/demo
WORKERS ?= 2
BROWSER ?= browser
TRAINING := tests/test_notebooks.py tests/examples/test_scripts.py

# pip leaves compiling to the first import, which needs far less of TensorFlow than there is; that must be kept then.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help demo test test-slow test-examples test-browser test-backends lint docs notebooks bench wheel-test clean
.DEFAULT_GOAL := help

help:  ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "make %-13s %s\n", $$1, $$2}'

# pip installs into the environment from outside, because Debian's Python lacks ensurepip.
$(VENV)/.installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or later is needed; '$(PYTHON)' is $$($(PYTHON) -V 2>&1). Try: make PYTHON=python3.11"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv --without-pip $(VENV)
	$(PYTHON) -m pip --python $(BIN)/python install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --no-compile --editable '.[examples,dicom,inference,pretrained,dev]'
	@touch $@

$(VENV)/.docs-installed: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --editable '.[docs]'
	@touch $@

$(VENV)/.browser-installed: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --no-compile --editable '.[browser]'
	@touch $@

$(VENV)/.backends-installed: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --no-compile --editable '.[backends]'
	@touch $@

$(VENV)/.bench-installed: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --no-compile --editable '.[bench]'
	@touch $@

demo: $(VENV)/.installed  ## Simulate a cohort, train both stages, evaluate, write report.html
	$(BIN)/python -m examples.brain_mri demo --out $(RUN)

test: $(VENV)/.installed  ## Run the tests
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile

test-slow: $(VENV)/.installed  ## Run the tests that `make test` leaves out
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist worksteal -m "slow and not browser" $(TRAINING:%=--ignore=%) tests

test-examples: $(VENV)/.installed  ## Run the notebooks and the short examples, which train networks
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist worksteal -m slow $(TRAINING)

# The site from `make docs` is opened too.
test-browser: $(VENV)/.browser-installed  ## Open the report and the site in Chromium
	test -f site/index.html || $(MAKE) docs
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile -m "$(BROWSER)" tests/browser

# One thread a worker: the tensors are small, and threads wait for each other. TensorFlow's tests take an eighth less time,
# PyTorch's several times less.
test test-slow test-backends: export OMP_NUM_THREADS := 1
test test-slow: export TF_NUM_INTRAOP_THREADS := 1
test test-slow: export TF_NUM_INTEROP_THREADS := 1
# JAX compiles what it runs, and that takes most of the time. These leave out optimisations: a quarter of the time.
test-backends: export JAX_DISABLE_MOST_OPTIMIZATIONS := 1
test-backends: export XLA_FLAGS := --xla_cpu_use_fusion_emitters=false --xla_cpu_parallel_codegen_split_count=1
test-backends: $(VENV)/.backends-installed  ## Run the contracts on PyTorch and JAX, and what else is quick there
	KERAS_BACKEND=torch $(BIN)/python -m pytest --numprocesses $(WORKERS) -m 'slow or not slow' --ignore tests/metrics/test_typing.py tests/contracts tests/blocks tests/losses tests/metrics tests/training tests/data/batches/test_numpy_batches.py tests/models/backbones/test_torch_resnets.py tests/models/backbones/test_efficientnet_lite.py
	KERAS_BACKEND=jax $(BIN)/python -m pytest --numprocesses $(WORKERS) -m 'slow or not slow' tests/contracts tests/examples/brain_mri/test_devices.py

lint: $(VENV)/.installed  ## Check style, docstrings, formatting and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Sphinx only checks that public names have docstrings. mkdocs without --quiet: with it, broken references pass.
docs: $(VENV)/.docs-installed  ## Build the documentation into site/
	$(BIN)/python -m sphinx -b coverage -E -W -q docs/sphinx build/docstrings
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --config-file docs/mkdocs.yml
	@echo "$(CURDIR)/site/index.html"

notebooks: $(VENV)/.installed  ## Run docs/notebooks/*.py and keep them with their outputs, for the docs
	$(BIN)/python docs/extensions/notebooks.py

bench: $(VENV)/.bench-installed  ## Measure speed as ratios to peers within one run, for docs/pages/benchmarks.md
	$(BIN)/python -m tests.benchmarks --write docs/pages/benchmarks.md

# Away from the checkout, so that the tests cannot import it instead of the wheel. What a wheel may lack is modules, which
# the doctests name; the contracts of losses and the tests of masks, but those of the guide, run from it as a user's would.
wheel-test: $(VENV)/.installed  ## Build the archives, and run the package's tests against the wheel
	rm -rf build && mkdir -p build/away
	$(BIN)/python -m build --outdir build .  >build/log.txt || { cat build/log.txt; exit 1; }
	$(BIN)/python tests/archives.py build
	$(BIN)/python -m pip install --quiet --no-deps --target build/away build/*.whl
	cp -r tests pyproject.toml build/away && rm -r build/away/tests/examples build/away/tests/test_*.py build/away/tests/masks/test_conventions.py
	cd build/away && ../../$(BIN)/python -c 'import resunet_kit, sys; sys.exit("build/away" not in resunet_kit.__file__)'
	cd build/away && ../../$(BIN)/python -m pytest --numprocesses $(WORKERS) resunet_kit tests/contracts/test_losses.py tests/masks

clean:  ## Remove the environment, caches and builds; runs/ stays
	rm -rf $(VENV) build dist site .pytest_cache .mypy_cache .ruff_cache .hypothesis
