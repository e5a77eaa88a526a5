# install demo test lint docs: the same for people and CI. Needs Python 3.11 or newer; all else is fetched.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.PHONY: install demo test test-frontend soak lint docs frontend clean

PYTHON ?= $(shell command -v python3.11 || command -v python3)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
VENV := $(CURDIR)/.venv
BIN := $(VENV)/bin
FRONTEND := livedash/frontend
# the venv's Node.js comes from PyPI: no Node.js of the system's is asked for
NPM := cd $(FRONTEND) && PATH="$(BIN):$$PATH" npm
# what an editable install copies rather than links: a change to it has to be installed again
COPIED := pyproject.toml livedash/version.py $(shell find jupyter_extension/labextension jupyter_extension/jupyter_server_config.d -type f 2>/dev/null)

install: $(VENV)/dev.stamp $(FRONTEND)/node_modules/.package-lock.json

demo: $(VENV)/demo.stamp
	$(BIN)/livedash demo --notebook

# two at a time, since most of the end-to-end tests wait; each file by one process, since browsers and servers are a file's own
test: install test-frontend
	bash .ci/system-packages browser libatomic nginx curl openssl
	$(BIN)/python -m pytest --numprocesses=2 --dist=loadfile $(ARGS)

# what takes minutes: true time limits, long outages
soak: install
	bash .ci/system-packages browser libatomic nginx curl openssl
	seed=$${SEED:-$$RANDOM}; echo "seed $$seed: run it again by 'make soak SEED=$$seed'"; \
	LIVEDASH_LONG_TESTS=1 $(BIN)/python -m pytest --timeout=7200 --hypothesis-seed=$$seed \
		tests/core/test_delivery_machine.py tests/transports/test_delivery_machine.py \
		tests/brokers/test_hubs_machine.py tests/brokers/test_delivery_machine.py tests/store/test_crash_machine.py $(ARGS)
	$(BIN)/python -m pytest -m soak --timeout=600 $(ARGS)

test-frontend: install
	$(NPM) test --silent

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(NPM) run --silent lint
	built=$$(mktemp -d); trap 'rm -rf "$$built"' EXIT; \
	($(NPM) run --silent build -- --outdir="$$built" >/dev/null); \
	diff -rq "$$built" $(FRONTEND)/dist || { echo "$(FRONTEND)/dist is not what its sources build: run 'make frontend' and commit it" >&2; exit 1; }

docs: $(VENV)/dev.stamp
	$(BIN)/sphinx-build -W --keep-going -q -b html docs docs/_build/html
	@echo "docs/_build/html/index.html"

# the built files are committed, so that whoever installs livedash needs no Node.js
frontend: install
	$(NPM) run --silent build

clean:
	rm -rf $(VENV) $(FRONTEND)/node_modules docs/_build .mypy_cache .pytest_cache .ruff_cache

$(BIN)/python:
	PYTHON="$(PYTHON)" bash .ci/system-packages venv
	"$(PYTHON)" -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "livedash needs Python 3.11 or newer; name one: make PYTHON=/path/to/python3.11")'
	"$(PYTHON)" -m venv $(VENV)

$(VENV)/%.stamp: $(COPIED) | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable ".[$*]"
	touch $@

$(FRONTEND)/node_modules/.package-lock.json: $(FRONTEND)/package-lock.json $(VENV)/dev.stamp
	$(NPM) ci --no-audit --no-fund --silent
	touch $@
