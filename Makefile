# Everything runs in .venv, which make keeps in step with the requirements files. `make run` is all a person needs.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := run
.PHONY: run setup test bench lint lock clean

PYTHON := .venv/bin/python
# The uv on PATH, else one in a small environment of its own (needs python3 with venv).
UV := $(or $(shell command -v uv),.tools/bin/uv)
# Programs start in a third of the time where Python may keep what it has compiled.
unexport PYTHONDONTWRITEBYTECODE
# .venv holds the tools for tests once they have been asked for; it is then kept so.
SYNCED := $(if $(wildcard .venv/.synced-dev),.venv/.synced-dev,.venv/.synced)

run: $(SYNCED) ## Set everything up and serve at http://127.0.0.1:8000 (PORT=8080 make run: at another port)
	@exec $(PYTHON) manage.py serve

setup: $(SYNCED) ## Set everything up without serving

test: .venv/.synced-dev ## Run all tests, in a real browser too, and those of the database on PostgreSQL as well
	@tests/ensure_programs.sh
	$(PYTHON) -m pytest
	tests/with_postgresql.sh $(PYTHON) -m pytest --database-only

bench: $(SYNCED) ## Print the benchmarks and write var/bench.json
	@$(PYTHON) -m bench

lint: .venv/.synced-dev ## Check style, types, imports, migrations and the production settings
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports
	$(PYTHON) manage.py makemigrations --check --dry-run
	HTTPS=True $(PYTHON) manage.py check --deploy --fail-level WARNING

lock: $(UV) ## Compile pyproject.toml to the two requirements files, with hashes
	$(UV) pip compile -q pyproject.toml --generate-hashes --universal --no-emit-index-url --no-header -o requirements.txt
	$(UV) pip compile -q pyproject.toml --generate-hashes --universal --no-emit-index-url --no-header --group dev -o requirements-dev.txt

clean: ## Remove the environment and the caches; var/ with its database stays
	rm -rf .venv .tools .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

.venv/.synced: requirements.txt .venv/pyvenv.cfg
	@$(UV) pip sync --quiet --require-hashes --python $(PYTHON) requirements.txt
	@touch $@

.venv/.synced-dev: requirements-dev.txt .venv/pyvenv.cfg
	@$(UV) pip sync --quiet --require-hashes --python $(PYTHON) requirements-dev.txt
	@touch $@

.venv/pyvenv.cfg: .python-version | $(UV)
	@$(UV) venv --quiet --clear .venv

.tools/bin/uv: requirements-uv.txt
	@python3 -m venv .tools
	@.tools/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.txt
	@touch $@
