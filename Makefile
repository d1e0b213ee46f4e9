# Every target sets up .venv by itself. Another Python: make test PYTHON=python3.12
PYTHON ?= python3
BIN := .venv/bin
# Once, before several processes would each do it.
COMPILE := from model import Scenario, simulate; simulate(Scenario(), seed=1, epochs=1)

.PHONY: help sweep test duel bench notebooks docs facts clean
.DELETE_ON_ERROR:

help:
	@echo "make sweep      the flagship sweep: table, Parquet, CSV and figure under results/"
	@echo "make test       format, lint, import contract, types, then every test"
	@echo "make duel       the model against its oracle once more, with four times the runs"
	@echo "make bench      the benchmark table"
	@echo "make notebooks  execute the notebooks in place"
	@echo "make docs       write docs/assumptions.md from the declarations, draw the figure of docs/theory.md"
	@echo "make facts      set observed facts beside simulated ones and write docs/facts.md (minutes)"
	@echo "make clean      remove .venv and caches; results stay"

sweep: .venv/installed
	@$(BIN)/python -m experiments run honesty

test: .venv/installed-dev
	@$(BIN)/ruff format --check --quiet
	@$(BIN)/ruff check --quiet
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/mypy & checking=$$!; $(BIN)/python -c "$(COMPILE)" && wait $$checking
	@$(BIN)/python -m pytest --numprocesses auto

duel: .venv/installed-dev
	@ORACLE_RUNS=320 $(BIN)/python -m pytest --numprocesses auto tests/test_oracle.py tests/test_oracle_phases.py

bench: .venv/installed-dev
	@$(BIN)/python -m tests.benchmark

notebooks: .venv/installed
	@$(BIN)/jupyter nbconvert --to notebook --execute --ExecutePreprocessor.record_timing=False --inplace notebooks/*.ipynb

docs: .venv/installed
	@$(BIN)/python -m experiments.assumptions
	@$(BIN)/python -m experiments.verify.departures

facts: .venv/installed
	@$(BIN)/python -m experiments facts --page docs/facts.md

clean:
	rm -rf .venv .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache build *.egg-info
	find model experiments tests -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Python 3.11 or newer is needed; '$(PYTHON)' is $$($(PYTHON) --version 2>/dev/null || echo not found)." \
			"Name another: make $(or $(firstword $(MAKECMDGOALS)),sweep) PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv .venv || { rm -rf .venv; exit 1; }

.venv/installed: requirements.txt pyproject.toml | .venv/bin/python
	@echo "Installing what it runs on into .venv (about a minute) ..."
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --editable .
	@touch $@

.venv/installed-dev: .venv/installed requirements-dev.txt
	@echo "Installing what it is tested with into .venv ..."
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --requirement requirements-dev.txt
	@touch $@
