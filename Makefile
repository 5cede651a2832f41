# Everything here sets itself up: it needs Python 3.11 or newer, make and PyPI.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
# Not compiled in advance: what is never imported needs no second copy on the disk.
PIP := $(BIN)/pip install --quiet --disable-pip-version-check --no-compile --require-hashes
WORKERS ?= auto

.PHONY: run test check fmt lock bench clean help

help: ## Say what there is to make
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

run: .venv/run.stamp .env ## Install, migrate, demo data into an empty database, start
	@$(BIN)/python manage.py migrate --verbosity 0
	@$(BIN)/python manage.py prepare
	@$(BIN)/python manage.py up $(if $(HOST),--host $(HOST)) $(if $(PORT),--port $(PORT))

test: .venv/dev.stamp ## All tests that this machine can run
	$(BIN)/python -m pytest -n $(WORKERS) $(ARGS)

check: .venv/dev.stamp ## Lint, types, layers, budgets, migrations, Django's checks
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m leadsite.tests.budgets
	$(BIN)/python manage.py makemigrations --check --dry-run --verbosity 0
	$(BIN)/python manage.py check --fail-level WARNING

fmt: .venv/dev.stamp ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: .venv/dev.stamp ## Compile the lock files anew from the .in files
	$(BIN)/uv pip compile --quiet --generate-hashes --universal --python-version 3.11 requirements.in -o requirements.txt
	$(BIN)/uv pip compile --quiet --generate-hashes --universal --python-version 3.11 requirements-dev.in -o requirements-dev.txt

bench: .venv/dev.stamp ## Measure: ratios within one run
	$(BIN)/python -m bench.understand
	$(BIN)/python -m bench.answer
	$(BIN)/python -m bench.intake
	$(BIN)/python -m bench.guard
	$(BIN)/python -m bench.turns
	$(BIN)/python -m bench.mail
	$(BIN)/python -m bench.knowledge
	@case "$$DATABASE_URL" in postgres*) \
	  $(BIN)/python -m bench.sweep && $(BIN)/python -m bench.due ;; \
	  *) echo "bench.sweep, bench.due: set DATABASE_URL to a PostgreSQL database" ;; esac

clean: ## Remove what was installed and made; keeps the data in var/
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache

.env:
	cp .env.example .env

# Nothing here uses setuptools, which a new environment of Python 3.11 brings.
.venv/bin/python:
	$(PYTHON) -m venv .venv
	$(BIN)/pip uninstall --quiet --disable-pip-version-check --yes setuptools

.venv/run.stamp: requirements.txt | .venv/bin/python
	$(PIP) -r requirements.txt
	touch $@

.venv/dev.stamp: requirements-dev.txt .venv/run.stamp
	$(PIP) -r requirements-dev.txt
	touch $@
