# Everything runs from .venv, which the first target that needs it sets up.
PYTHON ?= python3
BIN := .venv/bin
PORT ?= 3000
MINUTES ?= 10
export DAGSTER_HOME ?= $(CURDIR)/.dagster
# by file, so that what a file's tests share is set up once; slow files first, as conftest.py says
PYTEST = $(BIN)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder
# dozens of processes import the same modules, and would each compile them anew
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help install install-server run ui check test test-all coverage mutants fuzz pictures soak lint sandbox bench bench-quick lock clean

help: ## Show this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: .venv/.ready ## Set up .venv, and nothing else

install-server: .venv/.ready ## Add what PostgreSQL, Celery and Kubernetes take
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode --no-deps --require-hashes -r requirements-server.lock \
		|| $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-server.lock

run: .venv/.ready ## Load the five assets (from your API if it is configured, else from the sandbox)
	@$(BIN)/python -m email_assets.quickstart run

ui: .venv/.ready ## Open Dagster's UI on http://127.0.0.1:3000 (or PORT=…)
	@$(BIN)/python -m email_assets.quickstart ui --port $(PORT)

check: .venv/.ready ## Ask your API for one page of each resource, before anything is scheduled
	@$(BIN)/python -m email_assets.check

test: .venv/.ready ## Run the tests but slow ones (or TESTS=…), as if it were AT=2028-02-29T12:00:00Z
	@$(PYTEST) $(if $(AT),--at $(AT)) $(or $(TESTS),-m "not install and not slow")

test-all: .venv/.ready ## Run the slow tests too, for which it takes PostgreSQL, Redis and Chromium
	@$(PYTEST)

# in one process: those that xdist starts would not be counted
coverage: .venv/.ready ## Run the tests one by one, and list the lines that none of them runs
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest $(TESTS)
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report

mutants: .venv/.ready ## Change what differs from main (or MODULES=…), and list changes no test notices
	@$(BIN)/python -m email_assets_tests.mutants $(MODULES) $(if $(TESTS),--tests $(TESTS))

fuzz: .venv/.ready ## Try the models of lists and tables with many fresh examples
	@$(BIN)/python -m pytest --hypothesis-profile fuzz -k test_model_of

pictures: .venv/.ready ## Renew the pictures of the README, by the tests in a browser
	@$(BIN)/python -m pytest email_assets_tests/browser
	@cp pictures/graph.png docs/pictures/graph.png
	@cp pictures/report_light.png docs/pictures/report.png

soak: .venv/.ready ## Run the platform for MINUTES=10 (VENDOR=postmark, two_accounts) among faults and kills, and compare
	@$(BIN)/python -m email_assets_tests.soak --minutes $(MINUTES) $(if $(VENDOR),--vendor $(VENDOR))

lint: .venv/.ready ## Check style and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

sandbox: .venv/.ready ## Serve the local email API on http://127.0.0.1:8025
	@$(BIN)/python -m email_assets.sandbox

bench: .venv/.ready ## Compare speed and memory with peers, in half an hour; writes benchmarks/RESULTS.md
	@$(BIN)/python benchmarks/bench.py --write

bench-quick: .venv/.ready ## The same on few rows, in three minutes; writes nothing
	@$(BIN)/python benchmarks/bench.py --quick

lock: .venv/.ready ## Renew the locks from pyproject.toml
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.10 --extra dev --upgrade \
		--generate-hashes --no-emit-index-url --no-header --output-file requirements.lock pyproject.toml
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.10 --all-extras --constraint requirements.lock \
		--generate-hashes --no-annotate --no-emit-index-url --no-header pyproject.toml \
		| grep -vxFf requirements.lock > requirements-server.lock

clean: ## Remove the environment; the warehouse and the run history stay
	rm -rf .venv

# uv where it can be had, since it is several times as fast; pip, which knows the same hashes, elsewhere.
.venv/.ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; (3, 10) <= sys.version_info < (3, 15) or sys.exit("email_assets needs Python 3.10 to 3.14, and python3 is %d.%d: make PYTHON=/path/to/python3.14 …" % sys.version_info[:2])'
	@echo "Setting up .venv (once) …"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv>=0.9,<1" || true
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode --require-hashes -r requirements.lock \
		|| $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps -e . \
		|| $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@
