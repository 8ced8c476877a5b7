# make serve | test | test-browser | lint | bench | simulate | drill | load
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: serve test test-browser lint bench simulate drill load

serve: $(READY)
	@$(BIN)/kb init --with-samples
	@$(BIN)/kb serve

test: $(READY) lint
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder

test-browser: $(READY)
	tests/browser/prepare.sh
	KB_REQUIRE_BROWSER=1 $(BIN)/python -m pytest tests/browser

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/kb verify handbook

bench: $(READY)
	@$(BIN)/kb bench

simulate: $(READY)
	@$(BIN)/python -m tests.bench.outcomes_simulator

drill: $(READY)
	@$(BIN)/kb init --with-samples
	$(BIN)/python -m tests.bench.drill load --agents 50 --minutes 5
	$(BIN)/python -m tests.bench.drill kill --times 20

load: $(READY)
	$(BIN)/python -m tests.bench.load --tickets 100000 --agents 50 --minutes 30

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "需要 Python 3.11 或更新的版本"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet "torch==2.13.0"
	$(BIN)/python -m pip install --quiet --editable . --group dev
	@touch $(READY)
