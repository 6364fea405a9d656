# Everything needs only Python 3.11 or newer and make; `make help` lists the targets.
#
#   make run ARGS="--web-address 127.0.0.1:9090"    flags for `tracestitch serve`
#   make test ARGS="-k journey"                     flags for pytest; "-n 0" is one process
#   make setup PYTHON=/path/to/python3              another interpreter

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help setup run demo test check bench score soak interop fuzz record causes clean

# A dependency that would be built with maturin must not fetch a compiler by itself.
export MATURIN_NO_INSTALL_RUST = 1
export PIP_DISABLE_PIP_VERSION_CHECK = 1
# The tests start this project's commands a hundred times and more: their modules are compiled
# once, also where the environment asks for no bytecode. `make clean` takes it away.
unexport PYTHONDONTWRITEBYTECODE

ARGS ?=
PYTHON ?=
BIN := .venv/bin
PIP_INSTALL := $(BIN)/python -m pip install --quiet --constraint constraints.txt

# Files stay whole, for what they share, and begin in their order: browser and servers first,
# which take longest. On two cores a third process works while others wait.
TEST_PROCESSES := --numprocesses 3 --dist loadfile --no-loadscope-reorder

# A shim without a toolchain is on the path, too, but fails.
HAS_CARGO = command -v cargo >/dev/null && cargo --version >/dev/null 2>&1

# The first interpreter that is new enough and can make environments.
FIND_PYTHON = for python in $(if $(PYTHON),"$(PYTHON)",python3 python3.13 python3.12 python3.11 python3.14 python); do \
	"$$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break; \
	python=; \
done

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' Makefile

setup: .venv/installed-test .venv/installed-decoder ## make .venv with everything that running, demo and tests need

run: .venv/installed-run .venv/installed-decoder ## serve: OTLP on 4317 (gRPC) and 4318 (HTTP), pages on 8080
	@$(BIN)/tracestitch serve $(ARGS)

demo: .venv/installed-demo .venv/installed-decoder ## serve on a temporary store, with a sample pipeline that breaks hop by hop
	@$(BIN)/tracestitch demo $(ARGS)

test: .venv/installed-decoder check ## everything that has to hold: check, then all tests
	@sh tests/browser/install_chromium.sh
	@if $(HAS_CARGO); then cargo test --quiet --locked --no-default-features --manifest-path decoder/Cargo.toml; fi
	@$(BIN)/python -m pytest --quiet $(TEST_PROCESSES) $(ARGS)

check: .venv/installed-test ## lint, format, types, import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy .
	@PYTHONPATH=. $(BIN)/lint-imports --no-cache --no-logo

bench: .venv/installed-test .venv/installed-decoder ## measure ingest, every page and the analysis of a million boundary spans (docs/performance.md)
	@$(BIN)/python -m benchmarks.bench_ingest $(ARGS)
	@$(BIN)/python -m benchmarks.bench_pages
	@$(BIN)/python -m benchmarks.bench_analysis

score: .venv/installed-test .venv/installed-decoder ## answers against what really happened; ARGS="DIR --wrong" (docs/evidence.md)
	@$(BIN)/python -m benchmarks.score_recordings $(ARGS)

soak: .venv/installed-test .venv/installed-decoder ## an hour of load with kills, restarts and questions; ARGS="--minutes 10 --rounds 20"
	@$(BIN)/python -m tests.soak $(ARGS)

interop: .venv/installed-test .venv/installed-decoder ## exporters of other languages through a restart of the server
	@$(BIN)/python -m tests.interop $(ARGS)

fuzz: .venv/installed-test .venv/installed-decoder ## compare both decoders on random requests for a minute
	@$(BIN)/python -m tests.unit.collector.fuzz_decoders $(ARGS)

record: .venv/installed-test ## make the recordings of the sample pipeline anew
	@$(BIN)/python -m sample_data.record $(ARGS)

causes: .venv/installed-test ## make the table of causes anew (docs/causes/README.md)
	@$(BIN)/python -m tests.architecture.cause_index

clean: ## remove .venv, caches and build output, never ./data
	@rm -rf .venv build dist decoder/target *.egg-info .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache test-results
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/bin/python:
	@$(FIND_PYTHON); \
	if [ -z "$$python" ]; then \
		echo "tracestitch needs Python 3.11 or newer with venv (Debian: python3-venv); none was found$(if $(PYTHON), at $(PYTHON),)." >&2; \
		exit 1; \
	fi; \
	echo "Making .venv with $$("$$python" --version)"; \
	"$$python" -m venv .venv

# An installation is done again when what is to be installed has changed.
.venv/installed-run: pyproject.toml constraints.txt | .venv/bin/python
	@echo "Installing what the server needs"
	@$(PIP_INSTALL) --editable .
	@touch $@

.venv/installed-demo: pyproject.toml propagation/pyproject.toml constraints.txt | .venv/bin/python
	@echo "Installing what the demo needs"
	@$(PIP_INSTALL) --editable '.[demo]' --editable ./propagation
	@touch .venv/installed-run $@

.venv/installed-test: pyproject.toml propagation/pyproject.toml constraints.txt | .venv/bin/python
	@echo "Installing what the tests need"
	@$(PIP_INSTALL) --editable '.[demo,dev]' --editable ./propagation
	@touch .venv/installed-run .venv/installed-demo $@

# Nothing is noted without a cargo, so that it is tried again.
.venv/installed-decoder: constraints.txt $(wildcard decoder/*.toml decoder/*.lock decoder/*.pyi decoder/src/*.rs) | .venv/bin/python
	@if $(HAS_CARGO); then \
		echo "Building the native decoder" && \
		$(PIP_INSTALL) maturin && \
		PATH="$(CURDIR)/$(BIN):$$PATH" $(PIP_INSTALL) --no-build-isolation --no-deps --force-reinstall ./decoder && \
		touch $@; \
	else \
		echo "no cargo: the plain-Python decoder runs, which takes about a hundred times as long"; \
	fi
