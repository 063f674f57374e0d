# Each target does its own set-up; the second run is fast.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DEMO := demo
STORE ?= $(DEMO)/store.sqlite
RECIPE := recipes/cad_icassp_2024
SYSTEMS := [passthrough,ideal,no_amplification,oracle_mask,hpss]

.PHONY: demo leaderboard test lint format bench clean

demo: $(STAMP)
	$(BIN)/haaqinet mini cad_icassp_2024 --root $(DEMO)/data
	$(BIN)/python $(RECIPE)/enhance.py path.root=$(DEMO)/data path.exp_folder=$(DEMO)/exp 'system=$(SYSTEMS)'
	$(BIN)/python $(RECIPE)/evaluate.py path.root=$(DEMO)/data path.exp_folder=$(DEMO)/exp 'system=$(SYSTEMS)' evaluator=all
	$(BIN)/haaqinet report $(DEMO)/exp/results.csv --out $(DEMO)/report.html
	$(BIN)/haaqinet import-results $(DEMO)/exp/results.csv --team demo --reference passthrough=passthrough --reference ideal=ideal --store $(STORE)
	$(BIN)/haaqinet load-published --store $(STORE)
	@echo
	@echo "Next: open $(DEMO)/report.html, or type"
	@echo "  make leaderboard"
	@echo "or run the recipe on the challenge's own data:"
	@echo "  $(BIN)/python $(RECIPE)/enhance.py path.root=/path/to/cadenza system=passthrough"
	@echo "  $(BIN)/python $(RECIPE)/evaluate.py path.root=/path/to/cadenza system=passthrough evaluator=haaqinet"
	@echo "Score one file:"
	@echo "  $(BIN)/haaqinet score $(DEMO)/exp/ideal/enhanced_signals/*.flac --listener $(DEMO)/data/metadata/listeners.train.json --id L9001"

leaderboard: $(STAMP)
	$(BIN)/haaqinet leaderboard --store $(STORE)

test: $(STAMP)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses 2

lint: $(STAMP)
	$(BIN)/ruff check
	$(BIN)/ruff format --check

format: $(STAMP)
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: $(STAMP)
	$(BIN)/python benchmarks/haaqi_speed.py
	$(BIN)/python benchmarks/haaqinet_speed.py
	$(BIN)/python benchmarks/validate.py
	$(BIN)/python benchmarks/store.py
	$(BIN)/python benchmarks/leaderboard.py
	$(BIN)/python benchmarks/scale.py

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; found: $$($(PYTHON) --version). Try: make PYTHON=python3.11 ..."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV) (a few minutes the first time) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

clean:
	rm -rf $(DEMO) exp .pytest_cache .ruff_cache
