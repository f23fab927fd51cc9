# Guicheng: `make` alone lists what can be made.
# Set-up is part of every target: it runs once, and again when a list of packages changed.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
HOST   ?= 127.0.0.1
PORT   ?= 8000
TESTS  ?= tests

SERVER_READY := $(VENV)/.ready-server
DEV_READY    := $(VENV)/.ready-dev
TESTS_READY  := $(VENV)/.ready-tests
ASSETS_READY := server/web/static/vendor/.ready

.DEFAULT_GOAL := help
.PHONY: help run test check fix bench outlines screenshots bundle clean lock

help: ## This list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(SERVER_READY) $(ASSETS_READY) ## Set up, fill an empty office with demo people and cases, serve it
	GUICHENG_DEMO=$${GUICHENG_DEMO:-true} $(BIN)/guicheng serve --host $(HOST) --port $(PORT) --prepare

test: $(TESTS_READY) $(ASSETS_READY) ## All tests, on SQLite and PostgreSQL, in a browser (TESTS=path narrows)
	$(BIN)/pytest -n 2 --dist loadscope $(TESTS)

check: $(DEV_READY) $(ASSETS_READY) ## Format, lint, types, imports, content; runs no tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/guicheng check

fix: $(DEV_READY) ## Let the tools repair format and lint
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(DEV_READY) $(ASSETS_READY) ## Measure what a step and a request cost
	$(BIN)/python -m bench

outlines: $(SERVER_READY) ## Write each diagram as text beside it, for reviews
	$(BIN)/guicheng outline

screenshots: $(TESTS_READY) $(ASSETS_READY) ## Take the pictures of docs/screens anew
	$(BIN)/python -m scripts.screenshots

bundle: $(SERVER_READY) ## Pack each jurisdiction into a file that another installation can load
	$(BIN)/guicheng bundle

clean: ## Remove what make made, but never data/
	rm -rf $(VENV) build dist artifacts frontend/node_modules server/web/static/vendor
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
