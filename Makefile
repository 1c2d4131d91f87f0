# What people and CI run. Everything else is in .venv/bin/beatkeeper.
ARGS ?=
FUZZ ?= 100
FAULTS ?= 20
ATTACKS ?= 500
INPUTS ?= 1000000
BIN := .venv/bin
# A worker a core, each with servers of its own; who is done takes tests from the others. ARGS="-n 0"
# is none, as a debugger needs it.
SIDE_BY_SIDE := -n auto --maxprocesses 8 --dist worksteal

.PHONY: attack demo test fuzz check faults bench memory accuracy capacity run migrate lock

demo: .venv/run ## a simulated shift through the real service; ARGS="--seed 7 --exit"
	$(BIN)/beatkeeper demo $(ARGS)

test: .venv/dev ## the whole suite, on real PostgreSQL with PostGIS and mosquitto
	scripts/services.sh
	$(BIN)/pytest --require-services $(SIDE_BY_SIDE) $(ARGS)

fuzz: .venv/dev ## INPUTS spoilt messages for each decoder, then the engine's property tests FUZZ times over, for hours
	PYTHONPATH=tests/fuzz $(BIN)/python -m campaign --inputs $(INPUTS)
	FUZZ=$(FUZZ) $(BIN)/pytest --timeout 0 -o faulthandler_timeout=0 tests/geofence $(ARGS)

attack: .venv/dev ## made-up requests to every route of the API, for as long as ATTACKS a route take
	ATTACKS=$(ATTACKS) $(BIN)/pytest --require-services --timeout 0 tests/attacks $(ARGS)

faults: .venv/dev ## all that can die does, FAULTS times on each database: nothing acknowledged is lost
	scripts/services.sh
	FAULTS=$(FAULTS) $(BIN)/pytest --require-services --log-cli-level=INFO tests/faults $(ARGS)

check: .venv/dev ## style, types, import contracts, and advisories about dependencies
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python scripts/audit.py

bench: .venv/dev ## speed beside its ceiling, to bench/results.json
	scripts/services.sh
	PYTHONPATH=tests/support $(BIN)/python bench/run.py $(ARGS)

memory: .venv/dev ## resident memory at half the top rate, to bench/memory.json; ARGS="--minutes 10"
	scripts/services.sh
	PYTHONPATH=tests/support $(BIN)/python bench/resident.py $(ARGS)

accuracy: .venv/dev ## dwell beside the truth, to docs/accuracy.md; ARGS="--data FOLDER" for real phones
	PYTHONPATH=bench $(BIN)/python -m accuracy $(ARGS)

capacity: .venv/dev ## what `beatkeeper capacity` promises beside simulated shifts; ARGS="--shifts 60"
	PYTHONPATH=tests/support $(BIN)/python bench/capacity.py $(ARGS)

run: .venv/run ## the service on a SQLite file
	$(BIN)/beatkeeper serve $(ARGS)

migrate: .venv/run ## the database to this version's schema
	$(BIN)/beatkeeper migrate $(ARGS)

lock: ## both requirement files anew from pyproject.toml (needs uv)
	scripts/lock.sh

# The stamps say that .venv holds what a lock file lists; the second holds all of the first.
.venv/run: requirements.txt pyproject.toml scripts/install.sh
	@scripts/install.sh requirements.txt
	@touch $@

.venv/dev: requirements-dev.txt pyproject.toml scripts/install.sh
	@scripts/install.sh requirements-dev.txt
	@touch $@
