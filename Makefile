# Two commands: `make walk` and `make test`. Everything they need is set up inside this folder.
# `make walk ARGS="…"` hands anything on to `gaitway run`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
# How often as many damaged inputs the fuzz tests of `make test-all` try.
FUZZ ?= 5
# PyTorch's Triton and Mesa's software OpenGL each bring an LLVM, and together in one process they crash.
PYTEST = $(BIN)/python -m pytest --ignore tests/python/test_train.py
# Processes that run Python tests at once.
JOBS ?= 2
REAL_TIME := realtime and not long
CORE := -p gaitway-maths -p gaitway-model -p gaitway-policy -p gaitway-control -p gaitway-record -p gaitway-feetech

SOURCES := $(shell find crates apps -name '*.rs' -o -name Cargo.toml) Cargo.toml Cargo.lock pyproject.toml

.PHONY: help lock walk walk-twin test test-fast test-all test-rust test-python test-real-time test-rest docs lint format bench clean

help: ## this list
	@grep -E '^[a-z-]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 14

walk: $(VENV)/walk.stamp ## the duck walks
	@$(BIN)/gaitway run $(ARGS)

walk-twin: $(VENV)/walk.stamp ## the duck walks over its emulated servo bus, in real time
	@cargo build --release --quiet -p gaitwayd
	@$(BIN)/gaitway run --twin $(ARGS)

test: lint test-rust test-python ## checks and tests of minutes; says what it left out
test-fast: ## what a change breaks most often, within 90 s
test-all: test test-rest ## everything: real time, kernel emulation, long fuzzing, the trainer (installs PyTorch)

# Rust tests play time; those of programs and ports take moments.
test-rust: $(VENV)/tools.stamp
	cargo test --release --workspace --exclude gaitway-python

test-python: $(VENV)/test.stamp
	@cargo build --release --quiet -p gaitwayd
	$(PYTEST) -n $(JOBS) --dist loadfile -m "not realtime and not long and not train"

test-fast: $(VENV)/test.stamp
	$(BIN)/ruff check --quiet .
	$(BIN)/python scripts/check_layers.py
	@cargo build --release --quiet -p gaitwayd
	cargo test --release --quiet $(CORE)
	$(PYTEST) -n $(JOBS) --dist loadfile -m "not realtime and not long and not train and not slow"

# Two robots that walk at once may be late by each other: what fails beside another counts only if it fails alone.
test-real-time: $(VENV)/test.stamp
	@cargo build --release --quiet -p gaitwayd
	$(PYTEST) -n $(JOBS) --dist worksteal -m "$(REAL_TIME)" || \
		{ [ $$? -eq 1 ] && echo "== once more, alone:" && $(PYTEST) --last-failed --last-failed-no-failures none -m "$(REAL_TIME)"; }

test-rest: $(VENV)/train.stamp docs test-real-time
	$(BIN)/python -m mypy
	$(PYTEST) -m long
	$(BIN)/python -m pytest tests/python/test_train.py tests/python/test_checkpoint.py
	GAITWAY_FUZZ_FACTOR=$(FUZZ) cargo test --release --quiet --workspace --exclude gaitway-python --test '*fuzz*'

lint: $(VENV)/test.stamp ## style, types, layers
	cargo fmt --all --check
	cargo clippy --release --workspace --all-targets --quiet -- -D warnings
	$(BIN)/ruff check .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/python scripts/check_types.py
	$(BIN)/python -m mypy.stubtest gaitway._native
	$(BIN)/python scripts/check_layers.py

docs: $(VENV)/walk.stamp $(VENV)-docs/docs.stamp ## the documentation as a site: out/site/index.html
	@cargo build --release --quiet -p gaitwayd
	NO_MKDOCS_2_WARNING=1 $(VENV)-docs/bin/python -m mkdocs build --strict

format: $(VENV)/test.stamp ## formats everything
	cargo fmt --all
	$(BIN)/ruff check --fix --quiet .
	$(BIN)/ruff format --quiet .

bench: $(VENV)/test.stamp ## a tick, the clock and the servo bus beside their peers
	$(BIN)/gaitway bench tick
	$(BIN)/gaitway bench rt
	$(BIN)/gaitway bench bus

clean: ## removes everything that was built
	rm -rf target $(VENV) $(VENV)-docs out python/gaitway/_native*.so

$(VENV)/tools.stamp:
	@PYTHON="$(PYTHON)" sh scripts/check_tools.sh
	@mkdir -p $(VENV) && touch $@

$(VENV)/venv.stamp: $(VENV)/tools.stamp
	@echo "== virtual environment"
	@$(PYTHON) -m venv $(VENV)
	@touch $@

# What tests run with is locked, file by file, for every platform and every Python from 3.11: requirements-test.lock is
# requirements-dev.lock without the trainer's PyTorch. The site's programs have an environment and a lock of their own.
COMPILE = $(VENV)-lock/bin/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header \
	--no-emit-index-url --quiet
COMPILE_TESTS = $(COMPILE) --extra sim --extra gym --extra onnxruntime --extra draft --extra dev

lock: ## the locks of the tests' and the site's dependencies, made anew
	@$(PYTHON) -m venv $(VENV)-lock
	@$(VENV)-lock/bin/python -m pip install --quiet --disable-pip-version-check "uv>=0.9,<1"
	$(COMPILE_TESTS) --extra train --upgrade --output-file requirements-dev.lock
	@cp requirements-dev.lock requirements-test.lock
	$(COMPILE_TESTS) --output-file requirements-test.lock
	$(COMPILE) --extra docs --upgrade --output-file requirements-docs.lock
	@rm -rf $(VENV)-lock

# maturin shows cargo's progress and pip's; the extras are what the command at hand needs and no more.
$(VENV)/walk.stamp: $(VENV)/venv.stamp $(SOURCES)
	@echo "== native module and simulator (a minute or two, once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "maturin>=1.16,<2"
	@VIRTUAL_ENV="$(abspath $(VENV))" $(BIN)/maturin develop --release --extras sim
	@touch $@

$(VENV)/locked.stamp: $(VENV)/venv.stamp requirements-test.lock
	@echo "== what the tests need, as it was locked"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-test.lock
	@touch $@

$(VENV)-docs/docs.stamp: $(VENV)/tools.stamp requirements-docs.lock
	@echo "== what the site is built with, as it was locked"
	@$(PYTHON) -m venv $(VENV)-docs
	@$(VENV)-docs/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-docs.lock
	@touch $@

$(VENV)/train.stamp: $(VENV)/test.stamp requirements-dev.lock
	@echo "== what the trainer needs, as it was locked: PyTorch, 4.7 GB"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

$(VENV)/test.stamp: $(VENV)/locked.stamp $(SOURCES)
	@echo "== native module"
	@VIRTUAL_ENV="$(abspath $(VENV))" $(BIN)/maturin develop --release
	@touch $@ $(VENV)/walk.stamp
