# The everyday commands. Everything happens in this folder: .venv for the installation, out for the demo's files.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
EXAMPLE := data/examples/town-60.json
SOURCES := pyproject.toml constraints.txt

SHELL := bash
.DEFAULT_GOAL := help
.PHONY: help demo test lint clean

# pip shows the large files it downloads; everything it says is in the log, whose end is shown when it fails
define install
@set -o pipefail; $(BIN)/python -m pip install --progress-bar off -c constraints.txt -e '$(WHAT)' 2>&1 | tee $(VENV)/pip.log \
  | awk '/Downloading .* MB\)/ {print "  " $$2, $$3, $$4; fflush()}' || { tail -n 20 $(VENV)/pip.log; exit 1; }
endef

help: ## List these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-6s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/core ## Solve a bundled example with four solvers: routes, table, picture, page (a minute after the installation)
	@echo "== Compiling the search for this machine, once"
	@$(BIN)/python -m nco.search.warm
	@echo "== Solving $(EXAMPLE) with the neural solver, OR-Tools, PyVRP and the search, 3 s each"
	@mkdir -p out
	@$(BIN)/nco solve $(EXAMPLE) --compare --max-runtime 3 --plot out/demo.png --html out/demo.html
	@echo "== Picture: out/demo.png. Page: out/demo.html. Next: $(BIN)/nco solve --help"

test: $(VENV)/all ## Run the whole test suite
	@$(BIN)/pytest -n 2 --dist loadscope

lint: $(VENV)/all ## Check style, types and the direction of imports
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

clean: ## Remove the installation, the demo's files and all caches
	rm -rf $(VENV) out build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || { \
	  echo "nco needs Python 3.11, 3.12 or 3.13, but $(PYTHON) is: $$($(PYTHON) --version 2>&1 || true)."; \
	  echo "Name another one: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@echo "== Making $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/core: WHAT := .
$(VENV)/core: $(SOURCES) | $(BIN)/python
	@echo "== Installing nco and what it needs into $(VENV): 1 to 2 minutes, once"
	$(install)
	@touch $@

$(VENV)/all: WHAT := .[train,dev]
$(VENV)/all: $(SOURCES) | $(BIN)/python
	@echo "== Installing nco with the extras 'train' and 'dev' into $(VENV): about 2 minutes, once"
	$(install)
	@touch $@ $(VENV)/core
