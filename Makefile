# Everything starts here: `make demo` on a machine with Python 3.11-3.13 and nothing else of ours.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
CONFIG ?= default
PYTEST ?=

PY := .venv/bin/python
VISAVIS := $(PY) -m orchestration.cli
# Sources that decide what has to be installed: when none has changed, nothing is.
PINNED := pyproject.toml constraints.txt configs/models.yaml

# What the built page is made from.
PAGE_SOURCES := web/index.html web/src web/package.json web/package-lock.json web/vite.config.ts web/tsconfig.json

.PHONY: help venv models all-models demo test serve lint page page-modules page-check bench lock wheel clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile
	echo "Variables: PYTHON=$(PYTHON)  CONFIG=$(CONFIG)  PYTEST='arguments for pytest'"

demo: models page ## Hold a two-turn spoken exchange with the served agent; results in out/demo/
	@$(VISAVIS) doctor --quick --config "$(CONFIG)"
	$(PY) -m orchestration.demo --config "$(CONFIG)"

test: venv all-models lint page page-check ## Check format, style and types, then run the whole suite
ifneq ($(PYTEST),)
	@$(PY) -m pytest $(PYTEST)
else
	@# What keeps no real time runs two at a time, on a thread each: more threads than cores wait for each other busily.
	OMP_NUM_THREADS=1 $(PY) -m pytest -m "not alone" -n 2 --dist loadfile
	$(PY) -m pytest -m alone
endif

serve: models page ## Serve the agent until Ctrl-C
	@$(VISAVIS) serve --config "$(CONFIG)"

lint: venv ## Check format, style and types
	@rooms="agents avatar orchestration speech tests"
	[ ! -d benchmarks ] || rooms="$$rooms benchmarks"
	$(PY) -m ruff format --check $$rooms
	$(PY) -m ruff check $$rooms
	$(PY) -m mypy

page: page-modules ## Build the page that the gateway serves, into web/dist
	@stamp="$$(find $(PAGE_SOURCES) -type f 2>/dev/null | LC_ALL=C sort | xargs cat | cksum)"
	[ "$$(cat web/dist/built 2>/dev/null || true)" != "$$stamp" ] || exit 0
	echo "Building the page into web/dist"
	cd web
	./with-node npm run build --silent -- --logLevel warn
	echo "$$stamp" > dist/built

page-check: page-modules ## Check the page's types and style, and run its unit tests
	@cd web
	./with-node npm run typecheck --silent
	./with-node npm run lint --silent
	./with-node npm run test --silent

page-modules: venv
	@stamp="$$(cat web/package.json web/package-lock.json | cksum)"
	[ "$$(cat web/node_modules/.installed 2>/dev/null || true)" != "$$stamp" ] || exit 0
	echo "Installing what the page is built with into web/node_modules"
	cd web
	./with-node npm ci --no-audit --no-fund --silent
	echo "$$stamp" > node_modules/.installed

weights: venv all-models ## Make the streaming animator's weights from seeds (under 2 h on 2 cores), in out/weights
	@$(VISAVIS) corpus bank
	$(VISAVIS) weights

bench: venv all-models ## Run every benchmark; results in out/bench/
	@if [ ! -x out/pipecat/bin/python ]; then
	  echo "Installing Pipecat, which is measured beside us, into out/pipecat"
	  $(PYTHON) -m venv out/pipecat
	  out/pipecat/bin/python -m pip install --quiet --disable-pip-version-check 'pipecat-ai[openai,whisper,piper]==1.14.0'
	fi
	for file in benchmarks/[a-z]*.py; do
	  name="$${file##*/}"
	  echo "== $${name%.py}"
	  $(PY) -m "benchmarks.$${name%.py}"
	done

models: venv ## Fetch and verify the models that CONFIG names
	@$(VISAVIS) models install --config "$(CONFIG)"

all-models: venv
	@$(VISAVIS) models install --all

venv:
	@stamp="$$(cat $(PINNED) | cksum) $$(pwd)"
	[ "$$(cat .venv/installed 2>/dev/null || true)" != "$$stamp" ] || exit 0
	if ! $(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
	  echo "visavis needs Python 3.11, 3.12 or 3.13, and '$(PYTHON)' is $$($(PYTHON) --version 2>&1 || true)." >&2
	  for other in python3.13 python3.12 python3.11; do
	    if $$other --version >/dev/null 2>&1; then echo "Found $$other: make PYTHON=$$other ..." >&2; break; fi
	  done
	  exit 1
	fi
	if ! $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null; then
	  version="$$($(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])')"
	  echo "$(PYTHON) can't make virtual environments; on Debian or Ubuntu: apt-get install python$$version-venv" >&2
	  exit 1
	fi
	[ -x $(PY) ] && $(PY) -c 'import pip' 2>/dev/null || $(PYTHON) -m venv --clear .venv
	echo "Installing into .venv (some gigabytes the first time, several minutes)"
	quiet=--quiet; [ ! -t 1 ] || quiet=
	$(PY) -m pip install $$quiet --disable-pip-version-check --prefer-binary -c constraints.txt -e '.[dev]'
	echo "$$stamp" > .venv/installed

lock: venv ## Renew constraints.txt from pyproject.toml, keeping what still fits
	@$(PY) -m pip install --quiet 'uv>=0.9,<1'
	$(PY) -m uv pip compile pyproject.toml --universal --python-version 3.11 --extra dev --no-annotate \
	  --no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' --quiet -o constraints.txt
	echo "constraints.txt: $$(grep -c == constraints.txt) packages"

wheel: venv ## Build dist/visavis-*.whl
	@$(PY) -m build --wheel --no-isolation

clean: ## Remove .venv, build results and caches (not the models in the user's cache)
	@rm -rf .venv build dist out web/dist web/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
