# `make demo` runs the main job, `make test` passes the tests; both need nothing but Python 3.11+ to be there.
# As root on Debian `make test` installs the programs that some tests are held against (.ci/programs).
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
WORKERS ?= auto

.PHONY: demo test kill long-polling check bench format lock wheel clean

demo: $(VENV)/.run  ## a fake Audit API, a fake Slack, a month of history, live alerts
	@$(BIN)/trailbell demo

test: $(VENV)/.test  ## every test, in parallel
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -q

kill: $(VENV)/.test  ## long forms: 1,000 kills, a kill at every write, sync and send, 100,000 messages waiting
	TRAILBELL_LONG=1 $(BIN)/python -m pytest -q tests/service/crash tests/service/standby

long-polling: $(VENV)/.test  ## 10,000 generated schedules of a hostile Audit API, 1,000,000 events
	TRAILBELL_LONG=1 $(BIN)/python -m pytest -n $(WORKERS) -q tests/service/sources/test_hostile_polling.py

check: $(VENV)/.dev  ## format, lint, types, layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

bench: $(VENV)/.dev  ## tables of ratios; see benchmarks/README.md
	$(BIN)/python benchmarks/match.py
	$(BIN)/python benchmarks/scale.py
	$(BIN)/python benchmarks/pipeline.py
	$(BIN)/python benchmarks/peers.py
	$(BIN)/python benchmarks/state.py
	$(BIN)/python benchmarks/ingest.py
	$(BIN)/python benchmarks/dry_run.py
	$(BIN)/python benchmarks/startup.py
	$(BIN)/python benchmarks/audit_api.py
	$(BIN)/python benchmarks/deliver.py

format: $(VENV)/.dev  ## put the code into its one form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

wheel: $(VENV)/.dev  ## dist/: the wheel and the source archive
	$(BIN)/python -m build

lock: $(VENV)/.dev  ## renew requirements.lock within the bounds of pyproject.toml
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --extra dev --upgrade --no-emit-index-url \
	  --no-emit-find-links --no-header --no-annotate pyproject.toml -o requirements.lock

clean:  ## forget the environment and everything built
	rm -rf $(VENV) dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis

# One environment in three depths; each is redone when the lock or the metadata changes.
$(VENV)/.run: pyproject.toml requirements.lock
	@PYTHON=$(PYTHON) ./.ci/venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements.lock -e .
	@touch $@

$(VENV)/.test: $(VENV)/.run
	@./.ci/programs
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements.lock -e '.[test]'
	@touch $@

$(VENV)/.dev: $(VENV)/.test
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements.lock -e '.[dev]'
	@touch $@
