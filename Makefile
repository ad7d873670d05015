# Everything that sets up, runs, tests and measures refinery. `make demo` and `make test` do all the
# set-up that they need; nothing has to be installed by hand but Python >= 3.11 and a Rust toolchain.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUST_SOURCES := Cargo.toml Cargo.lock $(shell find rust -name '*.rs' -o -name Cargo.toml -o -name '*.txt' -o -name '*.bin')

SHARE ?= 1

.PHONY: help demo worth test check fmt oracles parity bench profiles generate docs constraints clean

help: ## what there is
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(VENV)/.python: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "refinery needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>&1 || echo missing). Set PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "refinery needs Python's venv module; on Debian: apt-get install python3-venv"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt 'pip>=25.1' 'maturin>=1.10,<2'
	@touch $@

$(VENV)/.built: $(VENV)/.python $(RUST_SOURCES)
	@command -v cargo >/dev/null || \
	  { echo "refinery needs a Rust toolchain (cargo, 1.90 or newer), which was not found: see https://rustup.rs"; exit 1; }
	@cargo --version | awk '{ split($$2, v, "."); if (v[1] == 1 && v[2] < 90) { print "refinery needs cargo 1.90 or newer, found " $$2 "; run: rustup update"; exit 1 } }'
	PIP_CONSTRAINT=constraints.txt PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/maturin develop --release --locked --quiet
	@touch $@

$(VENV)/.tools: $(VENV)/.built
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --group test --group lint
	@touch $@

demo: $(VENV)/.built ## run the main job on real text of this machine and print what it made
	$(BIN)/python -m refinery.demo demo-run/raw --pipeline demo-run/pipeline.yaml
	$(BIN)/refinery run demo-run/pipeline.yaml --replace
	$(BIN)/refinery verify demo-run/refined

test: $(VENV)/.tools ## all tests of both languages
	cargo test --release --locked --quiet
	$(BIN)/python -m pytest -m "not parity and not bench"

check: $(VENV)/.tools ## formatting, lints, types, stubs
	cargo fmt --all --check
	cargo clippy --release --locked --all-targets --quiet -- -D warnings
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m mypy.stubtest refinery._core

fmt: $(VENV)/.tools ## format both languages
	cargo fmt --all
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix --select I .

docs: $(VENV)/.tools ## build the documentation site into docs/site/
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --group docs
	$(BIN)/zensical build -f docs/mkdocs.yml --strict

generate: $(VENV)/.tools ## regenerate what is derived: the JSON schema, a Polars method for every signal, pages of reference
	$(BIN)/python -m refinery.expr.generate
	$(BIN)/python -m refinery.reference
	for kind in pipeline train label; do $(BIN)/refinery schema $$kind > docs/$$kind.schema.json; done

oracles: $(VENV)/.python ## make the environments of the originals: .oracles/<name>/
	$(BIN)/python tests/parity/oracles.py

# An original that cannot be installed here does not keep the others from being compared.
parity: $(VENV)/.tools ## compare with the originals over ../shared/data or REFINERY_TEST_DATA; SHARE=0.01 for a part
	-$(BIN)/python tests/parity/oracles.py
	REFINERY_PARITY_SHARE=$(SHARE) $(BIN)/python -m pytest -n 0 -m parity

# DATA=folder with *.parquet (id, text), else the demo corpus; QUICK=1 for small inputs; ONLY=limits,growth.
bench: $(VENV)/.tools ## measure all that this machine can, and write a record
	$(BIN)/python benches/run.py --data $(DATA) $(if $(QUICK),--quick) $(if $(ONLY),--only $(ONLY))

# Needs text: DATA=folder with *.parquet (id, text). Originals: make oracles.
DATA ?= ../shared/data/raw
profiles: $(VENV)/.tools ## measure each profile beside its original and write a record
	$(BIN)/python benches/profiles/run.py --data $(DATA)

worth: $(VENV)/.tools ## measure what a token kept by builtin/textbook is worth (WORTH=folder with raw/, evals/)
	$(BIN)/python benches/yield_vs_loss/run.py --data $(WORTH)

WORTH ?= ../shared/data

constraints: $(VENV)/.tools ## write the exact versions that are installed now, those of every group
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --group interop --group docs
	$(BIN)/python -m pip freeze --all --exclude corpus-refinery | grep -E '^[A-Za-z0-9._-]+==' > constraints.txt

clean: ## remove what the other targets made
	rm -rf $(VENV) .oracles demo-run target python/refinery/_core.abi3.so
