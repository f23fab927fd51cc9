# Guicheng: `make` alone lists what can be made.
# Set-up belongs to every target: it runs once, and again when a list of packages has changed.

PYTHON  ?= python3
HOST    ?= 127.0.0.1
PORT    ?= 8000
TESTS   ?= tests
# As many as there are cores; on a quiet machine one more saves the quarter of the time in which tests wait.
WORKERS ?= $(shell $(PYTHON) -c "import os; print(min(max(os.cpu_count() or 1, 2), 6))")

BIN    := .venv/bin
RUN    := .venv/.ready-run
DEV    := .venv/.ready-dev
ASSETS := server/web/static/vendor/.ready
STUDIO := $(wildcard frontend/studio/*.js* frontend/studio/words/*.json)
ORIGIN := requirements/run.txt requirements/dev.txt pyproject.toml scripts/setup.py

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run test check fix bench outlines screenshots bundle clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

run: $(RUN) $(ASSETS) ## set up, fill an empty office with demo people and cases, serve it
	GUICHENG_DEMO=$${GUICHENG_DEMO:-true} $(BIN)/guicheng serve --host $(HOST) --port $(PORT) --prepare

test: $(DEV) $(ASSETS) ## all tests, on SQLite and PostgreSQL and in a browser (TESTS=path narrows)
	$(BIN)/python -m tests.provision
	$(BIN)/pytest -n $(WORKERS) --dist loadscope --no-loadscope-reorder $(TESTS)

check: $(DEV) ## format, lint, types, import directions, content; runs no tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/guicheng check

fix: $(DEV) ## let the tools repair format and lint
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(DEV) $(ASSETS) ## measure what a step, a request and a list cost
	$(BIN)/python -m bench

outlines: $(RUN) ## write each diagram as text beside it, for reviews
	$(BIN)/guicheng outline

screenshots: $(DEV) $(ASSETS) ## take the pictures of docs/screens anew
	$(BIN)/python -m tests.provision
	$(BIN)/python -m scripts.screenshots

bundle: $(RUN) ## pack each jurisdiction into a file that another installation can load
	$(BIN)/guicheng bundle

clean: ## remove what make made, never data/
	rm -rf .venv build dist artifacts frontend/node_modules server/web/static/vendor
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(RUN): $(ORIGIN)
	$(PYTHON) scripts/setup.py run

$(DEV): $(ORIGIN)
	$(PYTHON) scripts/setup.py dev
	@touch $(RUN)

$(ASSETS): frontend/package-lock.json frontend/build.mjs $(STUDIO) scripts/assets.py | $(RUN)
	$(BIN)/python -m scripts.assets
