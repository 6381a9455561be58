# Two commands: `make walk` and `make test`. Everything they need is set up inside this folder.
# `make walk ARGS="…"` hands anything on to `gaitway run`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

SOURCES := $(shell find crates apps -name '*.rs' -o -name Cargo.toml) Cargo.toml Cargo.lock pyproject.toml

.PHONY: help lock walk walk-twin test test-rust test-python lint format bench clean

help: ## this list
	@grep -E '^[a-z-]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 14

walk: $(VENV)/walk.stamp ## the duck walks
	@$(BIN)/gaitway run $(ARGS)

walk-twin: $(VENV)/walk.stamp ## the duck walks over its emulated servo bus, in real time
	@cargo build --release --quiet -p gaitwayd
	@$(BIN)/gaitway run --twin $(ARGS)

test: lint test-rust test-python ## all checks and tests, Rust and Python

test-rust: $(VENV)/tools.stamp
	cargo test --release --workspace --exclude gaitway-python

test-python: $(VENV)/test.stamp
	cargo build --release -p gaitwayd
	$(BIN)/python -m pytest --ignore tests/python/test_train.py
# In a process of its own: PyTorch's Triton and Mesa's software OpenGL each bring an LLVM, and together they crash.
	$(BIN)/python -m pytest tests/python/test_train.py

lint: $(VENV)/test.stamp ## style, types, layers
	cargo fmt --all --check
	cargo clippy --release --workspace --all-targets --quiet -- -D warnings
	$(BIN)/ruff check .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/mypy
	$(BIN)/python -m mypy.stubtest gaitway._native
	$(BIN)/python scripts/check_layers.py

format: $(VENV)/test.stamp ## formats everything
	cargo fmt --all
	$(BIN)/ruff check --fix --quiet .
	$(BIN)/ruff format --quiet .

bench: $(VENV)/test.stamp ## a tick, the clock and the servo bus beside their peers
	$(BIN)/gaitway bench tick
	$(BIN)/gaitway bench rt
	$(BIN)/gaitway bench bus

clean: ## removes everything that was built
	rm -rf target $(VENV) out python/gaitway/_native*.so

$(VENV)/tools.stamp:
	@PYTHON="$(PYTHON)" sh scripts/check_tools.sh
	@mkdir -p $(VENV) && touch $@

$(VENV)/venv.stamp: $(VENV)/tools.stamp
	@echo "== virtual environment"
	@$(PYTHON) -m venv $(VENV)
	@touch $@

# What tests run with is locked, file by file; requirements-dev.lock is for every platform and every Python from 3.11.
lock: ## the lock of the tests' dependencies, made anew
	@$(PYTHON) -m venv $(VENV)-lock
	@$(VENV)-lock/bin/python -m pip install --quiet --disable-pip-version-check "uv>=0.9,<1"
	$(VENV)-lock/bin/uv pip compile pyproject.toml --extra sim --extra onnxruntime --extra train --extra dev \
		--universal --python-version 3.11 --generate-hashes --upgrade --no-header --no-emit-index-url \
		--output-file requirements-dev.lock
	@rm -rf $(VENV)-lock

# maturin shows cargo's progress and pip's; the extras are what the command at hand needs and no more.
$(VENV)/walk.stamp: $(VENV)/venv.stamp $(SOURCES)
	@echo "== native module and simulator (a minute or two, once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "maturin>=1.16,<2"
	@VIRTUAL_ENV="$(abspath $(VENV))" $(BIN)/maturin develop --release --extras sim
	@touch $@

$(VENV)/locked.stamp: $(VENV)/venv.stamp requirements-dev.lock
	@echo "== what the tests need, as it was locked"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

$(VENV)/test.stamp: $(VENV)/locked.stamp $(SOURCES)
	@echo "== native module"
	@VIRTUAL_ENV="$(abspath $(VENV))" $(BIN)/maturin develop --release
	@touch $@ $(VENV)/walk.stamp
