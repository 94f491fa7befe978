# make run    fits Beijing on the first run, then serves it      make test   checks and tests everything
# make lint   the checks alone                                   make long   the long tests: crashes, fuzzing
# make load   how fast the service is, beside what it is made of   make loop   half a year of retraining in a simulated city
# make lock   brings the lock files up to date (uv)                make clean  removes what the others made
# Another Python than python3: make run PYTHON=python3.12

PYTHON ?= python3
BIN := .venv/bin
PACK := triage/packs/beijing
CHINA := triage/packs/china
BUNDLE := var/bundles/beijing
LOCK := uv pip compile pyproject.toml --universal --generate-hashes --quiet \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links

.PHONY: run test lint long load loop lock clean

run: .venv/installed $(BUNDLE)/manifest.json
	@echo
	@echo 'Paidan answers on http://127.0.0.1:8345 until Ctrl-C: the agents'"'"' page, which asks for a key, and the API.'
	@echo 'The first start makes a key that may do everything, for this machine alone: it is in var/local.key. From another terminal:'
	@echo
	@echo "  curl -s http://127.0.0.1:8345/v1/appeals -H \"Authorization: Bearer \$$(cat var/local.key)\" \\"
	@echo "      -H 'Content-Type: application/json' -d '{\"text\": \"望京西园四区门口的路灯坏了半个月，晚上一片黑\"}'"
	@echo '  $(BIN)/paidan route --text "望京西园四区门口的路灯坏了半个月，晚上一片黑"'
	@echo
	@exec $(BIN)/paidan serve

test: lint
	$(BIN)/pytest -n 2 --dist loadfile -m 'not long'

lint: .venv/tools
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

long: .venv/tools
	$(BIN)/pytest -m long

load: .venv/tools $(BUNDLE)/manifest.json
	$(BIN)/python -m tests.load

loop: .venv/tools
	$(BIN)/python -m tests.loop

lock:
	$(LOCK) --group build --output-file requirements.lock
	$(LOCK) --group build --group dev --constraints requirements.lock --output-file requirements-dev.lock

clean:
	rm -rf .venv var/bundles .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

$(BUNDLE)/manifest.json: $(wildcard $(PACK)/* $(PACK)/appeals/* $(CHINA)/* $(CHINA)/*/*) | .venv/installed
	@echo 'Fitting Beijing, which takes about a minute ...'
	$(BIN)/paidan-train fit --pack $(PACK) --out $(BUNDLE)

# Installed once, and again when what to install has changed; an empty file tells when.
.venv/installed: requirements.lock
.venv/tools: requirements-dev.lock
.venv/installed .venv/tools: pyproject.toml | .venv/created
	@echo 'Installing $(filter %.lock,$^) into .venv ...'
	$(BIN)/pip install --quiet --use-pep517 --require-hashes --requirement $(filter %.lock,$^)
	$(BIN)/pip install --quiet --no-build-isolation --no-deps --editable .
	@touch $@

.venv/created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo 'Paidan needs Python 3.11 or newer; name one: make $(MAKECMDGOALS) PYTHON=python3.12'; exit 1; }
	$(PYTHON) -m venv .venv
	@touch $@
